"""The change digest: which lines were changed or deleted, and where the next look begins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from connectors.contract import Cursor

from . import resources as r
from .inferred import DIGEST_MARGIN, DIGEST_PAGE, DIGEST_PAGES_AT_MOST, FULL_READ_EVERY
from .wire import YukiWire
from .years import BookYear

_FORM = 1


@dataclass(frozen=True)
class Change:
    """A line that was changed or deleted; ``mark`` identifies the change, ``day`` is the line's date."""

    id: str
    day: date | None
    deleted: bool
    mark: str


def read_digest(wire: YukiWire, administration: str, since: datetime, now: datetime) -> list[Change] | None:
    """What changed since a moment (less a margin); None when that is too much to be told so.

    Pages overlap by a record, for it is not stated whether records count from 0 or from 1.
    """
    found: dict[str, Change] = {}
    for page in range(DIGEST_PAGES_AT_MOST):
        parameters = {
            "administrationID": administration,
            "startDate": f"{since - DIGEST_MARGIN:%Y-%m-%dT%H:%M:%S}Z",
            "endDate": f"{now + DIGEST_MARGIN:%Y-%m-%dT%H:%M:%S}Z",
            "numberOfRecords": str(DIGEST_PAGE),
            "startRecord": str(page * (DIGEST_PAGE - 1)),
        }
        rows = wire.rows(
            "ChangeDigest", "GetUpdatedAndDeletedTransactions", "UpdatedTransaction", r.UPDATED, parameters
        ).to_pylist()
        for row in rows:
            change = _change(row)
            found[change.mark] = change
        if len(rows) < DIGEST_PAGE:
            return list(found.values())
    return None


def _change(row: Mapping[str, Any]) -> Change:
    text = f"{row['id']} {row['transactionDate']} {row['updated']} {row['deleted']}"
    try:
        day = date.fromisoformat((row["transactionDate"] or "")[:10])
    except ValueError:
        day = None
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Change(row["id"] or "", day, (row["deleted"] or "").lower() == "true", mark)


def fresh(changes: Iterable[Change], seen: Iterable[str]) -> list[Change]:
    """Those that were not told before."""
    known = set(seen)
    return [change for change in changes if change.mark not in known]


@dataclass(frozen=True)
class Standing:
    """The cursor: what is known of an administration, and how to notice that it changed.

    ``session`` and ``domain`` say how it is reached; ``looked_at`` is when the digest was last read, ``seen`` what it
    told then; ``read`` counts readings; ``years`` are the book years with what was concluded of them; ``accounts``,
    ``balance`` (of the last year) and ``contacts`` (one by one, of late) are marks of what was told.
    """

    since: str | None
    session: str
    domain: str
    looked_at: str
    seen: list[str]
    read: int
    years: list[list[Any]]
    accounts: str
    balance: str
    contacts: list[str]
    contact_page: int | None
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> Standing | None:
        """None without a cursor, and for one that another form of this code wrote."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> Cursor:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        """Whether a sync may go on from here: for the same link, not too long after everything was read, and within the
        years that are known."""
        age = now - datetime.fromisoformat(self.full_read_at)
        known = self.book_years
        return (
            self.since == (since.isoformat() if since else None)
            and timedelta(0) <= age < FULL_READ_EVERY
            and bool(known)
            and now.date() <= known[-1].end
        )

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.looked_at)

    @property
    def book_years(self) -> list[BookYear]:
        return [BookYear(n, date.fromisoformat(a), date.fromisoformat(b), assumed) for n, a, b, assumed in self.years]


def kept_years(years: Iterable[BookYear]) -> list[list[Any]]:
    """Years as a cursor keeps them."""
    return [[year.number, year.start.isoformat(), year.end.isoformat(), year.assumed] for year in years]
