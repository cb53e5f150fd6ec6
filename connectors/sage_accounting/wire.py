"""Sage Accounting's REST interface: addresses, headers, lists, settings, the trial balance, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.year_ends import YearEnd
from foundation.errors import AskForAccess, GrandlivreError, Incomplete, ReportABug

from .listing import Listing, total_of
from .years import year_end_of

VENDOR = "Sage Accounting"
_JSON = {"Accept": "application/json"}
_PAST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Settings:
    """The financial settings of a business."""

    row: Mapping[str, Any]

    @property
    def year_end(self) -> YearEnd:
        day = self._day("year_end_date")
        if day is None:
            raise ReportABug(f"{VENDOR} does not tell on which day the business's years end")
        return year_end_of(day)

    @property
    def begins(self) -> date | None:
        return self._day("accounts_start_date")

    @property
    def locked(self) -> date | None:
        """The day up to which nobody may book."""
        return self._day("year_end_lockdown_date")

    @property
    def currency(self) -> str | None:
        return (self.row.get("base_currency") or {}).get("id")

    def _day(self, name: str) -> date | None:
        told = self.row.get(name)
        try:
            return date.fromisoformat(str(told)[:10]) if told else None
        except ValueError:
            raise ReportABug(f"{VENDOR} sent {told!r} for {name}") from None


class SageWire:
    """Reads one business, or, without one, what belongs to the user. ``moment`` is the vendor's time at its last
    answer."""

    def __init__(self, base_url: str, client: HttpClient, now: Callable[[], datetime], business: str = "") -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._business = business
        # Without the header the vendor answers for another business: the user's first one.
        self._headers = _JSON | ({"X-Business": business} if business else {})
        self._now = now
        self.moment = _PAST

    def businesses(self) -> Iterator[Mapping[str, Any]]:
        """Every business of the user; the list knows no parameters. Raises Incomplete when fewer come than it says."""
        read, total = 0, 0
        address: str | None = f"{self._base}/businesses"
        seen: set[str] = set()
        while address and address not in seen:
            seen.add(address)
            found = self._document(address)
            rows = [row for row in found.get("$items") or [] if isinstance(row, dict) and row.get("id")]
            yield from rows
            read, total = read + len(rows), int(found.get("$total") or 0)
            address = self._resolve(found["$next"]) if found.get("$next") else None
        if read < total:
            raise Incomplete(f"{VENDOR} counts {total} businesses and sent {read}")

    def business(self) -> Mapping[str, Any]:
        return self._document(f"{self._base}/businesses/{quote(self._business, safe='')}")

    def settings(self) -> Settings:
        return Settings(self._document(f"{self._base}/financial_settings"))

    def listing(self, path: str, schema: pa.Schema, **filters: str) -> Listing:
        """The rows of a list with all their attributes."""

        def address(page: int, size: int) -> str:
            return self._address(path, attributes="all", items_per_page=str(size), page=str(page), **filters)

        return Listing(lambda url: self._call(url, _check_page).body, address, schema)

    def count(self, path: str, **filters: str) -> int:
        """How many rows a list has, told with the smallest page."""
        found = self._document(self._address(path, items_per_page="1", page="1", **filters))
        if not isinstance(found.get("$total"), int):
            raise ReportABug(f"{VENDOR} does not tell how many rows its list has")
        return found["$total"]

    def count_entries(self, first: date | None = None, last: date | None = None) -> int:
        days = {"from_date": first, "to_date": last}
        return self.count("ledger_entries", **{name: day.isoformat() for name, day in days.items() if day})

    def trial_balance(self, first: date, last: date) -> dict[str, Any]:
        """The report of these days, a row of resources.TRIAL_BALANCES."""
        found = self._document(self._address("trial_balance", from_date=first.isoformat(), to_date=last.isoformat()))
        rows = found.get("ledger_accounts")
        if not isinstance(rows, list):
            raise ReportABug(f"{VENDOR} sent a trial balance without accounts")
        return {"from_date": first, "to_date": last, "ledger_accounts": [_balance(row) for row in rows]}

    def _document(self, address: str) -> Mapping[str, Any]:
        found = json.loads(self._call(address, _check_object).body, parse_float=Decimal)
        return found

    def _call(self, address: str, check: Any) -> Reply:
        reply = self._client.call("GET", address, headers=self._headers, check=check)
        self.moment = max(self.moment, _date_of(reply) or self._now())
        return reply

    def _address(self, path: str, **parameters: str) -> str:
        query = "&".join(f"{name}={quote(value, safe=':')}" for name, value in parameters.items())
        return f"{self._base}/{path}?{query}"

    def _resolve(self, told: str) -> str:
        """The address of a next page, told in whatever form: a token is sent to the configured host only."""
        parts, root = urlsplit(told), urlsplit(self._base).path
        path = parts.path.removeprefix(root) if root else parts.path
        return f"{self._base}/{path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _balance(row: Mapping[str, Any]) -> dict[str, Any]:
    sides = {
        f"{name}_{side}": _money((row.get(f"{name}_balance") or {}).get(side))
        for name in ("opening", "closing")
        for side in ("debit", "credit")
    }
    moved = {side: _money(row.get(side)) for side in ("debit", "credit")}
    return {"id": row.get("id"), "displayed_as": row.get("displayed_as"), **sides, **moved}


def _money(told: Any) -> Decimal:
    """An amount, which arrives as text, as a number, as null or as an empty text."""
    try:
        return Decimal(str(told)).quantize(Decimal("0.0001")) if told not in (None, "") else Decimal(0)
    except InvalidOperation:
        raise ReportABug(f"{VENDOR} sent {told!r} for an amount") from None


def _date_of(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None


def _problems(reply: Reply) -> list[Mapping[str, Any]]:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _explain(reply: Reply) -> str:
    """The vendor's own words: the ``$message`` of each problem."""
    return "; ".join(str(each["$message"]) for each in _problems(reply) if each.get("$message"))


def _refusal(reply: Reply) -> GrandlivreError | None:
    if reply.status == 401 and "no active subscription" in _explain(reply).lower():
        return AskForAccess(
            f"the business has no active subscription at {VENDOR}",
            next_step="Ask its owner to renew the subscription, then sync again; or unlink the dossier.",
        )
    return None


def _check_object(reply: Reply) -> None:
    try:
        whole = isinstance(msgspec.json.decode(reply.body), dict)
    except msgspec.MsgspecError:
        whole = False
    if not whole:
        raise NotAnAnswer("not a whole JSON document")


def _check_page(reply: Reply) -> None:
    """For large answers, which are decoded once."""
    whole = reply.body[:64].lstrip()[:1] + reply.body[-64:].rstrip()[-1:] == b"{}"
    if not whole or total_of(reply.body) is None:
        raise NotAnAnswer("not a whole page of a list")


WAYS = VendorWays(VENDOR, explain=_explain, refusal=_refusal)
