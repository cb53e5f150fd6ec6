"""What every cloud package's sandbox is made of, without the socket: requests, answers, and ways to go wrong.

A room's sandbox derives from :class:`Vendor` and answers as its package would; :mod:`connectors.sandbox.server` puts it
on a socket and makes it fail as networks and vendors do.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

FaultKind = Literal[
    "500",  # an internal error
    "503",  # maintenance, with Retry-After
    "429_minute",  # a short window is used up
    "429_day",  # the day is used up
    "429_bare",  # over a limit that is not told
    "html",  # 200 with a page for people
    "redirect",  # "Object moved" to the sign-in page
    "truncated",  # half of the body, its length right
    "cut",  # half of the body, its length wrong
    "slow",  # a body that trickles
    "reset",  # the connection breaks without an answer
    "401",  # the sign-in is void from here on
    "empty",  # no rows, no error
]
HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"


@dataclass
class Fault:
    """Makes ``times`` answers go wrong (-1: all) whose address or body contains ``path``, after ``skip`` good ones."""

    kind: FaultKind
    path: str = ""
    times: int = 1
    skip: int = 0

    def strikes(self, asked: str) -> bool:
        if self.path not in asked or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Knobs:
    """Faults and slowness. The defaults are a healthy vendor; a room adds its own limits and deviations."""

    latency: float = 0.0
    trickle: float = 0.05
    """Seconds between the bytes of a slow body."""
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """What was asked. ``target`` is path and query as sent; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, decoded; a strict vendor compares them with those that it knows."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass
class Answer:
    """An answer as it is sent."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] | None = None


def json_answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """A document as JSON; amounts must be text or raw JSON already, for no float may touch them."""
    return Answer(status, json.dumps(document).encode(), headers=headers)


class Vendor:
    """One vendor. A room overrides :meth:`answer`, and what it does differently when it refuses."""

    def __init__(self, knobs: Knobs | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.knobs = knobs or Knobs()
        self.now = now
        self.lock = threading.RLock()
        self.base_url = ""
        """Where it is reached; known once it is served."""

    def answer(self, request: Request) -> Answer:
        """What the vendor says to ``request``. Called by several threads: guard state with ``lock``."""
        raise NotImplementedError

    def forget_sign_in(self) -> None:
        """Whatever a sign-in gave is void, although its time is not over."""

    def refuse(self, kind: str) -> Answer:
        """How the vendor answers in trouble: ``500``, ``503``, ``429_minute``, ``429_day`` and ``429_bare``."""
        match kind:
            case "500":
                return Answer(500, b'{"message":"Internal error"}')
            case "503":
                return Answer(503, HTML, "text/html", {"Retry-After": "2"})
            case "429_minute":
                return Answer(429, headers={"Retry-After": "20"})
            case "429_day":
                return Answer(429, headers={"Retry-After": str(7 * 3600)})
            case _:
                return Answer(429)

    def emptied(self, answer: Answer) -> Answer:
        """The same answer without its rows, as if there were none."""
        raise NotImplementedError


@dataclass(frozen=True)
class Told:
    """One allowance after a call was counted."""

    name: str
    limit: int
    remaining: int
    resets: datetime


class Allowances:
    """Counts calls in fixed windows that open with the first call; several windows may hold at once."""

    def __init__(self, limits: Mapping[str, tuple[int, timedelta]], now: Callable[[], datetime]) -> None:
        """``limits``: name to calls and length of the window."""
        self._limits = limits
        self._now = now
        self._windows: dict[tuple[str, str], tuple[datetime, int]] = defaultdict(lambda: (now(), 0))
        self.refused = 0

    def count(self, who: str = "", cost: int = 1) -> tuple[bool, Sequence[Told]]:
        """Whether a call by ``who`` is allowed (then it is counted), and what each window says afterwards."""
        now = self._now()
        opened: dict[str, tuple[datetime, int]] = {}
        for name, (_, length) in self._limits.items():
            start, used = self._windows[who, name]
            opened[name] = (start, used) if now - start < length else (now, 0)
        allowed = all(opened[name][1] + cost <= limit for name, (limit, _) in self._limits.items())
        told = []
        for name, (limit, length) in self._limits.items():
            start, used = opened[name]
            used += cost if allowed else 0
            self._windows[who, name] = (start, used)
            told.append(Told(name, limit, max(0, limit - used), start + length))
        self.refused += not allowed
        return allowed, told
