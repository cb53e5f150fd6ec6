"""Reports as tables of nested sections, as some cloud packages tell their balances: flattened, with exact amounts.

Two grammars are known. In Xero's, ``Rows`` are headers, sections (with ``Title`` and ``Rows``), rows and summary rows,
each with ``Cells``; a cell's ``Attributes`` tell what it speaks of. In QuickBooks', ``Rows.Row`` are data rows with
``ColData`` and sections with ``Header``, ``Rows`` and ``Summary``; a cell's ``id`` tells. Both become
:class:`ReportLine`\\ s, in reading order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa

from connectors.json_pages import MONEY, pc
from foundation.errors import ReportABug

LineKind = Literal["header", "row", "summary"]
_AMOUNT = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?")
_DIGITS = r"^-?[0-9]+(\.[0-9]+)?$"
_EXACT = pa.decimal128(38, 10)
_KINDS: Mapping[str, LineKind] = {"Header": "header", "Row": "row", "SummaryRow": "summary"}


@dataclass(frozen=True)
class ReportCell:
    """A cell: its text as told, and what it speaks of, by the vendor's own names (``account``, ``id``)."""

    text: str
    about: Mapping[str, str]

    @property
    def amount(self) -> Decimal:
        """Its number, zero where it is empty. Raises ReportABug for a text that is none."""
        return report_amount(self.text)


@dataclass(frozen=True)
class ReportLine:
    """A line of the table below the sections ``path`` (outermost first; sections without a title are left out)."""

    kind: LineKind
    path: tuple[str, ...]
    cells: tuple[ReportCell, ...]


def lines_of_rows(rows: Any, path: tuple[str, ...] = ()) -> Iterator[ReportLine]:
    """The lines of ``Rows`` in Xero's grammar. Raises ReportABug for another."""
    for row in _objects(rows, "Rows"):
        kind = _text(row.get("RowType"))
        if kind == "Section":
            title = _text(row.get("Title")).strip()
            yield from lines_of_rows(row.get("Rows") or [], (*path, title) if title else path)
        elif kind in _KINDS:
            cells = _objects(row.get("Cells") or [], "Cells")
            yield ReportLine(_KINDS[kind], path, tuple(_cell(cell) for cell in cells))
        else:
            raise ReportABug(f"a report has rows of an unknown type {kind!r}")


def lines_of_columns(rows: Any, path: tuple[str, ...] = ()) -> Iterator[ReportLine]:
    """The lines of ``Rows`` in QuickBooks' grammar; a section's own header row is a line of kind ``header``."""
    inner = rows.get("Row") if isinstance(rows, dict) else rows
    for row in _objects(inner or [], "Row"):
        below = path
        if "Header" in row:
            header = _columns(row["Header"])
            title = header[0].text.strip() if header else ""
            below = (*path, title) if title else path
            yield ReportLine("header", path, header)
        if "Rows" in row:
            yield from lines_of_columns(row["Rows"], below)
        if "ColData" in row:
            yield ReportLine("row", path, _columns(row))
        if "Summary" in row:
            yield ReportLine("summary", below, _columns(row["Summary"]))


def report_amount(text: str) -> Decimal:
    """The amount of a cell: ``1,234.50``, ``-.5``, ``(12.00)`` for a negative one; an empty text is zero.

    Raises ReportABug for anything else, such as a decimal comma.
    """
    plain = text.strip()
    if not plain:
        return Decimal(0)
    negative = plain.startswith("(") and plain.endswith(")")
    digits = plain[1:-1] if negative else plain
    if not (_AMOUNT.fullmatch(digits) and any(each.isdigit() for each in digits) and digits.isascii()):
        raise ReportABug(f"a report holds {text[:40]!r} where an amount is expected")
    value = Decimal(digits.replace(",", ""))
    return -value if negative else value


def report_amounts(texts: pa.Array) -> pa.Array:
    """The amounts of a column of cells, as decimals with four places, read as :func:`report_amount` reads one.

    Raises ReportABug where a text is no amount.
    """
    plain = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    plain = pc.if_else(pc.equal(plain, ""), "0", plain)
    if not pc.all(pc.match_substring_regex(plain, _DIGITS), min_count=0).as_py():  # as most reports have them
        plain = _digits(plain)
    return pc.cast(pc.round(pc.cast(plain, _EXACT), 4, "half_towards_infinity"), MONEY)


def _digits(plain: pa.Array) -> pa.Array:
    """Amounts without grouping and brackets. Raises ReportABug for a text that is none."""
    signed = pc.replace_substring_regex(plain, r"^\(([^()-]*)\)$", r"-\1")
    fits = pc.match_substring_regex(signed, r"^-?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)?(\.[0-9]*)?$")
    good = pc.and_(fits, pc.match_substring_regex(signed, "[0-9]"))
    if not pc.all(good, min_count=0).as_py():
        strange = plain.filter(pc.invert(good))[0].as_py()
        raise ReportABug(f"a report holds {strange[:40]!r} where an amount is expected")
    return pc.replace_substring(signed, ",", "")


def _objects(found: Any, name: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ReportABug(f"a report's {name} are no list of objects")
    return found


def _cell(cell: Mapping[str, Any]) -> ReportCell:
    about = {_text(each.get("Id")): _text(each.get("Value")) for each in cell.get("Attributes") or []}
    return ReportCell(_text(cell.get("Value")), about)


def _columns(row: Any) -> tuple[ReportCell, ...]:
    cells = _objects((row or {}).get("ColData") or [], "ColData")
    return tuple(
        ReportCell(_text(cell.get("value")), {"id": _text(cell["id"])} if "id" in cell else {}) for cell in cells
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
