"""What a carrier must be able to do: read its requests, write its documents, control its live calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from ivr.errors import DuetError
from ivr.flow.definition import Flow
from ivr.flow.events import AnyEvent
from ivr.flow.session import Session


class Ringing(msgspec.Struct, frozen=True):
    """A request of the carrier about one of its calls, in our words."""

    carrier_call: str
    account: str
    caller: str
    line: str
    status: str
    digits: str | None = None
    speech: str | None = None
    confidence: float | None = None
    error: str | None = None  # the carrier's code, on the fallback URL


class Addresses(msgspec.Struct, frozen=True):
    """Where a document of one turn sends the carrier next; all absolute and signed."""

    draw: str
    answer: str
    secret: str  # answers that must not reach the engine
    wait: str
    chosen: str  # a key pressed while waiting for an agent
    left: str
    stream: str  # wss
    stream_ended: str  # told by the carrier, also when no process of ours is left to notice
    ticket: str  # single-use right to open the stream
    prompt: Callable[[str], str] | None = None  # where a prompt is found as sound, by its name in the turn
    played: frozenset[str] = frozenset()  # primary codes of the languages that we make into sound


class CarrierFault(DuetError):
    """The carrier refused or could not be asked. ``gone``: the call is not there to be moved. ``unknown``: it may
    have happened all the same."""

    def __init__(self, message: str, *, gone: bool = False, retry: bool = False, unknown: bool = False) -> None:
        super().__init__(message)
        self.gone = gone
        self.retry = retry
        self.unknown = unknown


class Reader(Protocol):
    def __call__(self, form: Mapping[str, str]) -> Ringing: ...


class Writer(Protocol):
    def __call__(
        self, flow: Flow, session: Session, events: Sequence[AnyEvent], to: Addresses, poll: int = 0
    ) -> str: ...


class Control(Protocol):
    """REST side. Every method raises CarrierFault."""

    def redirect(self, carrier_call: str, url: str) -> None: ...

    def watch(self, carrier_call: str, status_url: str, fallback_url: str) -> None: ...

    def send_message(self, to: str, text: str, status_url: str) -> str: ...

    def find_message(self, to: str, text: str) -> str | None: ...

    def dial(self, to: str, url: str, status_url: str) -> str: ...

    def hang_up(self, carrier_call: str) -> None: ...

    def has_ended(self, carrier_call: str) -> bool: ...
