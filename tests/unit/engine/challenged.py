"""A caller who is asked to say something, for the tests of challenges."""

from __future__ import annotations

from dataclasses import replace

from caller import ALICE, BOB, Caller, flow_of
from test_proving import DESK

from ivr.flow.definition import Flow
from ivr.flow.inputs import (
    StreamStarted,
)
from ivr.flow.waits import AwaitChallenge

ENROLLED = replace(ALICE, enrolled=True)
NOTICE = "  notice: {verify: We compare your voice., next: page}\n"
CHALLENGE = """\
  notice:
    verify: We compare your voice.
    challenge:
      say: OF
      prompt: "Please say {{ challenge.words }}."
      on_page: Please say what is on your screen.
      count: COUNT
      tries: 2
    next: page
"""


def challenged(of: str = "digits", factors: str = "voice, page, pin", yaml: str = DESK) -> Flow:
    assert NOTICE in yaml
    yaml = yaml.replace(NOTICE, _challenge(of))
    return flow_of(yaml.replace("[voice, page, pin]", f"[{factors}]"))


def challenged_yaml() -> str:
    return DESK.replace(NOTICE, _challenge("digits"))


def _challenge(of: str) -> str:
    return CHALLENGE.replace("OF", of).replace("COUNT", "6" if of == "digits" else "4")


def called(flow: Flow, **options) -> Caller:
    """An enrolled caller who is listened to, in the menu."""
    caller = Caller(flow, contacts=(ENROLLED, BOB), **options)
    caller.happens(StreamStarted(id="stream:1"))
    return caller


def asked(flow: Flow, **options) -> Caller:
    """... and is asked to say something."""
    caller = called(flow, **options)
    caller.presses("1")
    assert isinstance(caller.session.waiting_for, AwaitChallenge)
    return caller


def answer(caller: Caller) -> str:
    return " ".join(caller.session.waiting_for.words)


def more_may_be_asked(caller: Caller) -> bool:
    """As the voice process was told with the latest mark."""
    return caller.happened("ChallengeMarkRequested")[-1].another


def marks(caller: Caller) -> list[tuple[int, bool | None]]:
    return [(mark.attempt, mark.said) for mark in caller.happened("ChallengeMarkRequested")]
