"""A webhook server that answers from a script, so that a test can read like a conversation.

``server.answer("/start", "<Say>Hello</Say>")`` sets what a path answers: TwiML verbs, a whole ``Reply``, or a
function of the request. Each request is kept, in order, in ``server.requests``.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

TOKEN = "emulator-token"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    pairs: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    url: str

    @property
    def form(self) -> dict[str, str]:
        return dict(self.pairs) if self.method == "POST" else dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def signed(self) -> bool:
        """Checked with the official validator."""
        form = MultiDict(self.pairs) if self.method == "POST" else {}
        return RequestValidator(TOKEN).validate(self.url, form, self.headers.get("x-twilio-signature", ""))


@dataclass(frozen=True)
class Reply:
    body: bytes | str = b""
    status: int = 200
    content_type: str | None = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    wait_seconds: float = 0.0


Answer = str | Reply | Callable[[Request], "str | Reply"]


class ScriptedServer:
    def __init__(self):
        self.requests: list[Request] = []
        self._answers: dict[str, Answer | list[Answer]] = {}
        self._changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer._handle(self)

            def do_POST(self):
                outer._handle(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def clear(self) -> None:
        with self._changed:
            self.requests.clear()
            self._answers.clear()

    def answer(self, path: str, *answers: Answer) -> None:
        """Several answers are given one after the other; the last stays."""
        self._answers[path] = list(answers)

    def to(self, path: str) -> list[Request]:
        with self._changed:
            return [request for request in self.requests if request.path == path]

    def waits_for(self, path: str, count: int = 1, within_seconds: float = 10.0) -> list[Request]:
        """The requests to ``path``, as soon as there are ``count`` of them."""
        with self._changed:
            arrived = self._changed.wait_for(
                lambda: sum(r.path == path for r in self.requests) >= count, within_seconds
            )
        found = self.to(path)
        assert arrived, f"{len(found)} of {count} requests to {path}; got {[r.path for r in self.requests]}"
        return found

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0))).decode()
        parts = urlsplit(handler.path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        url = f"http://{handler.headers['host']}{handler.path}"
        pairs = tuple(parse_qsl(body, keep_blank_values=True))
        request = Request(handler.command, parts.path, parts.query, pairs, headers, url)
        with self._changed:
            self.requests.append(request)
            queue = self._answers.get(parts.path, ["<Hangup/>"])
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            self._changed.notify_all()
        reply = answer(request) if callable(answer) else answer
        if isinstance(reply, str):
            reply = Reply(f"<Response>{reply}</Response>")
        time.sleep(reply.wait_seconds)
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        try:
            handler.send_response(reply.status)
            if reply.content_type is not None:
                handler.send_header("Content-Type", reply.content_type)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the carrier did not wait for this answer
