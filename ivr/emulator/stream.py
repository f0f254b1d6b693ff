"""A unidirectional Media Stream: the caller's 20 ms frames over one WebSocket (docs: voice/media-streams)."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import websockets.asyncio.client
from websockets.exceptions import ConnectionClosed, WebSocketException

from ivr.emulator.call import Call
from ivr.emulator.callbacks import Callbacks
from ivr.emulator.clock import iso8601
from ivr.emulator.identifiers import STREAM, new_sid
from ivr.emulator.line import SILENCE
from ivr.emulator.signature import HEADER, sign, signed_url

HANDSHAKE_SECONDS = 10.0  # real time: two attempts to connect of 5 s
MAX_FRAMES_BEHIND = 1500  # 30 s of sound that the other end has not taken
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
Track = Literal["inbound", "outbound"]


def stream_url_problem(url: str) -> str:
    """Why Twilio would refuse this URL; "" if it would not. Plain ws is taken on loopback only."""
    parts = urlsplit(url)
    if parts.query:
        return f"{url!r} has a query string; send values with <Parameter>."
    if parts.scheme == "wss" or (parts.scheme == "ws" and parts.hostname in _LOOPBACK):
        return ""
    return f"{url!r} is not a wss URL."


@dataclass(eq=False)
class MediaStream:
    call: Call
    url: str
    name: str
    tracks: tuple[Track, ...]
    parameters: Mapping[str, str]
    status_callback: str
    status_callback_method: str
    callbacks: Callbacks
    auth_token: str
    sid: str = field(default_factory=lambda: new_sid(STREAM))
    status: Literal["in-progress", "stopped"] = "in-progress"

    def __post_init__(self) -> None:
        # Anyone may name a stream; without a name its sid is its name.
        self.name = self.name or self.sid
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_FRAMES_BEHIND)
        self._sequence = 0

    async def run(self) -> None:
        """Streams until stopped or until the other end goes away; a lost socket is not opened again."""
        error = ""
        try:
            headers = {HEADER: sign(signed_url(self.url), (), self.auth_token)}
            async with websockets.asyncio.client.connect(
                self.url,
                additional_headers=headers,
                open_timeout=HANDSHAKE_SECONDS,
                user_agent_header="Twilio.TmeWs/1.0",
                compression=None,
                proxy=None,
            ) as socket:
                self._report("stream-started")
                await self._talk(socket)
        except ConnectionClosed as closed:
            error = f"31921: the socket was closed while streaming ({closed})" if self.status == "in-progress" else ""
        except (OSError, TimeoutError, WebSocketException) as refused:
            error = f"31920: Stream - WebSocket - Handshake Error ({refused})"
        self.status = "stopped"
        if error:
            self.call.events.log(int(error[:5]), "error", error[7:], call_sid=self.call.sid, url=self.url)
        self._report("stream-error" if error else "stream-stopped", error)

    def stop(self) -> None:
        if self.status == "in-progress":
            self.status = "stopped"
            self._put(None)

    async def _talk(self, socket: websockets.asyncio.client.ClientConnection) -> None:
        await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "accountSid": self.call.account_sid,
            "streamSid": self.sid,
            "callSid": self.call.sid,
            "tracks": list(self.tracks),
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(self.parameters),
        }
        await socket.send(self._message("start", start))
        # What the other end sends on a unidirectional stream has no effect, but its closing must be noticed.
        reader = asyncio.create_task(_drain(socket))
        reader.add_done_callback(lambda _: self._put(None))
        stop_listening = self.call.line.listen(self._put)
        try:
            await self._send_frames(socket)
            if self.status == "stopped":
                await socket.send(
                    self._message("stop", {"accountSid": self.call.account_sid, "callSid": self.call.sid})
                )
            else:
                reader.result()
        finally:
            stop_listening()
            reader.cancel()

    async def _send_frames(self, socket: websockets.asyncio.client.ClientConnection) -> None:
        chunk = 0
        while (frame := await self._frames.get()) is not None:
            chunk += 1
            for track in self.tracks:
                # Prompts are text here, so the outbound track carries their duration as silence.
                sound = frame if track == "inbound" else SILENCE
                media = {
                    "track": track,
                    "chunk": str(chunk),
                    "timestamp": str((chunk - 1) * 20),
                    "payload": base64.b64encode(sound).decode(),
                }
                await socket.send(self._message("media", media))

    def _message(self, event: str, content: dict) -> str:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), event: content, "streamSid": self.sid}
        return json.dumps(message)

    def _put(self, frame: bytes | None) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)

    def _report(self, event: str, error: str = "") -> None:
        self.call.publish(event, stream_sid=self.sid, name=self.name)
        parameters = {
            "AccountSid": self.call.account_sid,
            "CallSid": self.call.sid,
            "StreamSid": self.sid,
            "StreamName": self.name,
            "StreamEvent": event,
            "Timestamp": iso8601(self.call.clock.now()),
        }
        if error:
            parameters["StreamError"] = error
        self.callbacks.post(self.status_callback, self.status_callback_method, parameters.items(), self.call.sid)


async def _drain(socket: websockets.asyncio.client.ClientConnection) -> None:
    """Read and forget until the socket is closed; ends with the library's ConnectionClosed."""
    while True:
        await socket.recv()
