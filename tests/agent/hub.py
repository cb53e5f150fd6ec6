"""A hub for tests, written from :mod:`agent.protocol`: a real socket, strict, with the faults that such things have."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from agent import protocol
from agent.protocol import (
    Delivery,
    Enrolled,
    Enrolment,
    Refusal,
    Report,
    Reported,
    Request,
    Requests,
    Standing,
    Trouble,
)
from tests.agent.faults import Fault


class Answer(Exception):
    """An answer that ends a call, whatever it was doing."""

    def __init__(
        self, status: int, body: protocol.Message | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def trouble(status: int, cause: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, Trouble(cause=cause, next_step="Do something about it."), named)


@dataclass
class Arriving:
    delivery: Delivery
    parts: dict[str, bytearray] = field(default_factory=dict)
    accepted: bool = False

    @property
    def standing(self) -> Standing:
        received = {name: len(content) for name, content in self.parts.items()}
        return Standing(delivery_id=self.delivery.delivery_id, received=received, accepted=self.accepted)


class TestHub:
    """What the hub knows, and the knobs that make it fail."""

    __test__ = False

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.wanted = threading.Condition(self.lock)
        self.codes = {"CODE-1"}
        self.tokens: list[str] = []  # the one in use, and the one that was told after it
        self.renew_token = False
        self.report_every = 3600.0
        self.requests: dict[str, Request] = {}
        self.arriving: dict[str, Arriving] = {}
        self.accepted: list[Arriving] = []
        self.refused: dict[str, Refusal] = {}
        self.reports: list[Report] = []
        self.enrolments: list[Enrolment] = []
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self.chaos: Callable[[str], Fault | None] = lambda asked: None
        self.proxied = 0
        self.quota: int | None = None
        self.clock_ahead = 0.0
        self.holds = True
        self.url = ""

    def want(self, request_id: str, external_id: str, **more: Any) -> Request:
        asked = {"source": "winbooks", "software": "winbooks"} | more
        request = Request(request_id=request_id, external_id=external_id, **asked)
        with self.wanted:
            self.requests[request_id] = request
            self.wanted.notify_all()
        return request

    def delivered(self, request_id: str) -> list[Arriving]:
        return [each for each in self.accepted if each.delivery.request_id == request_id]

    def fault(self, asked: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.where, asked):
                    fault.times -= 1
                    return fault
        return self.chaos(asked)

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(path)
        try:
            if not parts.path.startswith(f"{protocol.PREFIX}/"):
                raise trouble(404, "unknown path")
            route = [unquote(part) for part in parts.path.removeprefix(f"{protocol.PREFIX}/").split("/")]
            if (method, route) == ("POST", ["enrol"]):
                return Answer(200, self.enrol(_decoded(body, Enrolment)))
            if headers.get(protocol.PROTOCOL_HEADER.lower()) != str(protocol.PROTOCOL):
                raise trouble(426, "another protocol")
            self.authorize(headers.get("authorization", ""))
            query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
            return self.routed(method, route, query, headers, body)
        except Answer as answer:
            return answer

    def routed(
        self, method: str, route: list[str], query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Answer:
        match method, route:
            case "POST", ["token"]:
                with self.lock:
                    self.tokens = [self.tokens[0], f"token-{len(self.calls)}-{time.monotonic_ns()}"]
                    return Answer(200, Enrolled(agent_id="agent-1", token=self.tokens[1]))
            case "POST", ["report"]:
                with self.lock:
                    self.reports.append(_decoded(body, Report))
                    renew, self.renew_token = self.renew_token, False
                return Answer(200, Reported(next_in_seconds=self.report_every, renew_token=renew))
            case "GET", ["requests"]:
                if set(query) != {"wait"} or body:
                    raise trouble(422, "wait, and nothing else")
                return Answer(200, self.open_requests(int(query["wait"][0])))
            case "POST", ["requests", request_id, "refusal"]:
                with self.lock:
                    self.known(request_id)
                    self.refused[request_id] = _decoded(body, Refusal)
                    del self.requests[request_id]
                return Answer(204)
            case "POST", ["deliveries"]:
                with self.lock:
                    return Answer(200, self.offered(_decoded(body, Delivery)).standing)
            case "GET", ["deliveries", delivery_id]:
                return Answer(200, self.found(delivery_id).standing)
            case "POST", ["deliveries", delivery_id, "finish"]:
                with self.lock:
                    return Answer(200, self.finished(self.found(delivery_id)).standing)
            case "PUT", ["deliveries", delivery_id, resource]:
                with self.lock:
                    return Answer(200, self.put(self.found(delivery_id), resource, headers, body).standing)
            case _:
                raise trouble(404, "unknown path")

    def enrol(self, enrolment: Enrolment) -> Enrolled:
        with self.lock:
            if enrolment.code not in self.codes:
                raise trouble(403, "a used or old code")
            self.codes.remove(enrolment.code)
            self.enrolments.append(enrolment)
            self.tokens = [f"token-{time.monotonic_ns()}"]
            return Enrolled(agent_id="agent-1", token=self.tokens[0])

    def authorize(self, header: str) -> None:
        with self.lock:
            token = header.removeprefix("Bearer ")
            if not header.startswith("Bearer ") or token not in self.tokens:
                raise trouble(401, "unknown token")
            if token == self.tokens[-1]:
                self.tokens = [token]  # the one before stops working when the new one is used

    def open_requests(self, wait: float) -> Requests:
        with self.wanted:
            if wait and self.holds:
                self.wanted.wait_for(lambda: bool(self.requests), timeout=min(wait, 30))
            return Requests(requests=list(self.requests.values()))

    def known(self, request_id: str) -> Request:
        if request_id not in self.requests:
            raise trouble(404, "unknown request")
        return self.requests[request_id]

    def found(self, delivery_id: str) -> Arriving:
        if delivery_id not in self.arriving:
            raise trouble(404, "unknown delivery")
        return self.arriving[delivery_id]

    def offered(self, delivery: Delivery) -> Arriving:
        if found := self.arriving.get(delivery.delivery_id):
            if found.delivery != delivery:
                raise trouble(422, "the same id, another delivery")
            return found
        request = self.known(delivery.request_id)
        for name in ("source", "software", "external_id", "since", "totals_only"):
            if getattr(request, name) != getattr(delivery, name):
                raise trouble(422, f"{name} is not what was asked for")
        if delivery.unchanged and (delivery.files or request.cursor is None or delivery.cursor != request.cursor):
            raise trouble(422, "unchanged, yet not what the hub holds")
        if self.quota is not None and sum(file.size for file in delivery.files) > self.quota:
            raise trouble(413, "more than the quota")
        found = Arriving(delivery, {file.resource: bytearray() for file in delivery.files})
        self.arriving[delivery.delivery_id] = found
        return found

    def put(self, arriving: Arriving, resource: str, headers: dict[str, str], body: bytes) -> Arriving:
        files = {file.resource: file for file in arriving.delivery.files}
        if resource not in files or len(body) > protocol.CHUNK or not body:
            raise trouble(422, "unknown resource, or no chunk")
        if headers.get(protocol.DIGEST_HEADER.lower()) != hashlib.sha256(body).hexdigest():
            raise trouble(422, "another digest")
        offset, kept = int(headers[protocol.OFFSET_HEADER.lower()]), arriving.parts[resource]
        if bytes(kept[offset : offset + len(body)]) == body:
            return arriving
        if offset != len(kept):
            raise Answer(409, arriving.standing)
        if offset + len(body) > files[resource].size:
            raise trouble(422, "more than the file has")
        kept += body
        return arriving

    def finished(self, arriving: Arriving) -> Arriving:
        if arriving.accepted:
            return arriving
        for file in arriving.delivery.files:
            content = arriving.parts[file.resource]
            if len(content) < file.size:
                raise Answer(409, arriving.standing)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise trouble(422, "the file is not what was announced")
        self.known(arriving.delivery.request_id)
        del self.requests[arriving.delivery.request_id]
        arriving.accepted = True
        self.accepted.append(arriving)
        return arriving


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise trouble(422, str(error)) from None
