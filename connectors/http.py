"""Calls over HTTP: retried where that can help, waited where the vendor asks for it, explained where it fails.

Everything here reads, so a call may be made again. Only faults that can pass are retried: the network's, answers of
408, 429 and 5xx, and bodies that are no answer (a page for people, half a document). Other refusals are never
repeated: vendors count those, and lock an app out that insists.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

import requests
import urllib3

from connectors.budgets import PATIENCE_SECONDS, Budget, Window, wait_until
from foundation.errors import (
    AskForAccess,
    GrandlivreError,
    RateLimited,
    ReportABug,
    SignInAgain,
    VendorDown,
    WrongInput,
)
from foundation.secrets import redact

ATTEMPTS = 5
CONNECT_SECONDS, READ_SECONDS, WHOLE_ANSWER_SECONDS = 10.0, 60.0, 300.0
_FIRST_PAUSE = 0.5
_FIRST_PAUSE_WHEN_LIMITED = 5.0
_RETRYABLE = frozenset({408, 425, 500, 502, 503, 504})
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotAnAnswer(ValueError):
    """The body is not what was asked for, though the status says so. A check raises it; the call is made again."""


class Signer(Protocol):
    """Signs calls. ``renew`` is told which headers were refused; it raises SignInAgain when there are no others."""

    def headers(self) -> Mapping[str, str]: ...

    def renew(self, refused: Mapping[str, str]) -> None: ...


class Unsigned:
    """For calls that carry no proof of who calls."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> None:
        raise SignInAgain("the vendor asks for a sign-in where none is usual")


@dataclass(frozen=True)
class VendorWays:
    """What differs between vendors: name, budget headers, error bodies, and refusals with a meaning of their own."""

    name: str
    windows: Callable[[Mapping[str, str]], Iterable[Window]] = lambda headers: ()
    explain: Callable[[Reply], str] = lambda reply: ""
    refusal: Callable[[Reply], GrandlivreError | None] = lambda reply: None


class HttpClient:
    """Calls one vendor through an injected session. ``calls`` counts every request that was sent.

    One client may be used by two threads (a page ahead of the one that is read). ``whole_answer`` bounds the time of
    one answer, however steadily it trickles.
    """

    def __init__(
        self,
        ways: VendorWays,
        session: requests.Session,
        budget: Budget,
        *,
        signer: Signer | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        whole_answer: float = WHOLE_ANSWER_SECONDS,
    ) -> None:
        self._ways = ways
        self._session = session
        self._budget = budget
        self._signer: Signer = signer or Unsigned()
        self._now = now
        self._sleep = sleep
        self._whole_answer = whole_answer
        self._lock = threading.Lock()
        self.calls = 0

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | bytes | None = None,
        check: Callable[[Reply], None] = lambda reply: None,
        allow: Container[int] = (),
    ) -> Reply:
        """The reply to a call: a 2xx that passed ``check``, or one whose status is in ``allow``.

        Raises RateLimited, VendorDown, SignInAgain (401 twice), AskForAccess (403), WrongInput (404, or an address
        that is none) and ReportABug (another refusal: we asked for something that the vendor does not know).
        """
        renewed = False
        waited = 0.0
        attempt = 0
        while True:
            attempt += 1
            self._budget.before_call()
            signed = self._signer.headers()
            try:
                reply = self._send(method, url, {**(headers or {}), **signed}, data)
                self._budget.learn(self._ways.windows(reply.headers))
                if reply.status in allow:
                    return reply
                if 200 <= reply.status < 300:
                    check(reply)
                    return reply
            except NotAnAnswer as trouble:
                self._pause(attempt, url, f"answers something else than data: {trouble}", None)
                continue
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                if isinstance(error, _NO_ADDRESS):
                    raise WrongInput(
                        f"the address {_place(url)!r} is not a web address", next_step="Correct base_url."
                    ) from None
                self._pause(attempt, url, f"does not answer ({_reason(error)})", None)
                continue
            if reply.status == 429:
                waited += self._wait_for_allowance(attempt, reply, waited)
            elif reply.status in (401, 301, 302, 303, 307):  # a redirect leads to the page to sign in
                if own := self._ways.refusal(reply):  # no matter of the signature, which need not be renewed
                    raise own
                if renewed:
                    raise SignInAgain(f"{self._ways.name} refuses the sign-in{self._explained(reply)}")
                self._signer.renew(signed)
                renewed = True
            elif reply.status in _RETRYABLE:
                if own := self._ways.refusal(reply):  # a fault that says what is wrong (SOAP sends all with 500)
                    raise own
                trouble = f"answers with error {reply.status}{self._explained(reply)}"
                self._pause(attempt, url, trouble, retry_after(reply.headers, self._now()))
            else:
                raise self._refused(reply, url)

    def _send(self, method: str, url: str, headers: Mapping[str, str], data: Mapping[str, str] | bytes | None) -> Reply:
        with self._lock:
            self.calls += 1
        until = time.monotonic() + self._whole_answer
        with self._session.request(
            method,
            url,
            headers=dict(headers),
            data=data,
            auth=_as_signed,
            stream=True,
            allow_redirects=False,
            timeout=(CONNECT_SECONDS, min(READ_SECONDS, self._whole_answer)),
        ) as response:
            received = io.BytesIO()  # which gives what it holds away without a copy
            while chunk := response.raw.read1(1 << 18, decode_content=True):
                received.write(chunk)
                if time.monotonic() > until:
                    raise requests.Timeout("the answer takes too long")
            found = {name.lower(): value for name, value in response.headers.items()}
        body = received.getvalue()
        _log.debug("%s %s: %s, %d bytes", method, _place(url), response.status_code, len(body))
        return Reply(response.status_code, found, body)

    def _pause(self, attempt: int, url: str, trouble: str, asked: datetime | None) -> None:
        """Waits before another attempt. Raises VendorDown after the last one, or when asked to wait for long."""
        seconds = _FIRST_PAUSE * 2 ** (attempt - 1)
        if asked:
            seconds = max(seconds, (asked - self._now()) / timedelta(seconds=1))
        if attempt >= ATTEMPTS or seconds > PATIENCE_SECONDS:
            raise VendorDown(redact(f"{self._ways.name} {trouble} at {_place(url)}"))
        _log.info("%s %s; trying again in %.1f s", self._ways.name, redact(trouble), seconds)
        self._sleep(seconds)

    def _wait_for_allowance(self, attempt: int, reply: Reply, waited: float) -> float:
        """Sits out a 429 as long as the vendor says, or ever longer where it does not; whoever shares the budget
        waits, too. Raises RateLimited."""
        told = retry_after(reply.headers, self._now()) or _reset(self._ways.windows(reply.headers))
        seconds = _FIRST_PAUSE_WHEN_LIMITED * 2 ** (attempt - 1)
        self._budget.learn([Window("refused", 0, told or self._now() + timedelta(seconds=seconds))])
        if attempt >= ATTEMPTS or (told is None and waited + seconds > PATIENCE_SECONDS):
            raise RateLimited(f"{self._ways.name} allows no more calls for now", resume_at=told)
        if told is None:
            self._sleep(seconds)
            return seconds
        wait_until(told, now=self._now, sleep=self._sleep, vendor=self._ways.name)
        return 0.0

    def _refused(self, reply: Reply, url: str) -> GrandlivreError:
        own = self._ways.refusal(reply)
        if own:
            return own
        explained = self._explained(reply)
        if reply.status == 403:
            return AskForAccess(f"{self._ways.name} gives no access to {_place(url)}{explained}")
        if reply.status == 404:
            return WrongInput(
                f"{self._ways.name} knows nothing at {_place(url)}{explained}",
                next_step="Check base_url and the dossier's reference.",
            )
        return ReportABug(f"{self._ways.name} refuses the call to {_place(url)} with error {reply.status}{explained}")

    def _explained(self, reply: Reply) -> str:
        text = " ".join(redact(self._ways.explain(reply)).split())[:300]
        return f" ({text})" if text else ""


def _as_signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the signature as it is; without this, a .netrc file would replace it."""
    return request


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The moment that ``Retry-After`` names, as seconds or as a date; None without one, or where it is nonsense."""
    text = headers.get("retry-after", "").strip()
    try:
        if text.isdigit():
            return now + timedelta(seconds=int(text))
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _reset(windows: Iterable[Window]) -> datetime | None:
    """When calls are allowed again: the latest reset of the used-up windows, else the first reset of any."""
    told = [window for window in windows if window.resets_at]
    spent = [window.resets_at for window in told if window.remaining == 0 and window.resets_at]
    return max(spent) if spent else min((window.resets_at for window in told if window.resets_at), default=None)


def _place(url: str) -> str:
    """An address without its query, which may hold what should not be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _reason(error: BaseException) -> str:
    """The last cause in a chain of wrapped network errors, short and without addresses of objects."""
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "it takes too long"
    inner = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return redact(getattr(inner, "strerror", None) or type(inner).__name__)
