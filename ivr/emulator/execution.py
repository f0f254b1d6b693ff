"""Runs TwiML documents on one leg: fetch, read, perform verb after verb, follow where they lead."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from ivr.emulator.call import Call
from ivr.emulator.twiml import Document, Finding, Verb, read_document
from ivr.emulator.webhook import Answer, Failure, Parameters, WebhookRequest

if TYPE_CHECKING:
    from ivr.emulator.carrier import Carrier

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
_TWIML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
# Verbs that can be performed before the call is answered; any other answers it.
_UNANSWERED = frozenset({"Pause", "Redirect", "Reject"})


@dataclass(frozen=True)
class Fetch:
    """A document at an absolute URL."""

    url: str
    method: str = "POST"
    extra: Parameters = ()


@dataclass(frozen=True)
class Inline:
    """A document given in full, by the ``Twiml`` parameter of a REST request."""

    twiml: str


Source = Fetch | Inline


@dataclass(frozen=True)
class Proceed:
    """On to the next verb."""


@dataclass(frozen=True)
class GoTo:
    source: Source


@dataclass(frozen=True)
class Ended:
    """The document ran out, or ended the call with this status."""

    hang_up: bool = False
    status: str = "completed"


@dataclass(frozen=True)
class LeaveQueue:
    pass


Outcome = Proceed | GoTo | Ended | LeaveQueue
PROCEED = Proceed()


class DocumentError(Exception):
    """A fatal error while a document is executed; it leads to the fallback URL."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Execution:
    """``allowed`` limits the verbs of wait and whisper documents; ``more_parameters`` are added to each request.

    ``main`` is the thread that controls the call: only it answers, and only it uses the fallback URL.
    """

    carrier: "Carrier"
    call: Call
    verbs: Mapping[str, Callable[["Execution", Verb], Awaitable[Outcome]]]
    allowed: frozenset[str] | None = None
    more_parameters: Callable[[], Parameters] = field(default=lambda: ())
    main: bool = True
    document: Source = field(default=Inline(""))

    def aside(self, allowed: frozenset[str], more_parameters: Callable[[], Parameters] = lambda: ()) -> "Execution":
        """Another thread of documents on the same leg, such as wait music."""
        return replace(self, allowed=allowed, more_parameters=more_parameters, main=False)

    async def run(self, source: Source) -> Outcome:
        """Runs documents until one ends; GoTo is followed, so it is never the result."""
        while True:
            self.document = source
            try:
                outcome = await self.perform((await self._load(source)).verbs)
            except DocumentError as error:
                url = source.url if isinstance(source, Fetch) else ""
                self.carrier.events.log(error.code, "error", error.message, call_sid=self.call.sid, url=url)
                fallback = self.call.fallback_url
                if not self.main:
                    raise
                if not fallback or urldefrag(url)[0] == urldefrag(fallback)[0]:
                    return await self._application_error()
                extra = (("ErrorCode", str(error.code)), ("ErrorUrl", url))
                outcome = GoTo(Fetch(fallback, self.call.fallback_method, extra))
            match outcome:
                case GoTo(next_source):
                    source = next_source
                case _:
                    return Ended() if outcome == PROCEED else outcome

    async def perform(self, verbs: tuple[Verb, ...]) -> Outcome:
        for verb in verbs:
            if self.allowed is not None and verb.name not in self.allowed:
                self.warn(12200, f"<{verb.name}> may not be used in this document; it is skipped.")
                continue
            if self.main and verb.name not in _UNANSWERED and not verb.flag("answerOnBridge", False):
                self.carrier.answer(self.call)
            outcome = await self.verbs[verb.name](self, verb)
            if outcome != PROCEED:
                return outcome
        return PROCEED

    def goto(self, url: str, method: str, extra: Parameters = ()) -> GoTo:
        """Leads to an action; without a URL to the present document again."""
        return GoTo(Fetch(self.resolve(url), method or "POST", extra))

    def resolve(self, url: str) -> str:
        match self.document:
            case Fetch(here):
                return urljoin(urldefrag(here)[0], url) if url else here
            case Inline():
                if not urlsplit(url).scheme:
                    raise DocumentError(15004, f"{url or 'no URL'!r}: a document given inline needs absolute URLs.")
                return url

    def resolve_optional(self, url: str) -> str:
        return self.resolve(url) if url else ""

    def warn(self, code: int, message: str) -> None:
        url = self.document.url if isinstance(self.document, Fetch) else ""
        self.carrier.events.log(code, "warning", message, call_sid=self.call.sid, url=url)

    def number(self, verb: Verb, attribute: str, default: int, code: int, least: int = 0) -> int:
        """A whole-number attribute; one that cannot be read is reported with ``code`` and gives the default."""
        text = verb.get(attribute).strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit()) or int(text) < least:
            self.warn(code, f"<{verb.name} {attribute}={text!r}> needs a whole number from {least}; {default} is used.")
            return default
        return int(text)

    async def request(self, source: Fetch) -> Answer | Failure:
        """Fetches with this call's parameters. A request that is under way outlives an interruption, as on the wire."""
        standard = self.call.standard_parameters() + self.more_parameters()
        request = WebhookRequest(source.url, source.method.upper(), standard, source.extra)
        self.call.publish("webhook", url=source.url, method=request.method, parameters=dict(standard + source.extra))
        work = self.carrier.client.fetch(request, self.call.cookies, self.carrier.faults.of_webhook())
        return await asyncio.shield(self.carrier.callbacks.run(work))

    async def _load(self, source: Source) -> Document:
        match source:
            case Inline(twiml):
                return self._read(twiml.encode())
            case Fetch():
                answer = await self.request(source)
        if isinstance(answer, Failure):
            raise DocumentError(answer.code, f"{answer.message} ({answer.url})")
        # Relative URLs resolve against where the document was found, and it is there that a loop asks again.
        if answer.url != urldefrag(source.url)[0]:
            self.document = Fetch(answer.url, answer.method)
        match answer.content_type.partition(";")[0].strip().lower():
            case "":
                raise DocumentError(12300, "The response has no Content-Type; send text/xml.")
            case "text/plain":
                document = read_document(answer.body)
                if isinstance(document, Document):
                    return document
                return Document((Verb("Say", text=answer.body.decode(errors="replace").strip()), Verb("Hangup")))
            case kind if kind.startswith("audio/"):
                return Document((Verb("Play", text=answer.url), Verb("Hangup")))
            case kind if kind in _TWIML_TYPES:
                return self._read(answer.body)
            case kind:
                raise DocumentError(12300, f"The response is {kind}; send text/xml.")

    def _read(self, body: bytes) -> Document:
        match read_document(body):
            case Finding(code, message):
                raise DocumentError(code, message)
            case document:
                for warning in document.warnings:
                    self.warn(warning.code, warning.message)
                return document

    async def _application_error(self) -> Ended:
        self.carrier.answer(self.call)
        await self.verbs["Say"](self, Verb("Say", text=APPLICATION_ERROR))
        return Ended(hang_up=True)
