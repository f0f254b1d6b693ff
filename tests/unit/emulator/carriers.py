"""The emulator as these tests start it."""

from ivr.emulator.phone import Carrier
from ivr.emulator.settings import NumberSettings

from .scripted import TOKEN, ScriptedServer

SID = "AC" + "5" * 32
NUMBER, PLAIN_NUMBER, CALLER = "+15550100", "+15550101", "+15550123"
SPEED = 20
LATE = 0.4 * SPEED  # carrier seconds that a busy machine may lose


def start_carrier(server: ScriptedServer, **options) -> Carrier:
    """``NUMBER`` has a status callback and a fallback URL; ``PLAIN_NUMBER`` has neither."""
    full = NumberSettings(NUMBER, f"{server.url}/start", f"{server.url}/status", f"{server.url}/fallback")
    numbers = {NUMBER: full, PLAIN_NUMBER: f"{server.url}/start"}
    return Carrier.start(numbers, **{"speed": SPEED, "account_sid": SID, "auth_token": TOKEN, **options})
