"""The official client, pointed at the emulator."""

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from ivr.emulator.phone import Carrier

from .carriers import SID
from .scripted import TOKEN


class PointedAt(TwilioHttpClient):
    """The official HTTP client; only the host differs."""

    def __init__(self, base_url: str):
        super().__init__()
        self._base_url = base_url

    def request(self, method, url, *args, **kwargs):
        assert url.startswith("https://api.twilio.com")
        return super().request(method, url.replace("https://api.twilio.com", self._base_url), *args, **kwargs)


def client(carrier: Carrier, token: str = TOKEN, base_url: str = "") -> Client:
    return Client(SID, token, http_client=PointedAt(base_url or carrier.url))
