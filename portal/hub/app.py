"""The web application that on-premise services speak to: the routes of :mod:`agent.protocol`.

A call is let in by its token before its body is read; bodies are bounded in size and time. What blocks runs in
threads. Neither tokens nor codes nor bodies are ever logged, and answers to trouble repeat nothing that was sent.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from agent.protocol import (
    CHUNK,
    DIGEST_HEADER,
    OFFSET_HEADER,
    PREFIX,
    PROTOCOL,
    PROTOCOL_HEADER,
    Delivery,
    Enrolment,
    Refusal,
    Report,
    Trouble,
)
from foundation.disk import is_full
from foundation.errors import GrandlivreError, Wait
from portal.hub.intake import Intake
from portal.hub.refusals import Quotas, Refused
from portal.hub.service import Services
from registry.store import Agent
from resources.house import House

log = logging.getLogger("grandlivre.hub")

_SMALL, _MESSAGE, _REPORT = 16 << 10, 1 << 20, 32 << 20  # bytes of a body at most
_BODY_SECONDS = 120
_LONGEST_WAIT = 60.0
_LOOK = 1.0  # seconds between two looks for requests while a service waits
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_NUMBER = re.compile(r"[0-9]{1,15}")

Told = TypeVar("Told", Delivery, Enrolment, Refusal, Report)
Answer = Callable[["Hub", Request, Agent], Awaitable[Response]]


class Hub:
    """What the routes share."""

    def __init__(self, house: House, quotas: Quotas) -> None:
        self.services, self.intake = Services(house), Intake(house, quotas)


def hub_app(house: House, quotas: Quotas | None = None) -> Starlette:
    """The application over an installation; what a crash left of deliveries is cleared away first."""
    hub = Hub(house, quotas or Quotas())
    hub.intake.begin()
    routes = [Route(PREFIX + path, _route(hub, answer), methods=[method]) for path, method, answer in _ROUTES]
    return Starlette(routes=[Route(f"{PREFIX}/enrol", _enrol_route(hub), methods=["POST"]), *routes])


def _route(hub: Hub, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        async def work() -> Response:
            _require_protocol(request)
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise Refused(401, "the call has no token", "Enrol the service.")
            agent = await run_in_threadpool(hub.services.authenticate, token.strip())
            return await answer(hub, request, agent)

        return await _answered(work)

    return endpoint


def _enrol_route(hub: Hub) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        async def work() -> Response:
            if PROTOCOL_HEADER in request.headers:
                _require_protocol(request)
            told = await _told(request, Enrolment, _SMALL)
            return _json(await run_in_threadpool(hub.services.enrol, told))

        return await _answered(work)

    return endpoint


async def _answered(work: Callable[[], Awaitable[Response]]) -> Response:
    """The answer of ``work``, or the trouble that it met."""
    try:
        return await work()
    except Refused as refused:
        return _trouble(refused)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody hears it
    except TimeoutError:
        return _trouble(Refused(408, "the body did not come in time", "Send it again."))
    except GrandlivreError as error:
        log.warning("a call could not be answered: %s", error)
        return _trouble(Refused(503 if isinstance(error, Wait) else 500, "the hub has trouble of its own", _LATER))
    except Exception as error:
        if is_full(error):
            log.error("the disk of the hub is full")
            return _trouble(Refused(503, "the disk of the hub is full", _LATER, retry_after=300))
        log.exception("a call failed")
        return _trouble(Refused(500, "the hub has trouble of its own", _LATER))


_LATER = "Try again later; the log of the hub tells more."


async def _renew(hub: Hub, request: Request, agent: Agent) -> Response:
    return _json(await run_in_threadpool(hub.services.renew, agent))


async def _report(hub: Hub, request: Request, agent: Agent) -> Response:
    told = await _told(request, Report, _REPORT)
    reported = await run_in_threadpool(hub.services.report, agent, told)
    await run_in_threadpool(hub.intake.clear_stale)
    return _json(reported)


async def _requests(hub: Hub, request: Request, agent: Agent) -> Response:
    """At once when there is something to read; otherwise as soon as there is, or when the service waited enough."""
    try:
        wait = min(max(float(request.query_params.get("wait", "0")), 0.0), _LONGEST_WAIT)
    except ValueError:
        raise Refused(422, "the time to wait is not a number of seconds") from None
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while True:
        found = await run_in_threadpool(hub.services.requests, agent)
        left = until - loop.time()
        if found.requests or not left > 0 or await request.is_disconnected():
            return _json(found)
        await asyncio.sleep(min(_LOOK, left))


async def _refusal(hub: Hub, request: Request, agent: Agent) -> Response:
    told = await _told(request, Refusal, _SMALL)
    await run_in_threadpool(hub.services.refuse, agent, request.path_params["request_id"], told)
    return Response(status_code=204)


async def _announce(hub: Hub, request: Request, agent: Agent) -> Response:
    told = await _told(request, Delivery, _MESSAGE)
    return _json(await run_in_threadpool(hub.intake.announce, agent, told))


async def _standing(hub: Hub, request: Request, agent: Agent) -> Response:
    return _json(await run_in_threadpool(hub.intake.standing, agent, request.path_params["delivery_id"]))


async def _chunk(hub: Hub, request: Request, agent: Agent) -> Response:
    offset, digest = request.headers.get(OFFSET_HEADER, ""), request.headers.get(DIGEST_HEADER, "")
    if not _NUMBER.fullmatch(offset) or not _DIGEST.fullmatch(digest):
        raise Refused(422, f"a chunk has the headers {OFFSET_HEADER} and {DIGEST_HEADER}")
    data = await _body(request, CHUNK)
    place = request.path_params["delivery_id"], request.path_params["resource"]
    return _json(await run_in_threadpool(hub.intake.chunk, agent, *place, int(offset), digest, data))


async def _finish(hub: Hub, request: Request, agent: Agent) -> Response:
    return _json(await run_in_threadpool(hub.intake.finish, agent, request.path_params["delivery_id"]))


_ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("/token", "POST", _renew),
    ("/report", "POST", _report),
    ("/requests", "GET", _requests),
    ("/requests/{request_id}/refusal", "POST", _refusal),
    ("/deliveries", "POST", _announce),
    ("/deliveries/{delivery_id}", "GET", _standing),
    ("/deliveries/{delivery_id}/finish", "POST", _finish),
    ("/deliveries/{delivery_id}/{resource}", "PUT", _chunk),
)


def _require_protocol(request: Request) -> None:
    if request.headers.get(PROTOCOL_HEADER) != str(PROTOCOL):
        raise Refused(426, f"the hub speaks protocol {PROTOCOL}", "Install the version of the service of this hub.")


async def _told(request: Request, kind: type[Told], most: int) -> Told:
    body = await _body(request, most)
    try:
        return await run_in_threadpool(lambda: msgspec.json.decode(body, type=kind))  # a report may be large
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(422, f"the body is not a {kind.__name__} of protocol {PROTOCOL}") from None


async def _body(request: Request, most: int) -> bytes:
    """The body, of ``most`` bytes. Raises Refused for a larger one before it is there, TimeoutError for one that does
    not end."""
    too_large = Refused(413, f"a body here has at most {most} bytes")
    length = request.headers.get("Content-Length", "0")
    if not _NUMBER.fullmatch(length) or int(length) > most:
        raise too_large
    data = bytearray()
    async with asyncio.timeout(_BODY_SECONDS):
        async for part in request.stream():
            data += part
            if len(data) > most:
                raise too_large
    return bytes(data)


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def _trouble(refused: Refused) -> Response:
    told = msgspec.to_builtins(Trouble(cause=refused.cause, next_step=refused.next_step))
    if refused.standing is not None:
        told |= msgspec.to_builtins(refused.standing)
    later = refused.retry_after or (60 if refused.status in (429, 503) else None)
    return _json(told, refused.status, {"Retry-After": str(later)} if later else None)
