"""What Twinfield's refusals mean: SOAP faults by their number, XML refusals, and what replies tell of credits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from connectors import soap
from connectors.budgets import Window
from connectors.http import Reply, VendorWays
from foundation.errors import AskForAccess, GrandlivreError, ReportABug, SignInAgain

from .inferred import APP_TO_ORGANISATION

VENDOR = "Twinfield"
_TOKEN_REFUSED = frozenset({103, 354})
_SIGN_IN = {104: "the user was deleted", 105: "the user is disabled", 351: "the consent lacks a right"}
_NO_ACCESS = {102: "access denied", 106: "the organisation is inactive", 352: "no access", 353: "no access"}
_WRONG_CLUSTER = 108


class TokenRefused(SignInAgain):
    """The access token is not taken; another one may be."""


class WrongCluster(AskForAccess):
    """The organisation lives on another cluster than the one that was called."""


def refusal(reply: Reply) -> GrandlivreError | None:
    """The error for a SOAP fault by its number; None for one that says nothing of the kind, which may pass."""
    code, text = _fault(reply.body)
    if code in _TOKEN_REFUSED or (reply.status == 401 and code not in _SIGN_IN):
        return TokenRefused(f"{VENDOR} refuses the access token{_told(text)}")
    if code == _WRONG_CLUSTER:
        return WrongCluster(f"{VENDOR} has moved the organisation to another cluster")
    if code in _SIGN_IN:
        return SignInAgain(f"{VENDOR} refuses the sign-in: {_SIGN_IN[code]}{_told(text)}")
    if code in _NO_ACCESS:
        return AskForAccess(f"{VENDOR} refuses: {_NO_ACCESS[code]}{_told(text)}")
    if code:
        return ReportABug(f"{VENDOR} refuses the call with code {code}{_told(text)}") if code in (101, 187) else None
    return None


def check(reply: Reply) -> None:
    """Raises NotAnAnswer for what is no whole answer, and the error of a fault that comes as an answer."""
    soap.check_document(reply)
    own = refusal(reply)
    if own:
        raise own
    if _fault(reply.body)[1]:
        raise ReportABug(f"{VENDOR} refuses the call{_told(_fault(reply.body)[1])}")


def refused(subject: str, document: etree._Element) -> AskForAccess | None:
    """The error of an XML answer with result 0; None for a good one. Its text is in the user's language."""
    if document.get("result") != "0":
        return None
    said = next((element.get("msg") for element in document.iter() if element.get("msg")), None) or "no reason given"
    return AskForAccess(
        f"{VENDOR} does not give {subject}: {said[:300]}",
        next_step="Give the connected user the right to it in Twinfield; report it if the user has it.",
    )


def _windows(headers: Mapping[str, str]) -> Iterator[Window]:
    limit, remaining = (_whole(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining"))
    if limit is not None or remaining is not None:
        yield Window("minute", remaining, limit=limit)
    if limit is not None:
        yield Window("appminute", limit=limit * APP_TO_ORGANISATION)


def _fault(body: bytes) -> tuple[int, str]:
    """Number and text of a SOAP fault; 0 and "" where there is none."""
    if b"Fault" not in body[:2000]:
        return 0, ""
    try:
        root = soap.parse(body)
    except ValueError:
        return 0, ""
    found = next(root.iter("{*}Fault"), None)
    if found is None:
        return 0, ""
    code = next((each.text for each in found.iter("{*}code") if each.text), None)
    return _whole(code) or 0, soap.fault(body)


def _told(text: str) -> str:
    return f" ({text.rstrip('.')[:200]})" if text else ""


def _whole(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None


WAYS = VendorWays(VENDOR, _windows, lambda reply: _fault(reply.body)[1], refusal)
