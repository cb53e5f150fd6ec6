"""Amounts, dates and ages as a language writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import dates, numbers

ZONE = ZoneInfo("Europe/Brussels")
"""What people's clocks show; dates of books have no zone."""


@cache
def _months(language: str) -> dict[int, str]:
    """The short names of months; lists ask for hundreds of dates, and babel's patterns take their time."""
    return dict(dates.get_month_names("abbreviated", "format", language))


@dataclass(frozen=True)
class Formats:
    """How one language writes things."""

    language: str

    def money(self, amount: Decimal | None) -> str:
        """An amount with two decimals, more where it has more; empty for none."""
        if amount is None:
            return ""
        pattern = "#,##0.00" if amount == round(amount, 2) else "#,##0.00##"
        return numbers.format_decimal(amount, pattern, locale=self.language)

    def number(self, number: int | Decimal | None) -> str:
        return "" if number is None else numbers.format_decimal(number, locale=self.language)

    def day(self, day: date | None) -> str:
        """A date of the books: 31 Dec 2025."""
        return "" if day is None else f"{day.day} {_months(self.language)[day.month]} {day.year}"

    def moment(self, moment: datetime | None) -> str:
        """A moment on the clock of :data:`ZONE`, to the minute."""
        if moment is None:
            return ""
        local = moment.astimezone(ZONE)
        return f"{self.day(local.date())} {local:%H:%M}"

    def age(self, moment: datetime | None, now: datetime) -> str:
        """How long ago: 3 hours ago."""
        if moment is None:
            return ""
        return dates.format_timedelta(moment - now, add_direction=True, locale=self.language, threshold=1.2)

    def duration(self, seconds: float) -> str:
        """How long: 5 seconds."""
        return dates.format_timedelta(timedelta(seconds=seconds), locale=self.language, threshold=1.2)
