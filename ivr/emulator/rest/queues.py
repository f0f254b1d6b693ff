"""Queues and their members: look, make, and take a caller out."""

from typing import Any

from ivr.emulator.call import TakeOver
from ivr.emulator.queue import DEFAULT_MAX_SIZE, Member, Queue
from ivr.emulator.rest.reply import RestError, RestRequest, date, not_found, page, resource_uri


def describe(request: RestRequest, queue: Queue) -> dict[str, Any]:
    uri = resource_uri(request.carrier, "Queues", queue.sid)
    return {
        "sid": queue.sid,
        "account_sid": queue.account_sid,
        "friendly_name": queue.name,
        "current_size": len(queue.members),
        "average_wait_time": queue.average_wait_seconds,
        "max_size": queue.max_size,
        "date_created": date(queue.created_at),
        "date_updated": date(queue.updated_at),
        "uri": uri,
        "subresource_uris": {"members": uri.replace(".json", "/Members.json")},
    }


def describe_member(request: RestRequest, queue: Queue, member: Member) -> dict[str, Any]:
    return {
        "call_sid": member.call.sid,
        "queue_sid": queue.sid,
        "date_enqueued": date(member.entered_at),
        "position": queue.members.index(member) + 1,
        "wait_time": queue.waited_seconds(member),
        "uri": resource_uri(request.carrier, "Queues", queue.sid, "Members", member.call.sid),
    }


async def list_all(request: RestRequest) -> tuple[int, dict[str, Any]]:
    return 200, page(request, "queues", request.carrier.queues.values(), lambda queue: describe(request, queue))


async def create(request: RestRequest) -> tuple[int, dict[str, Any]]:
    name = request.get("FriendlyName")
    if not name:
        raise RestError(400, 21602, "FriendlyName is required.")
    if request.carrier.find_queue(name):
        raise RestError(400, 22003, f"There is already a queue named {name}.")
    return 201, describe(request, request.carrier.queue_named(name, request.number("MaxSize", DEFAULT_MAX_SIZE)))


async def fetch(request: RestRequest) -> tuple[int, dict[str, Any]]:
    return 200, describe(request, _find(request, "sid"))


async def list_members(request: RestRequest) -> tuple[int, dict[str, Any]]:
    queue = _find(request, "queue_sid")
    return 200, page(request, "queue_members", queue.members, lambda one: describe_member(request, queue, one))


async def fetch_member(request: RestRequest) -> tuple[int, dict[str, Any]]:
    queue = _find(request, "queue_sid")
    return 200, describe_member(request, queue, _find_member(request, queue))


async def update_member(request: RestRequest) -> tuple[int, dict[str, Any]]:
    """Takes a caller (or ``Front``) out of the queue to another document."""
    queue = _find(request, "queue_sid")
    member = _find_member(request, queue)
    url = request.http_url("Url")
    if not url:
        raise RestError(400, 21205, "Url is required.")
    body = describe_member(request, queue, member)
    member.call.interrupt(TakeOver(url, request.method("Method")))
    return 200, body


def _find(request: RestRequest, name: str) -> Queue:
    queue = request.carrier.queues.get(request.path[name])
    if queue is None:
        raise not_found(request.uri)
    return queue


def _find_member(request: RestRequest, queue: Queue) -> Member:
    wanted = request.path["call_sid"]
    for member in queue.members:
        if wanted in ("Front", member.call.sid):
            return member
    raise not_found(request.uri)
