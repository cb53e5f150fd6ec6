"""Xero's REST interface: addresses, headers, pages, limits and refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import pyarrow as pa

from connectors.budgets import Window
from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape, following_pages, numbered_pages, pc
from connectors.report_tables import ReportLine, lines_of_rows
from foundation.errors import AskForAccess, GrandlivreError, Incomplete, ReportABug

from . import resources as r
from .calendar import YearEnd, vendor_moment

VENDOR = "Xero"
_PAGE = 100
_COLUMNS = ("Debit", "Credit", "YTDDebit", "YTDCredit")
_JSON = {"Accept": "application/json"}
_REMAINING = (
    ("day", "x-daylimit-remaining"),
    ("minute", "x-minlimit-remaining"),
    ("appminute", "x-appminlimit-remaining"),
)


@dataclass(frozen=True)
class Organisation:
    """An organisation as Xero tells it, and the moment of its answer (UTC), by the vendor's own clock."""

    row: Mapping[str, Any]
    moment: datetime

    @property
    def year_end(self) -> YearEnd:
        month, day = self.row["FinancialYearEndMonth"], self.row["FinancialYearEndDay"]
        if not (month and day and 1 <= month <= 12 and 1 <= day <= 31):
            raise ReportABug(f"{VENDOR} does not tell on which day the organisation's years end")
        return YearEnd(month, day)

    @property
    def locked(self) -> date | None:
        """The day up to which nobody may book."""
        told = self.row["EndOfYearLockDate"]
        return vendor_moment(told).date() if told else None

    @property
    def created(self) -> date:
        told = self.row["CreatedDateUTC"]
        return vendor_moment(told).date() if told else self.moment.date()


class XeroWire:
    """Reads one organisation (``tenant``), or, without one, what belongs to the consent."""

    def __init__(self, base_url: str, client: HttpClient, tenant: str = "") -> None:
        self._base = base_url
        self._client = client
        self._headers = _JSON | ({"Xero-tenant-id": tenant} if tenant else {})

    def connections(self) -> list[Mapping[str, Any]]:
        """Every tenant of the consent."""
        found = _document(self._client.call("GET", f"{self._base}/connections", headers=_JSON, check=_check_list).body)
        return [row for row in found if isinstance(row, dict)]

    def organisation(self) -> Organisation:
        body = self._fetch(self._address("Organisation"))
        rows = PageDecoder(r.ORGANISATION, PageShape("Organisations")).decode(body).rows.to_pylist()
        if not rows:
            raise ReportABug(f"{VENDOR} tells no organisation")
        return Organisation(rows[0], vendor_moment(str(_document(body).get("DateTimeUTC"))))

    def accounts(self) -> pa.Table:
        body = self._fetch(self._address("Accounts"))
        return pa.Table.from_batches([PageDecoder(r.ACCOUNTS, PageShape("Accounts")).decode(body).rows])

    def journals(self, after: int) -> Iterator[pa.RecordBatch]:
        """The journals whose number is greater than ``after``, by growing number."""
        return following_pages(
            self._fetch_page,
            lambda number: self._address("Journals", offset=str(number)),
            PageDecoder(r.JOURNALS, PageShape("Journals")),
            lambda rows: pc.max(rows.column("JournalNumber")).as_py() or 0,
            after,
        )

    def contacts(self, since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Contacts, archived ones too; those changed ``since`` alone, where it is given."""
        changed = {"If-Modified-Since": since.strftime("%Y-%m-%dT%H:%M:%S")} if since else {}
        return numbered_pages(
            lambda url: self._fetch(url, changed),
            lambda page: self._address("Contacts", page=str(page), pageSize=str(_PAGE), includeArchived="true"),
            PageDecoder(r.CONTACTS, PageShape("Contacts")),
            _PAGE,
        )

    def trial_balance(self, day: date) -> list[dict[str, Any]]:
        """The balances at the end of ``day``, rows of resources.BALANCE.

        Raises Incomplete when they are not what the report says they sum up to.
        """
        found = _document(self._fetch(self._address("Reports/TrialBalance", date=day.isoformat()))).get("Reports")
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            raise ReportABug(f"{VENDOR} tells no report")
        return _balances(list(lines_of_rows(found[0].get("Rows") or [])))

    def _fetch(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        return self._client.call("GET", url, headers={**self._headers, **(headers or {})}, check=_check_object).body

    def _fetch_page(self, url: str) -> bytes:
        """A large answer, which is decoded once: a page that cannot be is asked for again by its reader."""
        return self._client.call("GET", url, headers=self._headers, check=_check_ends).body

    def _address(self, endpoint: str, **parameters: str) -> str:
        return f"{self._base}/api.xro/2.0/{endpoint}" + (f"?{urlencode(parameters)}" if parameters else "")


def _balances(lines: list[ReportLine]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    summed = False
    for line in lines:
        if line.kind == "header" or (line.kind == "summary" and line.path):  # a sum of one section says nothing more
            continue
        if len(line.cells) != 1 + len(_COLUMNS):
            raise ReportABug(f"{VENDOR} sent a trial balance with {len(line.cells)} columns")
        amounts = dict(zip(_COLUMNS, (cell.amount for cell in line.cells[1:]), strict=True))
        account = line.cells[0].about.get("account")
        if line.kind == "summary":
            summed = amounts == {name: sum(row[name] for row in found) for name in _COLUMNS}
        elif account:
            section = line.path[0] if line.path else ""
            found.append({"AccountID": account, "Name": line.cells[0].text, "Section": section, **amounts})
        elif any(amounts.values()):
            raise ReportABug(f"{VENDOR} sent a trial balance with amounts of no account")
    if found and not summed:
        raise Incomplete(f"the accounts of {VENDOR}'s trial balance are not what it says they sum up to")
    return found


def _document(body: bytes) -> Any:
    """A decoded answer whose numbers, if any, are not amounts."""
    return msgspec.json.decode(body)


def _windows(headers: Mapping[str, str]) -> Iterator[Window]:
    """What is left of each window. A used-up one is told as such by a refusal alone, which also tells how long it
    lasts."""
    for name, header in _REMAINING:
        text = headers.get(header, "")
        if text.isascii() and text.isdigit():
            yield Window(name, int(text))


def _explain(reply: Reply) -> str:
    """The vendor's own words: ``Detail`` of a problem, or what a validation found."""
    try:
        told = msgspec.json.decode(reply.body)
        found = [error["Message"] for element in told.get("Elements") or [] for error in element["ValidationErrors"]]
        return str("; ".join(found) or told.get("Detail") or told.get("Message") or told.get("Title") or "")
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError):
        return ""


def _refusal(reply: Reply) -> GrandlivreError | None:
    detail = _explain(reply)
    if reply.status == 401 and (
        "insufficient_scope" in reply.headers.get("www-authenticate", "") or detail == "AuthorizationUnsuccessful"
    ):
        return AskForAccess(
            f"the consent at {VENDOR} does not reach so far ({detail or 'insufficient scope'})",
            next_step="Sign in again, and give consent to all that is asked for: grandlivre reconnect CONNECTION.",
        )
    if reply.status == 403 and detail == "AuthenticationUnsuccessful":
        return AskForAccess(
            f"{VENDOR} gives this consent no access to the organisation, or no longer",
            next_step="Sign in again and choose the organisation: grandlivre reconnect CONNECTION.",
        )
    return None


def _check_object(reply: Reply) -> None:
    _check(reply, dict)


def _check_list(reply: Reply) -> None:
    _check(reply, list)


def _check(reply: Reply, kind: type) -> None:
    try:
        whole = isinstance(_document(reply.body), kind)
    except msgspec.MsgspecError:
        whole = False
    if not whole:
        raise NotAnAnswer("not a whole JSON document")


def _check_ends(reply: Reply) -> None:
    if reply.body[:64].lstrip()[:1] + reply.body[-64:].rstrip()[-1:] != b"{}":
        raise NotAnAnswer("not a whole JSON document")


WAYS = VendorWays(VENDOR, _windows, _explain, _refusal)
