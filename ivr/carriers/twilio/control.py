"""Twilio's REST side through its official client, against Twilio itself or ``IVR_TWILIO_API_BASE``."""

from __future__ import annotations

from urllib.parse import urlsplit

from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ivr.carriers.base import CarrierFault

NOT_IN_PROGRESS = 21220
NOT_FOUND = 404
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
REQUEST_SECONDS = 10
RECENT = 50  # messages or calls listed when looking for one that may have been made


class _Elsewhere(TwilioHttpClient):
    """The official transport with another origin than api.twilio.com."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=REQUEST_SECONDS, pool_connections=True)
        self._base = base.rstrip("/")

    def request(self, method, url, *args, **kwargs):
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return super().request(method, self._base + path, *args, **kwargs)


class TwilioControl:
    """Implements ``carriers.base.Control``."""

    def __init__(self, account: str, token: str, number: str, api_base: str | None = None) -> None:
        http = _Elsewhere(api_base) if api_base else TwilioHttpClient(timeout=REQUEST_SECONDS)
        self._client = Client(account, token, http_client=http)
        self._client.calls, self._client.messages  # noqa: B018  (imports the parts of the SDK we use, now)
        self._number = number

    def redirect(self, carrier_call: str, url: str) -> None:
        self._ask(lambda: self._client.calls(carrier_call).update(url=url, method="POST"))

    def watch(self, carrier_call: str, status_url: str, fallback_url: str) -> None:
        self._ask(
            lambda: self._client.calls(carrier_call).update(
                status_callback=status_url, status_callback_method="POST", fallback_url=fallback_url,
                fallback_method="POST",
            )
        )  # fmt: skip

    def send_message(self, to: str, text: str, status_url: str) -> str:
        create = self._client.messages.create
        return self._ask(lambda: create(to=to, from_=self._number, body=text, status_callback=status_url)).sid

    def find_message(self, to: str, text: str) -> str | None:
        found = self._ask(lambda: self._client.messages.list(to=to, limit=RECENT))
        return next((message.sid for message in found if message.body == text), None)

    def dial(self, to: str, url: str, status_url: str) -> str:
        call = self._ask(
            lambda: self._client.calls.create(
                to=to, from_=self._number, url=url, method="POST", timeout=20, status_callback=status_url,
                status_callback_event=["completed"],
            )
        )  # fmt: skip
        return call.sid

    def hang_up(self, carrier_call: str) -> None:
        self._ask(lambda: self._client.calls(carrier_call).update(status="completed"))

    def has_ended(self, carrier_call: str) -> bool:
        return self._ask(lambda: self._client.calls(carrier_call).fetch()).status in OVER

    def set_number(self, number: str, voice_url: str, status_url: str, fallback_url: str) -> None:
        """Point one of the account's numbers at us. Raises CarrierFault if the account does not have it."""
        ours = self._ask(lambda: self._client.incoming_phone_numbers.list(phone_number=number, limit=1))
        if not ours:
            raise CarrierFault(f"this account has no number {number}; check IVR_TWILIO_NUMBER", gone=True)
        self._ask(
            lambda: self._client.incoming_phone_numbers(ours[0].sid).update(
                voice_url=voice_url, voice_method="POST", status_callback=status_url, voice_fallback_url=fallback_url
            )
        )

    def number_urls(self, number: str) -> dict[str, str] | None:
        """The URLs a number points to now; None if the account does not have it."""
        ours = self._ask(lambda: self._client.incoming_phone_numbers.list(phone_number=number, limit=1))
        if not ours:
            return None
        return {"voice": ours[0].voice_url, "status": ours[0].status_callback, "fallback": ours[0].voice_fallback_url}

    def _ask(self, act):
        try:
            return act()
        except TwilioRestException as error:
            # 5xx: the request may have been carried out before the answer was lost.
            raise CarrierFault(
                f"Twilio {error.status} {error.code}: {error.msg}",
                gone=error.code == NOT_IN_PROGRESS or error.status == NOT_FOUND,
                retry=error.status == 429,
                unknown=error.status >= 500,
            ) from error
        except TwilioException as error:  # a list whose page did not come, or came unreadable
            raise CarrierFault(f"Twilio: {error}", unknown=True) from error
        except NoConnection as error:
            # Refused, or not connected in time: nothing was asked. One that is lost later may have carried it.
            cause = getattr(error.args[0] if error.args else None, "reason", None)
            asked = not isinstance(cause, NewConnectionError | ConnectTimeoutError)
            raise CarrierFault(f"Twilio cannot be reached: {error}", retry=True, unknown=asked) from error
        except RequestException as error:
            raise CarrierFault(f"no complete answer from Twilio: {error}", unknown=True) from error
