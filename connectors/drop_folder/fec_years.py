"""The fiscal years that FEC files stand for, and their opening entries: neither is written in the format.

The closing date comes from the file's name, the first day from what the entries and the file before tell. The name is
not believed against the entries: where no entry lies near it, the entries' own months count, and that is noted.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from connectors.contract import FiscalYear
from connectors.drop_folder.folder import FecFile
from connectors.drop_folder.inferred import OPENING_JOURNAL_CODES, OPENING_JOURNAL_NAME
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

LONGEST_MONTHS = 24


@dataclass(frozen=True)
class Span:
    """Dates in one FEC: of its movements, and the last date in its opening journals. None where it has none."""

    first: date | None
    last: date | None
    opened: date | None


def choose(files: Sequence[FecFile], bench: Workbench) -> list[FecFile]:
    """One file per closing date, oldest first: of two exports of a year the newer one counts, which is noted.

    Raises BadFile where the names tell of two companies.
    """
    sirens = sorted({file.siren for file in files if file.siren})
    if len(sirens) > 1:
        raise BadFile(
            f"the FEC files are of two companies: SIREN {' and '.join(sirens)}",
            next_step="Give each company a folder of its own and sync again.",
        )
    newest: dict[date | str, FecFile] = {}
    for file in sorted(files, key=lambda file: (file.modified_ns, file.path.name)):
        key = file.closing or file.path.name
        if older := newest.get(key):
            bench.note(
                "older_export", f"{older.path.name} is left out: {file.path.name} is a newer export of that year"
            )
        newest[key] = file
    return sorted(newest.values(), key=lambda file: (file.closing or date.max, file.path.name))


def mark_openings(bench: Workbench, file: str) -> Span:
    """Sets ``kind`` to ``opening`` for entries of opening journals, and tells the dates of the file.

    An opening journal has an opening journal's code or name, or numbers like OUVERTURE/2024; where none has, it is a
    journal that holds nothing but balance accounts, equity among them, on the file's first day.
    """
    codes = ", ".join(literal(code) for code in OPENING_JOURNAL_CODES)
    plain = "lower(strip_accents(coalesce(journal_name, '')))"
    bench.db.execute(
        f"""UPDATE lines SET kind = 'opening' WHERE file = ? AND (upper(journal) IN ({codes})
            OR regexp_matches({plain}, {literal(OPENING_JOURNAL_NAME)}) OR upper(entry) LIKE 'OUVERTURE%')""",
        [file],
    )
    if not bench.row("SELECT count(*) FROM lines WHERE file = ? AND kind = 'opening'", [file])[0]:
        bench.db.execute(
            """UPDATE lines SET kind = 'opening' WHERE file = $1 AND journal IN (
                SELECT journal FROM lines WHERE file = $1 GROUP BY journal
                HAVING bool_and(account < '6') AND bool_or(account LIKE '1%') AND min(date) = max(date)
                    AND max(date) = (SELECT min(date) FROM lines WHERE file = $1)
                    AND count(DISTINCT account) >= 3)""",
            [file],
        )
    return Span(
        *bench.row(
            """SELECT min(date) FILTER (kind IS NULL), max(date) FILTER (kind IS NULL),
                max(date) FILTER (kind = 'opening') FROM lines WHERE file = ?""",
            [file],
        )
    )


def fiscal_year(file: FecFile, span: Span, before: date | None, bench: Workbench) -> FiscalYear:
    """The year of one file, ``before`` being the closing date of the file before it.

    The label is the year in which it ends; :func:`relabel` tells years apart that end in the same one.
    """
    name, closing = file.path.name, file.closing
    first, last = span.first or span.opened, span.last or span.opened
    if first is None or last is None:
        raise BadFile("the file holds no entries", subject=name)
    if closing is None:
        closing = _month_end(last)
        bench.note("name_without_date", f"{name}: the name gives no closing date; {closing} follows from the entries")
    elif not (_months_before(closing, LONGEST_MONTHS) < last and first <= closing):
        bench.note(
            "name_does_not_fit",
            f"{name}: the name says {closing}, its entries run from {first} to {last}; the entries are believed",
        )
        closing = _month_end(last)
    start = _first_day(closing, first, span.opened)
    if before is not None and start != before + timedelta(days=1):
        start = _next_to(before, start, bench, name)
    if start <= _months_before(closing, LONGEST_MONTHS):
        bench.note("long_year", f"{name}: the year runs from {start} to {closing}, more than {LONGEST_MONTHS} months")
    return FiscalYear(f"{closing:%Y}", start, closing)


def relabel(years: Sequence[FiscalYear]) -> list[FiscalYear]:
    """The same years with the closing date as label where two of them end in one calendar year."""
    times = Counter(year.label for year in years)
    return [
        FiscalYear(f"{year.end:%Y-%m-%d}" if times[year.label] > 1 else year.label, year.start, year.end, year.closed)
        for year in years
    ]


def settle(bench: Workbench, file: str, year: FiscalYear) -> None:
    """Gives the file's lines their year. Entries of opening journals after the first day are movements."""
    bench.db.execute(
        "UPDATE lines SET year = $1, kind = CASE WHEN date <= $2 THEN kind END WHERE file = $3",
        [year.label, year.start, file],
    )
    outside = bench.row(
        "SELECT count(*) FROM lines WHERE file = ? AND kind IS NULL AND date NOT BETWEEN ? AND ?",
        [file, year.start, year.end],
    )[0]
    bench.note("dates_outside_year", f"{file}: entries dated outside {year.start} to {year.end} stay there", outside)


def _first_day(closing: date, first: date, opened: date | None) -> date:
    """Twelve months, unless entries before them or the opening day tell of a longer or shorter year."""
    usual = _months_before(closing, 12) + timedelta(days=1)
    if opened is not None and opened <= first and (opened > usual or first < usual):
        return opened
    return first.replace(day=1) if first < usual else usual


def _next_to(before: date, start: date, bench: Workbench, name: str) -> date:
    """A year starts the day after the one before closed; where a year or more lies between, a file is missing."""
    following = before + timedelta(days=1)
    if start <= before or _months_before(start, 12) < before:
        return following
    bench.note("missing_year", f"{name}: there is no FEC for the time from {following} to {start - timedelta(days=1)}")
    return start


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _months_before(day: date, months: int) -> date:
    """``months`` before ``day``; the end of a month stays one."""
    place = day.year * 12 + day.month - 1 - months
    year, month = place // 12, place % 12 + 1
    last = monthrange(year, month)[1]
    return date(year, month, last if day == _month_end(day) else min(day.day, last))
