"""What one emulated carrier is told at its start."""

from dataclasses import dataclass, field
from typing import Literal

InterruptedGather = Literal["posts", "silent"]


class SettingsError(ValueError):
    """A setting that cannot be understood; the message says which one and what to write instead."""


@dataclass(frozen=True)
class NumberSettings:
    """A telephone number of the account and the URLs it points to."""

    phone_number: str
    voice_url: str
    status_callback: str = ""
    voice_fallback_url: str = ""


@dataclass(frozen=True)
class FaultRates:
    """Probabilities, 0-1, that something goes wrong with one request."""

    drop: float = 0.0
    delay: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    http429: float = 0.0
    http5xx: float = 0.0


@dataclass(frozen=True)
class Settings:
    account_sid: str = "AC" + "0" * 32
    auth_token: str = "emulator-token"
    numbers: tuple[NumberSettings, ...] = ()
    speed: float = 1.0
    seed: int = 0
    faults: FaultRates = field(default_factory=FaultRates)
    interrupted_gather: InterruptedGather = "silent"


def read_number(text: str) -> NumberSettings:
    """Reads ``+15550100=URL[,status=URL][,fallback=URL]``."""
    phone_number, equals, rest = text.partition("=")
    if not equals or not phone_number:
        raise SettingsError(
            f"--number {text!r}: write +15550100=http://127.0.0.1:8000/voice/bank[,status=URL,fallback=URL]"
        )
    voice_url, *options = rest.split(",")
    urls = {"status": "", "fallback": ""}
    for option in options:
        name, _, url = option.partition("=")
        if name not in urls or not url:
            raise SettingsError(f"--number {text!r}: {option!r} is not an option; write status=URL or fallback=URL")
        urls[name] = url
    return NumberSettings(phone_number, voice_url, urls["status"], urls["fallback"])


def read_faults(text: str) -> FaultRates:
    """Reads ``drop=0.02,http429=0.1``; names that are left out are 0."""
    rates: dict[str, float] = {}
    for pair in filter(None, text.split(",")):
        name, _, value = pair.partition("=")
        if name not in FaultRates.__dataclass_fields__:
            known = ", ".join(FaultRates.__dataclass_fields__)
            raise SettingsError(f"--faults: {name!r} is not a fault; choose from {known}")
        try:
            rates[name] = float(value)
        except ValueError:
            raise SettingsError(f"--faults: {pair!r} needs a number, for example {name}=0.02") from None
        if not 0.0 <= rates[name] <= 1.0:
            raise SettingsError(f"--faults: {pair!r} is not a probability; write a number from 0 to 1")
    return FaultRates(**rates)
