"""The common shape of REST requests, answers, pages and errors."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from ivr.emulator.call import API_VERSION
from ivr.emulator.carrier import Carrier
from ivr.emulator.clock import rfc2822

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 50
Item = TypeVar("Item")


class RestError(Exception):
    """Answered as Twilio's error JSON."""

    def __init__(self, status: int, code: int, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, Any]:
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


def not_found(what: str) -> RestError:
    return RestError(404, 20404, f"The requested resource {what} was not found")


@dataclass(frozen=True)
class RestRequest:
    """``path`` holds the pieces named in the route, ``form`` body or query with PascalCase names (last one wins)."""

    carrier: Carrier
    path: Mapping[str, str]
    form: Mapping[str, str]
    uri: str

    def get(self, name: str, default: str = "") -> str:
        return self.form.get(name, default)

    def has(self, name: str) -> bool:
        return name in self.form

    def flag(self, name: str, default: bool) -> bool:
        return {"true": True, "false": False}.get(self.get(name).lower(), default)

    def http_url(self, name: str) -> str:
        """An http(s) URL or ""; anything else is 21205."""
        url = self.get(name)
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise RestError(400, 21205, f"{name} is not a valid URL: {url}")
        return url

    def method(self, name: str) -> str:
        method = self.get(name, "POST").upper()
        if method not in ("GET", "POST"):
            raise RestError(400, 21209, f"{name} must be GET or POST: {method}")
        return method

    def number(self, name: str, default: int) -> int:
        text = self.get(name)
        if text and not (text.isascii() and text.isdigit()):
            raise RestError(400, 20001, f"{name} must be a whole number: {text}")
        return int(text) if text else default


def resource_uri(carrier: Carrier, *pieces: str) -> str:
    return "/".join((f"/{API_VERSION}/Accounts/{carrier.settings.account_sid}", *pieces)) + ".json"


def date(moment: datetime | None) -> str | None:
    return rfc2822(moment) if moment else None


def page(request: RestRequest, key: str, items: Iterable[Item], describe: Callable[[Item], dict]) -> dict[str, Any]:
    """One page of a list, newest first as given."""
    everything = list(items)
    size = max(1, min(request.number("PageSize", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE))
    number = request.number("Page", 0)
    start = number * size
    shown = everything[start : start + size]
    filters = {name: value for name, value in request.form.items() if name not in ("Page", "PageSize", "PageToken")}

    def uri(index: int) -> str:
        return f"{request.uri}?{urlencode({**filters, 'PageSize': size, 'Page': index})}"

    return {
        key: [describe(item) for item in shown],
        "page": number,
        "page_size": size,
        "start": start,
        "end": max(start, start + len(shown) - 1),
        "uri": uri(number),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(number - 1) if number else None,
        "next_page_uri": uri(number + 1) if start + size < len(everything) else None,
    }
