"""Delivers what was requested, owns the clock and the sweep.

The request is in the database before anything happens, so a lost wake-up or a crash costs time only. Redirect and watch
may be delivered twice; a message is claimed before it is sent and never repeated blindly.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta

from ivr.authentication.pages import add_link
from ivr.calls import Services, present, take_turn
from ivr.carriers.addresses import Addressing
from ivr.carriers.base import CarrierFault, Control
from ivr.errors import UnknownCall
from ivr.flow.events import MessageRequested, RedirectRequested, WatchRequested
from ivr.flow.inputs import CallerHungUp, Delivery, MessageSettled, TimedOut
from ivr.flow.session import is_costly
from ivr.flow.waits import TalkingToAgent
from ivr.store import attempts, requests, sessions, voiceprints
from ivr.store.requests import Request

log = logging.getLogger(__name__)
KINDS = ("redirect_requested", "watch_requested", "message_requested")
LEASE_SECONDS = 20  # longer than any REST call may take
SWEEP_SECONDS = 1.0
MESSAGES_AT_MOST = 12  # to one number in MESSAGES_WINDOW: whoever knows a customer number can have them sent
MESSAGES_WINDOW = timedelta(hours=1)
LONGEST_CALL = timedelta(hours=4)  # Twilio's own limit is 14,400 s
EXPIRE_EVERY = timedelta(hours=1)
LIMIT = 100


class Work:
    """One looking thread; each delivery runs on ``executor``. ``wake`` may be called from any thread."""

    def __init__(
        self, services: Services, control: Control, addressing: Addressing, executor: Executor,
        others: tuple[Callable[[], None], ...] = (),
    ) -> None:  # fmt: skip
        """``others``: further repeatable deliveries (voice, agents), called at every look."""
        self._services = services
        self._control = control
        self._addressing = addressing
        self._executor = executor
        self._others = others
        self._wake = threading.Event()
        self._stopping = False
        self._finding_out = False
        self._expired_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="work", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=5)

    def wake(self) -> None:
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(SWEEP_SECONDS)
            self._wake.clear()
            for look in (self.deliver, self.time_out, self.reconcile, self.sweep, self.expire, *self._others):
                try:
                    look()
                except Exception:
                    log.exception("work: %s failed; it is tried again at the next look", look)

    def deliver(self) -> None:
        """Claim and hand out what is open."""
        now = self._services.clock()
        for request in requests.open_requests(self._services.database, KINDS, now, LIMIT):
            if requests.claim(self._services.database, request.request, now, LEASE_SECONDS):
                self._executor.submit(self._one, request)

    def time_out(self) -> None:
        """The clock answers whatever nobody answered in time."""
        for request in requests.overdue(self._services.database, self._services.clock()):
            with self._alone(f"the end of {request.kind} {request.request}"):
                if request.kind == requests.NEVER_TWICE:
                    self._settle(request, Delivery.UNKNOWN if request.attempts else Delivery.FAILED)
                else:
                    self._take(request, TimedOut(id=request.request))

    def reconcile(self) -> None:
        """A message that was claimed and not settled before a crash: find out, never send it again.

        Asking the carrier may take long, and the clock must not stand still meanwhile: it happens on ``executor``.
        """
        if not self._finding_out and requests.in_doubt(self._services.database, self._services.clock()):
            self._finding_out = True
            self._executor.submit(self._find_out)

    def _find_out(self) -> None:
        try:
            for request in requests.in_doubt(self._services.database, self._services.clock()):
                with self._alone(f"message {request.request}"):
                    try:
                        found = request.external_id or self._find(request)
                    except CarrierFault as fault:
                        log.warning("message %s: cannot find out whether it was sent: %s", request.request, fault)
                        continue  # asked again until the request is overdue, then UNKNOWN
                    self._settle(request, Delivery.SENT if found else Delivery.UNKNOWN)
        finally:
            self._finding_out = False

    @staticmethod
    @contextlib.contextmanager
    def _alone(what: str) -> Iterator[None]:
        """What fails for one call (a session this release cannot read, say) must not stop the others."""
        try:
            yield
        except Exception:
            log.exception("work: %s failed; it is tried again at the next look", what)

    def sweep(self) -> None:
        """Calls whose end nobody reported."""
        before = self._services.clock() - LONGEST_CALL
        for call in sessions.open_calls(self._services.database, before, LIMIT):
            with self._alone(f"the sweep of call {call}"):
                take_turn(self._services, call, CallerHungUp(id="hangup", source="sweep"))

    def expire(self) -> None:
        """Voiceprints that nobody was recognised by for three years. The receipts stay in the database."""
        now = self._services.clock()
        if self._expired_at is not None and now - self._expired_at < EXPIRE_EVERY:
            return
        while receipts := voiceprints.expire(self._services.database, now):
            for receipt in receipts:
                log.info(
                    "voiceprint of contact %s expired and was deleted (%s)", receipt.contact, receipt.sealed_sha256
                )
        self._expired_at = now

    def _one(self, request: Request) -> None:
        try:
            match request.body:
                case RedirectRequested():
                    self._redirect(request)
                case WatchRequested():
                    self._watch(request)
                case MessageRequested():
                    self._send(request)
        except Exception:
            log.exception("%s %s failed", request.kind, request.request)

    def _redirect(self, request: Request) -> None:
        """Move the live call to the turn that asked for it. A later turn has its own request, or the call made it."""
        session = present(self._services, request.call).session
        joins = isinstance(session.waiting_for, TalkingToAgent)
        # The one that joins caller and agent is never repeated: it would take a caller who has joined out of the room
        # and end the conversation. Where it is lost, the caller leaves the waiting room by its next document.
        if session.turn != request.body.turn or session.ended == "caller_hung_up" or (joins and request.attempts):
            requests.drop(self._services.database, request.request)
            return
        carrier_call = sessions.carrier_call_of(self._services.database, request.call)
        fault = self._ask(request, lambda: self._control.redirect(carrier_call, self._addressing.of(session).draw))
        self._notice_end(request, carrier_call, fault)

    def _watch(self, request: Request) -> None:
        session = present(self._services, request.call).session
        carrier_call = sessions.carrier_call_of(self._services.database, request.call)
        status, fallback = (self._addressing.flow_url(session.flow, part) for part in ("/status", "/fallback"))
        fault = self._ask(request, lambda: self._control.watch(carrier_call, status, fallback))
        self._notice_end(request, carrier_call, fault)

    def _ask(self, request: Request, act: Callable[[], None]) -> CarrierFault | None:
        """The turn stands whatever the carrier answers: the next document draws it."""
        refused = None
        try:
            act()
        except CarrierFault as fault:
            log.warning("%s of call %s: %s", request.kind, request.call, fault)
            if fault.retry and request.attempts < 3:
                requests.release(self._services.database, request.request)  # tried again at the next look
                return None
            refused = fault
        requests.drop(self._services.database, request.request)
        return refused

    def _notice_end(self, request: Request, carrier_call: str, fault: CarrierFault | None) -> None:
        """Who hangs up while the first webhook is under way has ended a call that we did not know yet: nobody will
        report that end again, and the call would wait for an agent until the sweep."""
        if fault is None or not fault.gone:
            return
        try:
            if self._control.has_ended(carrier_call):
                take_turn(self._services, request.call, CallerHungUp(id="hangup", source="carrier"))
        except CarrierFault as unanswered:
            log.warning("whether call %s has ended cannot be found out: %s", request.call, unanswered)

    def _send(self, request: Request) -> None:
        to, now = self._to(request), self._services.clock()
        if is_costly(to) and not request.body.to_number_on_file:
            log.warning(
                "message %s: not sent, %s… is a code of no country and of nobody on file", request.request, to[:4]
            )
            self._settle(request, Delivery.FAILED)
            return
        subject = f"message:{to}"
        if attempts.count_wrong(self._services.database, subject, now - MESSAGES_WINDOW) >= MESSAGES_AT_MOST:
            log.warning("message %s: %s got %d messages in an hour already", request.request, to, MESSAGES_AT_MOST)
            self._settle(request, Delivery.FAILED)
            return
        try:
            token = self._addressing.link_token(request.request)
            add_link(self._services, token, request.call, request.body.to_number_on_file)
            sid = self._control.send_message(to, self._text(request), self._status_url(request))
        except CarrierFault as fault:
            log.warning("message %s: %s", request.request, fault)
            if fault.retry and not fault.unknown:  # 429: not processed
                requests.release(self._services.database, request.request)
            elif not fault.unknown:
                self._settle(request, Delivery.FAILED)
            return  # else it may have been sent: ``reconcile`` finds out
        requests.mark_sent(self._services.database, request.request, sid)
        attempts.record_attempt(self._services.database, subject, False, now)
        self._settle(request, Delivery.SENT)

    def _find(self, request: Request) -> str | None:
        return self._control.find_message(self._to(request), self._text(request))

    def _to(self, request: Request) -> str:
        return request.body.to or present(self._services, request.call).session.caller

    def _text(self, request: Request) -> str:
        return f"{request.body.text} {self._addressing.link(request.request)}"

    def _status_url(self, request: Request) -> str:
        return f"{self._addressing.public_url}/voice/messages/{request.request}"

    def _settle(self, request: Request, outcome: Delivery) -> None:
        self._take(request, MessageSettled(id=request.request, outcome=outcome))

    def _take(self, request: Request, fact: TimedOut | MessageSettled) -> None:
        try:
            turn = take_turn(self._services, request.call, fact)
        except UnknownCall:
            turn = None
        if turn is None or not turn.accepted:
            requests.drop(self._services.database, request.request)
