"""Spreadsheets (.xlsx) in place of any CSV of the contract: the first sheet that is shown, as clean text, row for row.

Formulas are never evaluated: the values count that the program which saved the file left with them, and a formula
without one is refused. Numbers are kept with Excel's own precision of 15 digits, so that no amount goes through binary
arithmetic. A file is looked through before it is opened: bombs and document types are refused.
"""

from __future__ import annotations

import csv
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from connectors.drop_folder.headings import TOP_ROWS
from foundation.errors import BadFile

ENDING = ".xlsx"
SEPARATOR = "\t"
MOST_MEMBERS = 5_000
MOST_BYTES = 4 << 30
MOST_GROWTH = 250
"""How many times its packed size a part may have; sheets of a ledger have 10 to 50 times."""
_SMALL = 16 << 20  # parts up to here may grow as they like
_CHUNK = 1 << 20
_OVERLAP = 32
_OLE = b"\xd0\xcf\x11\xe0"
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_FORMULA = re.compile(rb"<(\w+:)?f[ >/]")
_AGAIN = "Save it again from the spreadsheet program, or export it as CSV; the figures of the last good sync stand."


def write_text(source: Path, target: Path) -> list[str]:
    """Writes the first visible sheet of ``source`` to ``target``: UTF-8, TAB between cells, a line for each row.

    Dates are written yyyy-mm-dd. Cells beyond those of the rows in which headings may stand are left out: nothing
    could be read from them. Answers the names of other sheets that are shown. Raises BadFile for a file that is no
    sound spreadsheet, and naming the cell of a formula without a value.
    """
    formulas = _looked_through(source)
    try:
        with ExitStack() as opened, target.open("w", encoding="utf-8", newline="") as out:
            rows, others = _sheet(opened, source, formulas=formulas)
            top = list(islice(rows, TOP_ROWS))
            width = max((number for row in top for number, cell in enumerate(row, start=1) if cell), default=1)
            writer = csv.writer(out, delimiter=SEPARATOR, lineterminator="\n")
            writer.writerows([*row[:width], *[""] * (width - len(row))] for row in chain(top, rows))
            return others
    except BadFile:
        raise
    except Exception as error:  # whatever a damaged part makes the library stumble over
        told = f"the spreadsheet is damaged ({type(error).__name__})"
        raise BadFile(told, subject=source.name, next_step=_AGAIN) from error


def _looked_through(source: Path) -> bool:
    """Whether any sheet holds formulas. Raises BadFile for what is no spreadsheet, or would be dangerous to open."""
    with source.open("rb") as stream:
        start = stream.read(4)
    if start == _OLE:
        raise BadFile(
            "it is protected by a password, or an old .xls under another name", subject=source.name, next_step=_AGAIN
        )
    formulas = False
    try:
        with zipfile.ZipFile(source) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_MEMBERS or sum(part.file_size for part in parts) > MOST_BYTES:
                raise _bomb(source)
            for part in parts:
                if part.file_size > max(_SMALL, MOST_GROWTH * part.compress_size):
                    raise _bomb(source)
                if part.filename.lower().endswith((".xml", ".rels")):
                    looks_for = _FORMULA if _SHEET.fullmatch(part.filename) else None
                    formulas |= _scan(packed, part, source, looks_for)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BadFile(
            f"it is no spreadsheet, or was cut off ({type(error).__name__})", subject=source.name, next_step=_AGAIN
        ) from error
    return formulas


def _bomb(source: Path) -> BadFile:
    return BadFile("unpacked it would be far larger than any ledger", subject=source.name, next_step=_AGAIN)


def _scan(packed: zipfile.ZipFile, part: zipfile.ZipInfo, source: Path, wanted: re.Pattern[bytes] | None) -> bool:
    """Whether ``wanted`` occurs in a part. Raises BadFile for a document type, in which entities could hide."""
    found, kept = False, b""
    with packed.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text = kept + chunk.replace(b"\0", b"")  # UTF-16 as well
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise BadFile(
                    "a part of it declares a document type, which no spreadsheet program writes",
                    subject=source.name,
                    next_step=_AGAIN,
                )
            found = found or bool(wanted and wanted.search(text))
            kept = text[-_OVERLAP:]
    return found


def _sheet(opened: ExitStack, source: Path, *, formulas: bool) -> tuple[Iterator[list[str]], list[str]]:
    """The rows of the first visible sheet as texts, and the names of the other visible ones."""
    book = _open(opened, source, data_only=True)
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not shown:
        raise BadFile("none of its sheets is shown", subject=source.name, next_step=_AGAIN)
    shown[0].reset_dimensions()  # programs state them wrongly
    rows: Iterator[Sequence[Any]] = shown[0].iter_rows(values_only=True)
    if formulas:
        told = _open(opened, source, data_only=False)[shown[0].title]
        told.reset_dimensions()
        rows = _with_values(source, rows, told.iter_rows())
    return ([_text(cell) for cell in row] for row in rows), [sheet.title for sheet in shown[1:]]


def _open(opened: ExitStack, source: Path, *, data_only: bool) -> Any:
    from openpyxl import load_workbook  # late: it takes longer than most dossiers, of which few hold a spreadsheet

    # The library leaves a file open that it opened itself and could not read; Windows would not let it be removed.
    stream = opened.enter_context(source.open("rb"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and extensions that are not kept
        book = load_workbook(stream, read_only=True, data_only=data_only, keep_links=False)
    opened.callback(book.close)
    return book


def _with_values(source: Path, rows: Iterator[Sequence[Any]], told: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """``rows``, once it is seen that each formula of the same cells as they were ``told`` has a value."""
    for number, (values, cells) in enumerate(zip_longest(rows, told, fillvalue=()), start=1):
        for value, cell in zip(values, cells, strict=False):
            if value is None and cell.data_type == "f":
                raise BadFile(
                    f"row {number}: the formula in cell {cell.coordinate} has no value; formulas are not evaluated",
                    subject=source.name,
                    next_step="Open it in the spreadsheet program and save it, or export values in place of formulas.",
                )
        yield values


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case int():
            return str(value)
        case float():
            return _number(value)
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case _:
            return " ".join(str(value).split())


def _number(value: float) -> str:
    """A number as its digits: ``1234.5`` as 1234.50, so that three decimals are never taken for thousands."""
    exact = Decimal(format(value, ".15g"))
    if exact == exact.to_integral_value():
        return f"{exact:.0f}"
    places = max(2, -int(exact.as_tuple().exponent))
    return f"{exact:.{4 if places == 3 else places}f}"
