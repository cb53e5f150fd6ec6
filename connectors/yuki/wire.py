"""Yuki's SOAP interface: calls with a session in the body, results as rows, faults as what people can do about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from lxml import etree

from connectors import soap
from connectors.budgets import Budget, Window
from connectors.http import HttpClient, Reply, Signer, VendorWays
from foundation.errors import AskForAccess, GrandlivreError, RateLimited, ReportABug, SignInAgain, VendorDown

VENDOR = "Yuki"
NAMESPACE = "http://www.theyukicompany.com/"
_SESSION = "sessionID"
_LIMIT, _KEY, _LAPSED = "limit exceeded", "access key", re.compile(r"\bsession\b")
_NO_RIGHT = re.compile(
    r"\bright|rechten|not active|inactive|bundle|not authori[sz]ed|permission|access denied|no access"
)


class SessionLapsed(SignInAgain):
    """The vendor no longer knows the session; another one may do."""


class YukiWire:
    """Calls operations in one domain with that domain's session. Safe to share between two threads."""

    def __init__(self, base_url: str, client: HttpClient, budget: Budget, session: Signer | None = None) -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._budget = budget
        self._session = session

    @property
    def calls(self) -> int:
        return self._client.calls

    def call(self, service: str, operation: str, parameters: Mapping[str, str]) -> bytes:
        """The answer's body. A session that lapsed is replaced, once. Raises the error tree."""
        if self._session is None:
            return self._send(service, operation, parameters)
        signed = self._session.headers()
        try:
            return self._send(service, operation, {**signed, **parameters})
        except SessionLapsed:
            self._session.renew(signed)
        return self._send(service, operation, {**self._session.headers(), **parameters})

    def rows(
        self, service: str, operation: str, tag: str, schema: pa.Schema, parameters: Mapping[str, str]
    ) -> pa.Table:
        """The elements named ``tag`` of a small answer."""
        return pa.Table.from_batches(read_rows(self.call(service, operation, parameters), tag, schema), schema=schema)

    def text(self, service: str, operation: str, parameters: Mapping[str, str]) -> str:
        """The answer of an operation that gives one value."""
        return soap.result(self.call(service, operation, parameters), operation)

    def _send(self, service: str, operation: str, parameters: Mapping[str, str]) -> bytes:
        try:
            reply = self._client.call(
                "POST",
                f"{self._base}/ws/{service}.asmx",
                headers=soap.headers(NAMESPACE + operation),
                data=soap.envelope(operation, NAMESPACE, parameters),
                check=soap.check_document,
            )
        except RateLimited as refusal:
            if refusal.resume_at:  # whoever shares the domain's calls need not ask
                self._budget.learn([Window("day", 0, refusal.resume_at)])
            raise
        except ReportABug as refusal:
            raise ReportABug(f"{operation}: {refusal.cause}", next_step=refusal.next_step) from None
        return soap.unescaped(reply.body)


def read_rows(body: bytes, tag: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The elements named ``tag`` as rows: what they hold and their attributes. Raises VendorDown for what is no XML."""
    try:
        yield from soap.rows(body, tag, schema, _values)
    except ValueError as error:
        raise VendorDown("the vendor's answer is not readable as data") from error


def _values(element: etree._Element) -> Mapping[str, Any]:
    found: dict[str, Any] = soap.texts(element)
    for name, value in element.attrib.items():
        found[str(name)] = value
    return found


def session_parameter(fields: Mapping[str, str]) -> Mapping[str, str]:
    """How a session signs a call: as the first parameter of every operation."""
    return {_SESSION: fields["session_id"]}


def ways(now: Callable[[], datetime]) -> VendorWays:
    """Faults, which all come with status 500, in our terms. Texts are matched by what was seen or must be in them."""

    def refusal(reply: Reply) -> GrandlivreError | None:
        code, text = soap.coded_fault(reply.body)
        said = text.lower()
        if _LIMIT in said:
            return RateLimited(f"{VENDOR} allows no more calls today ({text})", resume_at=_next_day(now()))
        if _KEY in said and not _NO_RIGHT.search(said):
            return SignInAgain(
                f"{VENDOR} does not accept the access key ({text})",
                next_step="Give another one with: grandlivre reconnect CONNECTION.",
            )
        if _NO_RIGHT.search(said):
            return AskForAccess(
                f"{VENDOR} refuses: {text}",
                next_step="Ask a portal administrator of Yuki to give the access key's role this web service.",
            )
        if _LAPSED.search(said):
            return SessionLapsed(f"{VENDOR} does not know the session ({text})")
        if code == "Client":
            return ReportABug(f"{VENDOR} refuses the call ({text})")
        return None

    return VendorWays(VENDOR, explain=lambda reply: soap.fault(reply.body), refusal=refusal)


def _next_day(now: datetime) -> datetime:
    """When the day's calls are counted anew: at midnight, inferred; that of UTC comes after the one in Brussels."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
