"""What Venice's SDK tells of a dossier, written as the files of a drop folder.

The objects are those of the COM interface ``ClSdk.Venice``, or any others with the same members (seen in public code):
a dossier with its years, and cursors over entries, accounts and parties. Names that only follow a pattern are those of
:mod:`connectors.venice.inferred`. Nothing here knows COM.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from connectors.venice.inferred import DESCRIPTIONS, NO_DATE, PARTY_FIELDS
from foundation.errors import BadFile, Busy, ReportABug, VendorDown

LINES = ("journal", "document", "line_no", "date", "period", "account", "description", "amount")
_OK, _END_OF_FILE, _NO_LICENCE = 0, 9, 161
_CENT = Decimal("0.01")
_CONTROLS = re.compile(r"[\x00-\x1f]+")
Row = Sequence[object]


def dump(dossier: Any, folder: Path, first: int, language: str = "nld") -> int:
    """Writes the dossier into ``folder`` and answers how many lines it has. ``first`` is the SDK's constant smFirst.

    Each file replaces the one before when it is whole, and the marker READY comes last: until then a reader waits.
    Raises Busy where the licence has no place, VendorDown where the engine stops in the middle.
    """
    folder.mkdir(parents=True, exist_ok=True)
    years = [(str(year), dossier.CreateYearContext(year)) for year in dossier.GetYears()]
    bounds = {label: (_needed(context.vBegin), _needed(context.vEnd)) for label, context in years}
    firm = dossier.CreateFirm()
    about = {
        "code": dossier.vDirectory,
        "name": dossier.vName or firm.pName,
        "vat_number": _CONTROLS.sub("", re.sub(r"[ .]", "", str(firm.pVatNum or ""))),
        "country": firm.pCountryCode or "BE",
        "currency": dossier.vCurrency,
    }
    _write(folder / "dossier.csv", ("key", "value"), about.items())
    _write(
        folder / "fiscal_years.csv",
        ("label", "start_date", "end_date", "periods"),
        [(label, begin, end, month_of(end, begin)) for label, (begin, end) in bounds.items()],
    )
    accounts = (
        (_text(card, "Number"), _text(card, DESCRIPTIONS[language])) for card in _cards(dossier.CreateAccnt, first)
    )
    _write(folder / "accounts.csv", ("number", "name"), accounts)
    _write(folder / "parties.csv", ("code", "kind", "name", "vat_number", "country"), _parties(dossier, first))
    lines = 0
    for label, context in years:
        begin, _ = bounds[label]
        lines += _write(folder / f"lines_{label}.csv", LINES, _lines(_cards(context.CreateEntry, first), begin))
    for left in folder.glob("lines_*.csv"):
        if left.stem.removeprefix("lines_") not in bounds:  # a year that was removed from the dossier
            left.unlink()
    (folder / "READY").write_bytes(b"")
    return lines


def month_of(day: date, begin: date) -> int:
    """The month of a year that began at ``begin``, counted from 1; an extended year has up to 25."""
    return (day.year - begin.year) * 12 + day.month - begin.month + 1


def _lines(entries: Iterable[Any], begin: date) -> Iterator[Row]:
    """The movements of a year: what was carried over from an older one repeats its entries, and is left out."""
    for entry in entries:
        if entry.pAccYearOrg:
            continue
        day = _needed(entry.pBookDate)
        yield (
            _text(entry, "Book"),
            entry.pDocNum,
            entry.vLineNum,
            day,
            month_of(day, begin),
            _text(entry, "Account"),
            entry.pRemark,
            _money(entry.pAmountDosC),
        )


def _parties(dossier: Any, first: int) -> Iterator[Row]:
    for kind, create in (("customer", dossier.CreateCustm), ("supplier", dossier.CreateSuppl)):
        for card in _cards(create, first):
            number, sub, name, vat, country = (_text(card, name) for name in PARTY_FIELDS)
            code = f"{number}/{sub}" if sub not in ("", "0") else number
            yield code, kind, name, re.sub(r"[ .]", "", vat), country


def _cards(create: Any, first: int) -> Iterator[Any]:
    """A cursor at each of its records, by their numbers; it is left at the first one, which sets the others free."""
    cursor = create(False)
    try:
        found = cursor.SeekBySysNum(first, 0)
        while found:
            yield cursor
            found = cursor.GetNext()
        status = cursor.GetDBStatus()
        if status == _NO_LICENCE:
            raise Busy("all users of Venice's licence are at work", next_step="Dump again later.")
        if status not in (_OK, _END_OF_FILE):
            raise VendorDown(f"Venice's engine stops in the middle of a table (status {status})")
    finally:
        cursor.SeekBySysNum(first, 0)


def _text(card: Any, name: str) -> str:
    return str(card.GetFieldStr(card.GetFieldID(name)) or "").strip()


def _money(value: Any) -> Decimal:
    """An amount to the cent. The SDK gives doubles, whose shortest text has any noise behind the cents."""
    try:
        return Decimal(str(value)).quantize(_CENT)
    except InvalidOperation:
        raise ReportABug("Venice tells an amount that is none") from None


def _needed(moment: Any) -> date:
    """The day of a COM date as it is written there, whatever time zone it claims. Raises BadFile for none."""
    day = date(moment.year, moment.month, moment.day) if moment else NO_DATE
    if day <= NO_DATE:
        raise BadFile("Venice tells no date where there must be one", next_step="Check the dossier in Venice.")
    return day


def _write(path: Path, headings: Row, rows: Iterable[Row]) -> int:
    """Writes a file beside its place and puts it there when it is whole; answers how many rows it has."""
    beside, count = path.with_name(f".{path.name}.part"), 0
    with beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(headings)
        for row in rows:
            writer.writerow(["" if cell is None else _CONTROLS.sub(" ", str(cell)) for cell in row])
            count += 1
    os.replace(beside, path)
    return count
