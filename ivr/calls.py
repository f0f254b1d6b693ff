"""The one data path: load → advance → save → Turn."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from ivr import codes
from ivr.carriers.base import Ringing
from ivr.challenges import draw_challenge
from ivr.errors import UnknownCall, UnknownFlow
from ivr.flow.definition import FactType, Flow, in_language, only_in
from ivr.flow.engine import advance
from ivr.flow.events import (
    BeginningSought,
    ChallengeRequested,
    IdentifyRequested,
    LookupRequested,
    PageCodeRequested,
    Requested,
)  # fmt: skip
from ivr.flow.facts import read_fact
from ivr.flow.inputs import CallStarted, ContactClaimed, Fact, FactsFound, Input
from ivr.flow.loader import parse_bundle
from ivr.flow.session import Page, Session, Turn
from ivr.flow.steps import IdentifyBy
from ivr.store import bundles, contacts, joining, paces, sessions
from ivr.store.database import Database, Reader

log = logging.getLogger(__name__)
Value = str | float | bool | None


class ContactFacts(Protocol):
    """Where the facts of a contact come from. Raises OSError or ValueError when it cannot tell."""

    def __call__(self, reader: Reader, contact: str, names: tuple[str, ...]) -> Mapping[str, Value]: ...


@dataclass(frozen=True, eq=False)
class Services:
    """What ``take_turn`` needs, wired once in ``app``."""

    database: Database
    clock: Callable[[], datetime]
    facts: ContactFacts
    changed: Callable[[Turn], None]  # told after each commit; must return at once
    speaks: Callable[[str], bool] = lambda language: True  # whether callers can hear a language
    code_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)  # of hashes of six-digit codes
    flows: dict[tuple[str, str], Flow] = field(default_factory=dict)  # (bundle, name): bundles never change


def take_turn(
    services: Services,
    call: str,
    input: Input,
    reply: Callable[[Turn], tuple[bytes, bytes]] | None = None,
    also: Callable[[object], None] | None = None,
) -> Turn:
    """Play one input on one call and save what came of it, in one commit.

    ``reply``: key and sealed text to remember with an accepted turn. ``also``: further rows to write in the same
    commit, given the open transaction, if the input is accepted. A stale answer or a repeated fact comes back with
    ``accepted=False``. Raises UnknownCall.
    """

    def decide(session: Session, reader: Reader) -> Turn:
        flow = pinned_flow(services, session)
        return advance(flow, session, input, lambda request: answer(services, reader, session, request))

    turn = sessions.change(
        services.database, call, decide, at=services.clock(), reply=reply, input_record=input, also=also
    )
    if turn.accepted:
        services.changed(turn)
    return turn


def start_call(services: Services, name: str, ringing: Ringing) -> Turn:
    """The first turn of a call, or the present one if the carrier asks again. Raises UnknownFlow."""
    call = sessions.call_of(services.database, ringing.carrier_call)
    if call is not None:
        return present(services, call)
    bundle = bundles.published(services.database, name)
    if bundle is None:
        raise UnknownFlow(f"no flow named '{name}' is published; 'ivr flow publish' makes one of the files live")
    session = Session(
        call=secrets.token_hex(16), bundle=bundle, flow=name, caller=ringing.caller, line=ringing.line,
        page=Page(digits=f"{secrets.randbelow(90) + 10}"), began_on=services.clock().date().isoformat(),
    )  # fmt: skip
    flow = pinned_flow(services, session)
    session = msgspec.structs.replace(session, language=_remembered(services, flow, ringing.caller))
    begun = bool(flow.start_on_page) and joining.any_waiting(services.database, name, services.clock())
    turn = advance(
        flow, session, CallStarted(id="start", begun_on_page=begun),
        lambda request: answer(services, services.database, session, request)
    )  # fmt: skip
    if not sessions.create_call(
        services.database, session, turn, carrier="twilio", carrier_call=ringing.carrier_call, at=services.clock()
    ):
        return present(services, sessions.call_of(services.database, ringing.carrier_call))
    services.changed(turn)
    return turn


def present(services: Services, call: str) -> Turn:
    """The turn as it stands, for drawing again. Raises UnknownCall."""
    session = sessions.load(services.database, call)
    if session is None:
        raise UnknownCall(f"no call {call}")
    events = sessions.events_of_turn(services.database, call, session.turn)
    return Turn(session=session, events=tuple(events), accepted=False)


def flow_of(services: Services, session: Session) -> Flow:
    """What this call is drawn from: its flow in its language. Raises UnknownFlow."""
    return in_language(pinned_flow(services, session), session.language)


def _remembered(services: Services, flow: Flow, caller: str) -> str:
    """The language last chosen by whoever is registered with the calling number. That is only a claim, and a language is
    no secret: nothing but the language follows from it."""
    contact = contacts.by_number(services.database, caller) if flow.translations else None
    return contact.language if contact is not None and contact.language in flow.translations else ""


def pinned_flow(services: Services, session: Session) -> Flow:
    """The flow this session is pinned to, whatever has been published since, in all its languages. Raises UnknownFlow."""
    return _flow(services, session.bundle, session.flow)


def published_flow(services: Services, name: str) -> Flow | None:
    """The flow that a new call would play; None: no flow of this name is published."""
    bundle = bundles.published(services.database, name)
    return None if bundle is None else _flow(services, bundle, name)


def _flow(services: Services, bundle: str, name: str) -> Flow:
    flow = services.flows.get((bundle, name))
    if flow is None:
        files = bundles.bundle_files(services.database, bundle)
        if files is None:
            raise UnknownFlow(f"bundle {bundle[:12]} of flow '{name}' is not in the database")
        for each, one in parse_bundle(files).flows.items():
            services.flows[(bundle, each)] = only_in(one, services.speaks)
        flow = services.flows[(bundle, name)]
    return flow


def answer(services: Services, reader: Reader, session: Session, request: Requested) -> Fact | None:
    """Settle on the spot what our own database or chance knows; None where somebody else must answer."""
    match request:
        case IdentifyRequested():
            by_number = request.by == IdentifyBy.CALLER_ID
            find = contacts.by_number if by_number else contacts.by_customer_number
            contact = find(reader, request.value)
            if contact is None:
                return ContactClaimed(id=request.request, contact=None)
            needs = paces.pace_of(reader, contact.id)
            return ContactClaimed(
                id=request.request, contact=contact.id, number=contact.number, has_pin=contact.pin_hash is not None,
                pace=needs.pace, relay=needs.relay,
                enrolled=contacts.voiceprint(reader, contact.id) is not None,
                opted_out=contact.opted_out_at is not None,
            )  # fmt: skip
        case LookupRequested():
            declared = flow_of(services, session).facts
            try:
                found = services.facts(reader, request.contact, request.facts)
                values = {name: _typed(declared[name].type, found.get(name)) for name in request.facts}
            except (OSError, ValueError) as error:
                log.warning("facts %s of contact %s: %s", ", ".join(request.facts), request.contact, error)
                values = None
            return FactsFound(id=request.request, values=values)
        case PageCodeRequested():
            return codes.draw_page_code(reader, services.code_key, services.clock(), request)
        case BeginningSought():
            return codes.find_beginning(reader, services.code_key, services.clock(), session, request)
        case ChallengeRequested():
            return draw_challenge(request)
        case _:
            return None


def facts_on_file(reader: Reader, contact: str, names: tuple[str, ...]) -> Mapping[str, Value]:
    """The first ContactFacts: the columns kept beside the contact in our own table."""
    found = contacts.get(reader, contact)
    if found is None:
        raise ValueError(f"contact {contact} has been deleted")
    return {name: found.facts.get(name) for name in names}


def _typed(type: FactType, value: Value) -> Value:
    """A backend's value as the type the flow declares. Raises ValueError: a missing or wrong one is not said."""
    typed = read_fact(type, value) if isinstance(value, str) else value
    right = isinstance(typed, bool) if type is FactType.BOOLEAN else isinstance(typed, str)
    if type is FactType.NUMBER:
        right = isinstance(typed, int | float) and not isinstance(typed, bool)
    if not right:
        raise ValueError(f"there is no {type.value} on file")
    return typed
