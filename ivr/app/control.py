"""The carrier's REST client, which takes a while to import: nobody who does not need it yet waits for it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cached_property

from ivr.carriers.base import Control
from ivr.settings import Settings


def twilio_control(settings: Settings) -> Control:
    from ivr.carriers.twilio.control import TwilioControl  # the SDK takes a while to import

    return TwilioControl(settings.account_sid, settings.auth_token, settings.number, settings.api_base)


class LateControl:
    """The carrier's REST client, made at its first use: a webhook must not wait for the SDK's import."""

    def __init__(self, make: Callable[[], Control]) -> None:
        self._make = make

    @cached_property
    def _control(self) -> Control:
        return self._make()

    def warm(self) -> None:
        """Import behind the first webhooks, not before them."""
        self._control  # noqa: B018

    def __getattr__(self, name: str) -> object:
        return getattr(self._control, name)


def settle(control: Control | LateControl) -> None:
    """What is left of starting, behind the first webhooks. Modules and flows live as long as the process: the garbage
    collector need not walk through them, which would hold a webhook up for a tenth of a second now and then."""
    if isinstance(control, LateControl):
        control.warm()
    gc.freeze()
