"""What changed and what was deleted since the last sync, and the cursor that tells where that was.

Both lists are read from a little before the place where they ended last time; what was seen there tells repetition
from news.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
from lxml import etree

from connectors import soap
from connectors.contract import Cursor
from connectors.json_pages import pc

from . import frames
from . import resources as r
from .full_read import STANDING
from .inferred import CHANGES_OVERLAP, DELETIONS_OVERLAP, FAR_AHEAD, FULL_READ_EVERY
from .wire import TwinfieldWire, rows

_FORM = 1
_MODIFIED = "fin.trs.head.modified"
_STAMP = "%Y%m%d%H%M%S"

Key = tuple[str, str]
"""Daybook and number of a transaction."""


@dataclass(frozen=True)
class ChangeCursor:
    """Where a sync ended. ``changed_since`` (UTC) is where changes are read from, ``recent`` the digest of those from
    there on; ``deletions`` are the deletions listed from ``deleted_since`` on, in the vendor's own time."""

    changed_since: str
    recent: str
    deleted_since: str
    deletions: list[str]
    masters: str
    since: str | None
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> ChangeCursor | None:
        """None for no cursor, or one that an other form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        """Whether changes since this cursor are enough for a sync that wants ``since``."""
        young = now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY
        return young and self.since == (since.isoformat() if since else None)


@dataclass(frozen=True)
class Deletions:
    """The vendor's list of deleted transactions: moment of deletion (its own time, as told) and key."""

    listed: frozenset[tuple[str, Key]]

    @classmethod
    def read(cls, wire: TwinfieldWire) -> Deletions:
        question = frames.query(
            "the deleted transactions",
            "DeletedTransactionsService",
            "GetDeletedTransactions",
            {"CompanyCode": wire.office},
        )
        found = (_deletion(element) for element in wire.service(question).iter("{*}DeletedTransaction"))
        return cls(frozenset(each for each in found if each))

    @property
    def horizon(self) -> str:
        """From where on the list is compared the next time."""
        newest = max((moment for moment, _ in self.listed), default="")
        try:
            return (datetime.fromisoformat(newest) - DELETIONS_OVERLAP).isoformat() if newest else ""
        except ValueError:
            return ""

    @property
    def recent(self) -> list[str]:
        return sorted(_mark(moment, key) for moment, key in self.listed if moment >= self.horizon)

    def news(self, deleted_since: str, seen: Sequence[str]) -> set[Key]:
        """Transactions that were not listed as deleted when ``seen`` was."""
        known = set(seen)
        return {key for moment, key in self.listed if moment >= deleted_since and _mark(moment, key) not in known}


class Changes:
    """Transactions that were changed from a moment (``yyyyMMddHHmmss``, UTC) on, whole."""

    def __init__(self, wire: TwinfieldWire, changed_since: str, now: datetime) -> None:
        until = (now + FAR_AHEAD).astimezone(UTC).strftime(_STAMP)
        browsed = wire.browse("030_3", r.LINES, {_MODIFIED: (changed_since, until), **STANDING})
        self.stated = browsed.total
        self.rows = pa.Table.from_batches(rows(browsed, r.LINES, caught_up=True), schema=r.LINES)

    @property
    def keys(self) -> set[Key]:
        told = self.rows.select(["head_code", "head_number"]).to_pydict()
        return set(zip(told["head_code"], told["head_number"], strict=True))

    @property
    def years(self) -> set[int]:
        told = (str(text).partition("/")[0] for text in self.rows.column("head_yearperiod").to_pylist())
        return {int(year) for year in told if year.isdigit()}

    def recent(self, since: str) -> str:
        """A digest of what was changed from ``since`` on."""
        near = self.rows.filter(pc.fill_null(pc.greater_equal(self.rows.column("head_modified"), since), True))
        ordered = near.sort_by([(name, "ascending") for name in ("head_code", "head_number", "key_line")])
        text = "\n".join(str(tuple(row.values())) for row in ordered.to_pylist())
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def from_moment(now: datetime) -> str:
    """From when on changes must be read by a sync that follows one begun ``now``."""
    return (now - CHANGES_OVERLAP).astimezone(UTC).strftime(_STAMP)


def as_table(keys: set[Key]) -> pa.Table:
    ordered = sorted(keys)
    return pa.table(
        [pa.array([key[0] for key in ordered], pa.string()), pa.array([key[1] for key in ordered], pa.string())],
        schema=r.DELETIONS,
    )


def _deletion(element: etree._Element) -> tuple[str, Key] | None:
    told = soap.texts(element)
    if not told.get("Daybook") or not told.get("TransactionNumber"):
        return None
    return told.get("DeletionDate", ""), (told["Daybook"], whole_number(told["TransactionNumber"]))


def whole_number(text: str) -> str:
    """A number as the ledger tells it: the list of deletions tells it as a decimal (``202400001.00``)."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return str(int(value)) if value.is_finite() and value == value.to_integral_value() else text


def _mark(moment: str, key: Key) -> str:
    return f"{moment} {key[0]} {key[1]}"
