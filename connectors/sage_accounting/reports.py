"""The vendor's own balances: of years, to compare lines with; in totals mode of their months besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa

from connectors.digests import digest
from connectors.year_ends import Year

from . import resources as r
from .feed import Standing
from .full_read import LISTS
from .inferred import AGGREGATE_LAG
from .masters import REFUSALS, MasterReader
from .wire import SageWire

Report = Mapping[str, object]
"""A row of resources.TRIAL_BALANCES."""


@dataclass
class TrialBalances:
    """Reads trial balances through ``wire``."""

    wire: SageWire
    small: MasterReader
    sleep: Callable[[float], None]

    def of(self, years: Sequence[Year]) -> list[Report]:
        """The balances of the years; none, with a note, where they are refused."""
        try:
            return [self.wire.trial_balance(year.start, year.end) for year in years]
        except REFUSALS as refusal:
            self.small.note("no_trial_balance", refusal.cause, "figures are not compared with the package's own")
            return []

    def settled(self, years: Sequence[Year], standing: Standing) -> list[Report]:
        """The same, once they can know of the last change: the report follows postings with some seconds' delay."""
        newest = max((mark.newest for name, mark in standing.marks.items() if name in LISTS), default="")
        if newest:
            left = AGGREGATE_LAG - (self.wire.moment - datetime.fromisoformat(newest))
            if timedelta(0) < left <= AGGREGATE_LAG:
                self.sleep(left / timedelta(seconds=1))
        return self.of(years)

    def by_months(self, years: Sequence[Year], known: Mapping[str, str]) -> tuple[list[Report], dict[str, str]]:
        """The balances of the years and of their months, and a digest per year. Of a closed year whose digest is
        ``known``, the months are not read again."""
        found: list[Report] = []
        digests: dict[str, str] = {}
        for year in years:
            whole, label = self.wire.trial_balance(year.start, year.end), str(year.end.year)
            digests[label] = digest({"report": table([whole])})
            stands = self.small.is_closed(year) and known.get(label) == digests[label]
            found += [whole, *([] if stands else [self.wire.trial_balance(*days) for days in _months(year)])]
        return found, digests


def table(reports: Sequence[Report]) -> pa.Table:
    """The reports, to be landed."""
    return pa.Table.from_pylist([dict(report) for report in reports], schema=r.TRIAL_BALANCES)


def _months(year: Year) -> list[tuple[date, date]]:
    """First and last day of each calendar month in the year."""
    ends = year.month_ends()
    return list(zip([year.start, *(end + timedelta(days=1) for end in ends[:-1])], ends, strict=True))
