"""The control door over WebSockets: a live phone on a call, a phone that can be rung, and all events."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ivr.emulator.call import Call
from ivr.emulator.carrier import Carrier
from ivr.emulator.control import DEFAULT_CONFIDENCE, ControlError, press
from ivr.emulator.line import FRAME_BYTES

_FOR_A_PHONE = frozenset(
    ["heard", "prompt", "prompt-ended", "interrupted", "state", "gather", "bridged", "conference", "text-message"]
)


def live_routes(carrier: Carrier) -> list[WebSocketRoute]:
    async def line(socket: WebSocket) -> None:
        """One call, for as long as it lasts."""
        await socket.accept()
        call = carrier.calls.get(socket.path_params["sid"])
        if call is None:
            await socket.close(4404, "there is no such call")
            return
        with carrier.events.listening() as events:
            await socket.send_json({"event": "state", "status": call.status})
            for entry in call.heard:
                await socket.send_json({"event": "heard", "index": entry.index, "verb": entry.verb, "text": entry.text})
            if call.prompt:
                await socket.send_json({"event": "prompt", **call.prompt})
            if call.expecting:
                await socket.send_json({"event": "gather", **call.expecting})
            await _both(_send_call_events(socket, events, lambda: call), _receive(socket, carrier, lambda: call))

    async def phone(socket: WebSocket) -> None:
        """A phone with an address: told when it rings, answers with {"event": "answer"}, then a line as above."""
        await socket.accept()
        address = socket.path_params["address"]

        def current() -> Call | None:
            mine = (call for call in reversed(carrier.calls.values()) if call.to == address and call.live)
            return next(mine, None)

        with carrier.events.listening() as events:
            await _both(_send_call_events(socket, events, current), _receive(socket, carrier, current))

    async def everything(socket: WebSocket) -> None:
        await socket.accept()
        with carrier.events.listening() as events:
            await _both(_send_all(socket, events), _until_closed(socket))

    return [
        WebSocketRoute("/emulator/calls/{sid}/line", line),
        WebSocketRoute("/emulator/phones/{address}/line", phone),
        WebSocketRoute("/emulator/events", everything),
    ]


async def _both(*work: Awaitable[None]) -> None:
    """Until one of them ends; a closed socket is an ordinary end."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.exception() and not isinstance(task.exception(), WebSocketDisconnect | RuntimeError):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send_all(socket: WebSocket, events: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_json(await events.get())


async def _until_closed(socket: WebSocket) -> None:
    while True:
        await socket.receive_text()


async def _send_call_events(
    socket: WebSocket, events: asyncio.Queue[dict[str, Any]], current: Callable[[], Call | None]
) -> None:
    """Sends what concerns the current call, and the voices of those it is connected to."""
    voices: dict[Call, Callable[[], None]] = {}
    sound: asyncio.Queue[bytes] = asyncio.Queue(250)

    def hear(frame: bytes) -> None:
        if not sound.full():
            sound.put_nowait(frame)

    async def send_sound() -> None:
        while True:
            payload = base64.b64encode(await sound.get()).decode()
            await socket.send_json({"event": "media", "payload": payload})

    sender = asyncio.ensure_future(send_sound())
    known: Call | None = None
    try:
        while True:
            event = await events.get()
            known = current() or known
            if known is None:
                continue
            for mate in set(voices) - known.mates:
                voices.pop(mate)()
            for mate in known.mates - set(voices):
                voices[mate] = mate.line.listen(hear)
            if event.get("call_sid") == known.sid and event["event"] in _FOR_A_PHONE:
                await socket.send_json({**event, "sid": known.sid})
    finally:
        sender.cancel()
        for stop in voices.values():
            stop()


async def _receive(socket: WebSocket, carrier: Carrier, current: Callable[[], Call | None]) -> None:
    while True:
        try:
            message = await socket.receive_json()
        except ValueError:
            await socket.send_json({"event": "error", "message": "not JSON"})
            continue
        call = current()
        if call is None or not call.live:
            await socket.send_json({"event": "error", "message": "there is no call on this line"})
            continue
        try:
            await _act(carrier, call, message)
        except (ControlError, binascii.Error, KeyError, TypeError) as error:
            await socket.send_json({"event": "error", "message": f"{type(error).__name__}: {error}"})


async def _act(carrier: Carrier, call: Call, message: dict[str, Any]) -> None:
    match message:
        case {"event": "key", "digit": str(digit)}:
            await press(call, carrier, digit)
        case {"event": "speech", "text": str(text)}:
            # The sound of these words has already come in as media.
            call.begin_speaking()
            call.finish_speaking(text, message.get("confidence", DEFAULT_CONFIDENCE))
        case {"event": "media", "payload": str(payload)}:
            call.line.play(base64.b64decode(payload, validate=True)[: 50 * FRAME_BYTES])
        case {"event": "answer"}:
            call.answer_requested.set()
        case {"event": "hangup"}:
            call.hang_up()
        case _:
            raise ControlError(400, "write key, speech, media, answer or hangup")
