"""Browsers that join a call without a link: by the code the phone speaks, or because the call came from their page.

Neither proves anything about the caller, so such a page is *veiled*: it draws nothing above level 0.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network

import msgspec

from ivr import codes
from ivr.authentication.pages import PAGE_LIFETIME, Opened, UsedMeanwhile, add_device_link, token_hash
from ivr.calls import Services, published_flow, take_turn
from ivr.carriers.addresses import Addressing
from ivr.errors import UnknownCall
from ivr.flow.beginning import Beginning, begin
from ivr.flow.definition import Flow, in_language
from ivr.flow.inputs import LinkOpened
from ivr.store import attempts, bundles, joining, pages, sessions
from ivr.store.database import write

PAGE = "page"  # the subject under which codes typed at /v are counted
BEGUN_AT_MOST = 20  # by one address in BEGUN_WINDOW
BEGUN_WINDOW = timedelta(hours=1)
BEGUN_OF_ALL = 2000  # waiting at once: one mistyped code in 500 then meets somebody else's


class CodeRefused(StrEnum):
    UNKNOWN = "unknown"  # wrong, run out, used, or its call is over: one answer for all
    TOO_MANY = "too_many"  # wrong ones, from here or altogether


class BegunPage(msgspec.Struct, frozen=True):
    """What the page of a beginning shows. ``caller_end``: last digits of the number whose call keyed the code."""

    flow: Flow
    language: str  # in which something has been chosen; "" = nothing has
    chosen: tuple[str, ...]
    code: str
    caller_end: str | None = None


class Joining:
    """Implements ``web.doors.Joining``. ``line``: the number to dial; without one nothing can be begun on the page."""

    def __init__(self, services: Services, addressing: Addressing, line: str) -> None:
        self._services = services
        self._addressing = addressing
        self.line = line

    # -- a code spoken in the call ----------------------------------------------------------------------------------

    def open_code(self, code: str, address: str, now: datetime) -> Opened | CodeRefused:
        """Bind a browser to the call that speaks ``code``. The try is counted before the answer is known."""
        database, who = self._services.database, self._who(address)
        hashed = codes.page_code_hash(self._services.code_key, code)

        if codes.are_spent(
            database, PAGE, who, now
        ):  # so that whoever guesses on holds up no turn: writes are one by one
            return CodeRefused.TOO_MANY

        def look(transaction) -> str | CodeRefused:
            if codes.are_spent(transaction, PAGE, who, now):
                return CodeRefused.TOO_MANY
            call = joining.call_with(transaction, hashed, now)
            for subject in (PAGE, f"{PAGE}:{who}"):
                attempts.record(transaction, subject, call is not None, now)
            return call or CodeRefused.UNKNOWN

        call = write(database, look)
        if isinstance(call, CodeRefused):
            return call
        opened = self._bind(call, lambda transaction: joining.spend(transaction, call, hashed, now), now)
        return opened or CodeRefused.UNKNOWN

    # -- a call that comes from the page -----------------------------------------------------------------------------

    def flows(self) -> list[Flow]:
        """In which something can be begun on the page."""
        names = sorted(bundles.published_flows(self._services.database)) if self.line else []
        found = (published_flow(self._services, name) for name in names)
        return [flow for flow in found if flow is not None and flow.start_on_page]

    def beginning(self, name: str, keys: tuple[str, ...], language: str) -> tuple[Flow, Beginning] | None:
        """The flow in ``language``, its own where it does not speak that, and where ``keys`` lead in it."""
        flow = next((in_language(flow, language) for flow in self.flows() if flow.name == name), None)
        found = begin(flow, keys) if flow is not None else None
        return None if found is None else (flow, found)

    def begin(self, flow: Flow, beginning: Beginning, address: str, now: datetime) -> str | None:
        """The cookie of the page that shows the code. None: too many have been begun, from here or altogether."""
        key, made = self._services.code_key, f"begun:{self._who(address)}"

        def save(transaction) -> str | None:
            if (
                attempts.count_wrong(transaction, made, now - BEGUN_WINDOW) >= BEGUN_AT_MOST
                or joining.count_begun(transaction, now) >= BEGUN_OF_ALL
            ):
                return None
            for _ in range(codes.DRAWS):
                cookie = secrets.token_urlsafe(32)
                hashed = codes.begun_code_hash(key, codes.begun_code(key, cookie))
                if joining.begun_with_code(transaction, hashed, now) is None:
                    break
            begun = joining.Begun(
                secrets.token_hex(16), token_hash(cookie), hashed, flow.name, beginning.chosen, now + codes.LIFETIME
            )
            joining.begin(transaction, begun, before=now)
            attempts.record(transaction, made, False, now)
            return cookie

        return write(self._services.database, save)

    def begun(self, cookie: str, now: datetime) -> BegunPage | None:
        """None: unknown, run out, or its call is over."""
        begun = joining.begun_by(self._services.database, token_hash(cookie))
        flow = published_flow(self._services, begun.flow) if begun is not None and begun.expires_at > now else None
        if flow is None:
            return None
        session = sessions.load(self._services.database, begun.call) if begun.call else None
        if begun.call and (session is None or session.ended is not None):
            return None
        return BegunPage(
            flow=flow, language=begun.chosen[0].language if begun.chosen else "",
            chosen=tuple(one.label for one in begun.chosen),
            code=codes.begun_code(self._services.code_key, cookie),
            caller_end=session.caller[-2:] if session is not None else None,
        )  # fmt: skip

    def open_begun(self, cookie: str, now: datetime) -> Opened | None:
        """Bind the browser that began to the call that keyed its code, once."""
        begun = joining.begun_by(self._services.database, token_hash(cookie))
        if begun is None or begun.call is None or begun.expires_at <= now:
            return None
        return self._bind(begun.call, lambda transaction: joining.leave(transaction, begun.id), now)

    # -- another screen ----------------------------------------------------------------------------------------------

    def device_link(self, cookie: str, now: datetime) -> str | None:
        """A link that opens the page of this browser's call on one more screen. None: no call is open here."""
        return add_device_link(self._services, self._addressing, cookie, now)

    def _bind(self, call: str, once, now: datetime) -> Opened | None:
        """``once``: writes what makes it happen only once; False undoes the turn."""
        cookie = secrets.token_urlsafe(32)

        def bind(transaction) -> None:
            if not once(transaction):
                raise UsedMeanwhile
            pages.bind_browser(transaction, call, token_hash(cookie), now, now + PAGE_LIFETIME, veiled=True)

        opened = LinkOpened(id=f"joined:{token_hash(cookie).hex()[:16]}", request="")
        try:
            turn = take_turn(self._services, call, opened, also=bind)
        except (UsedMeanwhile, UnknownCall):
            return None
        return Opened(call=call, cookie=cookie) if turn.accepted else None

    def _who(self, address: str) -> str:
        """A keyed hash of an address; of IPv6 only the network, since a household has 2^64 addresses."""
        try:
            parsed = ip_address(address)
            network = str(ip_network(f"{address}/64", strict=False) if parsed.version == 6 else parsed)
        except ValueError:
            network = address
        return hmac.new(self._services.code_key, f"address {network}".encode(), hashlib.sha256).hexdigest()[:32]
