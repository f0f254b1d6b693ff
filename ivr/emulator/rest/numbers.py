"""Incoming phone numbers: which URLs a number points to."""

from typing import Any

from ivr.emulator.call import API_VERSION
from ivr.emulator.carrier import PhoneNumber
from ivr.emulator.rest.reply import RestRequest, date, not_found, page, resource_uri

_URLS = {"VoiceUrl": "voice_url", "StatusCallback": "status_callback", "VoiceFallbackUrl": "voice_fallback_url"}
_METHODS = {
    "VoiceMethod": "voice_method",
    "StatusCallbackMethod": "status_callback_method",
    "VoiceFallbackMethod": "voice_fallback_method",
}


def describe(request: RestRequest, number: PhoneNumber) -> dict[str, Any]:
    began = request.carrier.clock.now()
    return {
        "sid": number.sid,
        "account_sid": request.carrier.settings.account_sid,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name or number.phone_number,
        "voice_url": number.voice_url,
        "voice_method": number.voice_method,
        "voice_fallback_url": number.voice_fallback_url or None,
        "voice_fallback_method": number.voice_fallback_method,
        "status_callback": number.status_callback or None,
        "status_callback_method": number.status_callback_method,
        "voice_caller_id_lookup": False,
        "voice_application_sid": None,
        "sms_url": None,
        "sms_method": "POST",
        "sms_fallback_url": None,
        "sms_fallback_method": "POST",
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "address_requirements": "none",
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "api_version": API_VERSION,
        "date_created": date(began),
        "date_updated": date(began),
        "uri": resource_uri(request.carrier, "IncomingPhoneNumbers", number.sid),
    }


async def list_all(request: RestRequest) -> tuple[int, dict[str, Any]]:
    wanted = request.get("PhoneNumber")
    numbers = [number for number in request.carrier.numbers.values() if wanted in number.phone_number]
    return 200, page(request, "incoming_phone_numbers", numbers, lambda number: describe(request, number))


async def fetch(request: RestRequest) -> tuple[int, dict[str, Any]]:
    return 200, describe(request, _find(request))


async def update(request: RestRequest) -> tuple[int, dict[str, Any]]:
    """The new URLs hold for the next call; calls in progress keep theirs."""
    number = _find(request)
    changes = {field: request.http_url(name) for name, field in _URLS.items() if request.has(name)}
    changes |= {field: request.method(name) for name, field in _METHODS.items() if request.has(name)}
    if request.has("FriendlyName"):
        changes["friendly_name"] = request.get("FriendlyName")
    for field, value in changes.items():
        setattr(number, field, value)
    return 200, describe(request, number)


def _find(request: RestRequest) -> PhoneNumber:
    for number in request.carrier.numbers.values():
        if number.sid == request.path["sid"]:
            return number
    raise not_found(request.uri)
