"""The trial balances of an organisation: each asked for once, and where the books begin as they tell it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from . import resources as r
from .calendar import Year, YearEnd, years_from
from .inferred import MOST_YEARS
from .wire import XeroWire

_DAY = timedelta(days=1)
_REVALUED = ("UNREALISEDCURRENCYGAIN", "BANKCURRENCYGAIN")


class TrialBalances:
    """Reads trial balances by day, each once; ``digests`` has a short text per day that differs when a balance does."""

    def __init__(self, wire: XeroWire) -> None:
        self._wire = wire
        self._read: dict[date, list[dict[str, Any]]] = {}

    def at(self, day: date) -> list[dict[str, Any]]:
        if day not in self._read:
            self._read[day] = self._wire.trial_balance(day)
        return self._read[day]

    def any_at(self, day: date) -> bool:
        """Whether anything stands on any account at the end of ``day``."""
        return any(row["YTDDebit"] != row["YTDCredit"] for row in self.at(day))

    @property
    def digests(self) -> dict[str, str]:
        return {day.isoformat(): digest_of(rows) for day, rows in sorted(self._read.items())}

    def table(self, days: Iterable[date]) -> pa.Table:
        """The balances at ``days``, to be landed."""
        rows = [{"Date": day, "Balances": self.at(day)} for day in sorted(set(days))]
        return pa.Table.from_pylist(rows, schema=r.TRIAL_BALANCES)

    def revalued(self, accounts: pa.Table) -> int:
        """How many of the balances read so far revalue foreign balances."""
        gains = {row["AccountID"] for row in accounts.to_pylist() if row["SystemAccount"] in _REVALUED}
        return sum(
            any(row["AccountID"] in gains and row["YTDDebit"] != row["YTDCredit"] for row in rows)
            for rows in self._read.values()
        )

    def years(self, rule: YearEnd, today: date, created: date) -> list[Year]:
        """The fiscal years that have balances, up to the present one, found with a call per year and a few more."""
        last = rule.on_or_after(today)
        oldest = last if self.any_at(last) else None
        end = rule.before(last)
        while self.any_at(end) and last.year - end.year < MOST_YEARS:
            oldest, end = end, rule.before(end)
        if oldest is None:
            return years_from(rule.start_of(min(created, today)), today, rule)
        first = Year(rule.start_of(oldest), oldest, True)
        return years_from(self._beginning(first), last, rule)

    def _beginning(self, first: Year) -> date:
        """The first day of the first year: the day after the conversion balances, where all that stands at the end of
        its first month with balances came on that month's last day."""
        ends = first.month_ends()
        below, found = -1, len(ends) - 1
        while found - below > 1:
            middle = (below + found) // 2
            below, found = (below, middle) if self.any_at(ends[middle]) else (middle, found)
        return first.start if self.any_at(ends[found] - _DAY) else ends[found] + _DAY


def digest_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """A short text that differs when a row does, whatever their order."""
    text = "\n".join(sorted(json.dumps(row, default=str, sort_keys=True) for row in rows))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
