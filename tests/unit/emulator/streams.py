"""A server for Media Streams that keeps what arrives."""

import base64
import json
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve


class StreamServer:
    """Keeps what arrives on each socket; closes it after ``close_after`` messages, refuses it with ``refuse``."""

    def __init__(self, close_after: int | None = None, refuse: bool = False):
        self.handshakes: list[tuple[str, dict[str, str]]] = []
        self.messages: list[dict] = []
        self._changed = threading.Condition()
        self._close_after = close_after
        check = (lambda connection, _: connection.respond(403, "")) if refuse else None
        self._server = serve(self._handle, "127.0.0.1", 0, process_request=check)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/media"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()

    def waits_for_stop(self, within_seconds: float = 10.0) -> list[dict]:
        with self._changed:
            assert self._changed.wait_for(lambda: any(m["event"] == "stop" for m in self.messages), within_seconds), (
                f"no stop after {len(self.messages)} messages"
            )
            return list(self.messages)

    def waits_for_frames(self, count: int, within_seconds: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(frames(self.messages)) >= count, within_seconds)

    def _handle(self, socket) -> None:
        headers = {name.lower(): value for name, value in socket.request.headers.raw_items()}
        self.handshakes.append((socket.request.path, headers))
        try:
            for number, message in enumerate(socket, 1):
                with self._changed:
                    self.messages.append(json.loads(message))
                    self._changed.notify_all()
                if number == self._close_after:
                    return
        except ConnectionClosed:
            pass


def frames(messages: list[dict]) -> list[bytes]:
    return [base64.b64decode(message["media"]["payload"]) for message in messages if message["event"] == "media"]
