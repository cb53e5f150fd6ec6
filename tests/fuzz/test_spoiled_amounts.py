"""An amount that is none is told with its file, and with the row, line or record in which it stands."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from connectors.sage_bob.adt import AdtTable
from connectors.winbooks.dbf import Table
from foundation.errors import BadFile
from tests.fuzz.books import EXAMPLES, SEED, Books, opened
from tests.fuzz.rooms import ROOMS

Spoil = Callable[[Path, random.Random], str]
"""Makes one amount of a file unreadable; answers how its place is told."""

_AMOUNT = rb"(?<=[;,\t|\"])-?[0-9]+[.,][0-9]{2}(?=[;,\t|\"\r\n])"


def text(place: str) -> Spoil:
    def spoil(path: Path, chance: random.Random) -> str:
        data = path.read_bytes()
        found = chance.choice(list(re.finditer(_AMOUNT, data)))
        path.write_bytes(data[: found.start()] + b"1O" + data[found.end() :])
        number = data[: found.start()].count(b"\n") + 1
        return f"{place} {number}"

    return spoil


def fixed_width(path: Path, chance: random.Random) -> str:
    lines = path.read_bytes().split(b"\r\n")
    number = chance.randrange(len(lines) - 1)
    lines[number] = lines[number].replace(b".", b"x", 1)
    path.write_bytes(b"\r\n".join(lines))
    return f"line {number + 1}"


def xml(line: str, entry: str) -> Spoil:
    """The amount of one of the elements ``line``, which stands behind the number of its ``entry``."""

    def spoil(path: Path, chance: random.Random) -> str:
        data = path.read_bytes()
        element = chance.choice(list(re.finditer(rf"<({line})>.*?</\1>".encode(), data, re.DOTALL)))
        amount = re.search(rb"(?<=>)-?[0-9]+\.[0-9]{2}(?=<)", element[0])
        assert amount
        at = element.start() + amount.start()
        path.write_bytes(data[:at] + b"1O" + data[at + len(amount[0]) :])
        number = re.findall(entry.encode() + rb"([^<]*)<", data[:at])[-1]
        return f"transaction {number.decode()}, line"

    return spoil


def dbf(path: Path, chance: random.Random) -> str:
    data = bytearray(path.read_bytes())
    _, start, width = struct.unpack("<IHH", data[4:12])
    table = Table(path)
    field, number = table.fields["AMOUNTEUR"], chance.randrange(table.rows - 8)  # the last ones lie about, unread
    at = start + number * width + field.offset
    data[at : at + field.length] = b"1O".rjust(field.length)
    path.write_bytes(data)
    return f"row {number + 1}"


def adt(path: Path, chance: random.Random) -> str:
    data = bytearray(path.read_bytes())
    start, width = struct.unpack_from("<II", data, 32)
    table = AdtTable(path)
    field, number = table.fields["HAMOUNT"], chance.randrange(table.rows - 4)
    at = start + number * width + field.offset
    data[at : at + 8] = struct.pack("<d", float("inf"))
    path.write_bytes(data)
    return f"row {number + 1}"


def spreadsheet(path: Path, chance: random.Random) -> str:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    rows = [cell for row in sheet.iter_rows() for cell in row]
    sides = {cell.column for cell in rows if cell.value in ("debit", "credit")}
    amounts = [cell for cell in rows if cell.column in sides and isinstance(cell.value, int | float)]
    cell = chance.choice(amounts)
    cell.value = "1O"
    book.save(path)
    return f"line {cell.row}"


_XAF = xml("trLine", r"<transaction>\s*<nr>")
SPOILS: dict[str, Spoil] = {
    "winbooks": dbf,
    "winbooks_small": dbf,
    "sage_bob": adt,
    "sage_bob_csv": text("row"),
    "sage50_trail": text("row"),
    "sage50_tables": text("row"),
    "sage50_fec": text("line"),
    "topaccount": spreadsheet,
    "oras_xaf_3_2": _XAF,
    "briljant_xaf_4_0": _XAF,
    "older_xaf": _XAF,
    "cegid_fec": text("line"),
    "faia": xml("DebitLine|CreditLine|Line", "<TransactionID>"),
    "first": text("line"),
    "accon": fixed_width,
}


@pytest.fixture(scope="module", params=ROOMS)
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    return opened(request.param, tmp_path_factory)


@seed(SEED)
@settings(max_examples=max(2, EXAMPLES // 8), database=None)
@given(places=st.integers(0, 1_000_000))
def test_an_amount_that_is_none_is_told_with_file_and_row(books: Books, places: int) -> None:
    chance = random.Random(places)
    spoil, name = SPOILS.get(books.name, text("line")), chance.choice(books.ledgers)
    path = books.root / name
    try:
        place = spoil(path, chance)
        books.mark_ready()
        refusal = books.read().refusal
    finally:
        books.restore(name)
    assert isinstance(refusal, BadFile)
    assert re.search(rf"^{re.escape(path.name)}: .*\b{place}\b", str(refusal)), (place, str(refusal))
