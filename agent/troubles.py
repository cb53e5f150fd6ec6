"""What can go wrong between service and hub, and what each of it asks for."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec
import requests

from agent import protocol
from agent.tokens import ENROL
from connectors.http import retry_after
from foundation.errors import Busy, GrandlivreError, ReportABug, SignInAgain, VendorDown, WrongInput
from foundation.secrets import redact


class HubDown(VendorDown):
    """The hub does not answer, or asks to come back later: ``resume_in`` seconds, where it says when."""

    default_next_step = "What was read is kept and sent when the hub answers again."

    def __init__(self, cause: str, *, resume_in: float | None = None, next_step: str | None = None) -> None:
        super().__init__(cause, next_step=next_step)
        self.resume_in = resume_in


class NoRoom(Busy):
    """The hub takes no more bytes of this service for now."""

    default_next_step = "Make room on the hub; it is tried again by itself."


class Refused(ReportABug):
    """The hub will not have it, however often it is said; ``status`` is 404 where it does not know it."""

    def __init__(self, cause: str, status: int, next_step: str | None = None) -> None:
        super().__init__(cause, next_step=next_step)
        self.status = status


def of_the_line(error: Exception, address: str) -> HubDown:
    """The error for a call that got no answer."""
    if isinstance(error, requests.exceptions.SSLError):
        return HubDown(
            f"the certificate of {address} is not trusted ({_certificate(error)})",
            next_step="Correct the hub's certificate, or name the authority that signed it as ca_file.",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return HubDown(
            f"the proxy on the way to {address} does not let the call through",
            next_step="Check HTTPS_PROXY and NO_PROXY of the service, and what the proxy allows.",
        )
    return HubDown(f"{address} does not answer ({_short(error)})")


def of(response: requests.Response, address: str, now: datetime) -> GrandlivreError:
    """The error for an answer that is not a 2xx."""
    status = response.status_code
    try:
        told = msgspec.json.decode(response.content, type=protocol.Trouble)
        cause, step = redact(told.cause)[:500], redact(told.next_step)[:500] or None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        told, cause, step = None, f"{address} answers with status {status}", None
    if 300 <= status < 400:
        return HubDown(f"{address} leads elsewhere", next_step="Give the hub's own address.")
    if status == 429 or status >= 500:
        moment = retry_after({name.lower(): text for name, text in response.headers.items()}, now)
        return HubDown(cause, resume_in=(moment - now).total_seconds() if moment else None, next_step=step)
    match status:
        case 401:
            return SignInAgain("the hub does not know this server's token, or took it back", next_step=ENROL)
        case 413:
            return NoRoom(cause, next_step=step)
        case 426:
            return WrongInput(cause, next_step=step or "Update grandlivre-agent.")
        case 403 | 404 | 422 if told:
            return Refused(cause, status, step)
        case _:  # a proxy's words, or a body that was too slow: nothing is given up for that
            return HubDown(cause, next_step=step)


def clock_difference(response: requests.Response, now: datetime) -> float | None:
    """Seconds that ``now`` is ahead of the moment in the answer; None where it tells none."""
    try:
        told = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return (now - (told if told.tzinfo else told.replace(tzinfo=UTC))).total_seconds()


def _certificate(error: BaseException) -> str:
    """What is wrong with a certificate, in the words of the TLS library."""
    inner: object = error
    while isinstance(inner, BaseException):
        if isinstance(inner, ssl.SSLCertVerificationError):
            return inner.verify_message
        inner = getattr(inner, "reason", None) or next(iter(inner.args), None)
    return "TLS failed"


def _short(error: BaseException) -> str:
    """The last cause in a chain of wrapped network errors."""
    if isinstance(error, requests.Timeout):
        return "it takes too long"
    inner = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return redact(getattr(inner, "strerror", None) or type(inner).__name__)
