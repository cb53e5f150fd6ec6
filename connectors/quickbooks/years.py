"""Which fiscal years a company has: the vendor keeps no list of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from .balances import Balances
from .calendar import Span
from .inferred import MOST_YEARS
from .ledger import LedgerReader
from .wire import Company


def find_years(company: Company, ledger: LedgerReader, balances: Balances) -> list[Span]:
    """The fiscal years of a company, oldest first: from that in which it began, or an earlier one with bookings, to the
    present one, or a later one with bookings. Before the first, no account has a balance, and for two years nothing
    was booked."""
    rule, today = company.rule, company.moment.date()
    first = rule.year(min(company.started, today))
    while today.year - first.start.year < MOST_YEARS:
        year = rule.before(first)
        if not balances.any_at(first.eve) and ledger.is_empty(Span(rule.before(year).start, year.end)):
            break
        first = year
    return rule.years(first.start, last_day(company, ledger))


def last_day(company: Company, ledger: LedgerReader) -> date:
    """The end of the present year, or of a later one, if years with bookings lead there."""
    present = last = company.rule.year(company.moment.date())
    while last.end.year - present.end.year < MOST_YEARS:
        later = company.rule.after(last)
        if ledger.is_empty(later):
            break
        last = later
    return last.end


def last_day_with(company: Company, last: date, booked: Iterable[date]) -> date:
    """The same, where years up to ``last`` are known, and the days on which something was booked lately."""
    year, days = company.rule.year(max(last, company.moment.date())), list(booked)
    while any(year.end < day <= company.rule.after(year).end for day in days):
        year = company.rule.after(year)
    return year.end
