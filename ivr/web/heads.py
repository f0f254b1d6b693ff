"""How long the head of a request may take and be: uvicorn bounds neither, and a TLS proxy before it need not."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0  # from the first byte, or from the connection if none comes
LONGEST_HEAD = 64 * 1024  # bytes that may have come without the end of the head among them


class BoundedHeads(HttpToolsProtocol):
    """One connection. Who does not finish a head in time is disconnected; one that is too long is answered 431."""

    _head_bytes = 0
    _too_slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._too_slow is None and (self.cycle is None or self.cycle.response_complete):
            self._begin_head()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._too_slow is not None and self._head_bytes > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._head_bytes = 0
        self._too_slow = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None
