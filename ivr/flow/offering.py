"""The choices of a step as they are offered in this call."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ivr.errors import FlowFault
from ivr.flow.definition import Flow
from ivr.flow.session import Session, number_to_call
from ivr.flow.steps import CallBack, Queue, Text
from ivr.flow.waits import Offered

log = logging.getLogger(__name__)


def offered_while_waiting(
    flow: Flow, session: Session, step: Queue, text: Callable[[Text], str]
) -> tuple[Offered, ...]:
    """Those of a queue: a call back only where there is a number, since asking for it costs the place in line.

    One whose label cannot be drawn is left out: a queue is where faults lead, so it never fails.
    """
    offered = []
    for choice in step.choices:
        if isinstance(flow.steps[choice.goto], CallBack) and not number_to_call(session):
            continue
        try:
            offered.append(Offered(key=choice.key, label=text(choice.label), words=choice.words))
        except FlowFault as fault:
            log.warning("choice %s of a queue cannot be offered: %s", choice.key, fault)
    return tuple(offered)
