"""Messages: send one, look at it."""

import re
from typing import Any

from ivr.emulator.call import API_VERSION
from ivr.emulator.message import Message
from ivr.emulator.rest.reply import RestError, RestRequest, date, not_found, page, resource_uri

MAX_BODY_CHARACTERS = 1600
_NUMBER = re.compile(r"\+[1-9]\d{1,14}")


def describe(request: RestRequest, message: Message) -> dict[str, Any]:
    uri = resource_uri(request.carrier, "Messages", message.sid)
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "messaging_service_sid": None,
        "from": message.from_,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "direction": "outbound-api",
        "num_segments": str(message.segments),
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "api_version": API_VERSION,
        "date_created": date(message.created_at),
        "date_updated": date(message.updated_at),
        "date_sent": date(message.sent_at),
        "uri": uri,
        "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
    }


async def create(request: RestRequest) -> tuple[int, dict[str, Any]]:
    to, from_, text = request.get("To"), request.get("From"), request.get("Body")
    if not to:
        raise RestError(400, 21604, "A 'To' phone number is required.")
    if not _NUMBER.fullmatch(to):
        raise RestError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not from_:
        raise RestError(400, 21603, "A 'From' phone number is required.")
    if from_ not in request.carrier.numbers:
        raise RestError(400, 21606, f"The 'From' phone number {from_} is not a number of this account.")
    if not text:
        raise RestError(400, 21602, "Message body is required.")
    if len(text) > MAX_BODY_CHARACTERS:
        raise RestError(400, 21617, f"The message body exceeds {MAX_BODY_CHARACTERS} characters.")
    carrier = request.carrier
    callback = request.http_url("StatusCallback")
    message = Message(carrier.clock, carrier.events, carrier.settings.account_sid, from_, to, text, callback)
    carrier.messages[message.sid] = message
    body = describe(request, message)
    carrier.callbacks.run(message.deliver(carrier.callbacks, list(carrier.calls.values())))
    return 201, body


async def fetch(request: RestRequest) -> tuple[int, dict[str, Any]]:
    message = request.carrier.messages.get(request.path["sid"])
    if message is None:
        raise not_found(request.uri)
    return 200, describe(request, message)


async def list_all(request: RestRequest) -> tuple[int, dict[str, Any]]:
    wanted = {"To": "to", "From": "from_"}
    messages = [
        message
        for message in reversed(request.carrier.messages.values())
        if all(getattr(message, field) == request.get(name) for name, field in wanted.items() if request.has(name))
    ]
    return 200, page(request, "messages", messages, lambda message: describe(request, message))
