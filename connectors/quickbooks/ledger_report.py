"""The general ledger report: nested sections of text cells, as rows of one table.

Sections are walked one by one, their rows decoded together. A section belongs to the account of its header; one without
a header (a parent account's own postings) to the account of the section around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from connectors.json_pages import PageDecoder, PageShape, pc
from connectors.report_tables import report_amounts
from foundation.errors import ReportABug

from . import resources as r
from .inferred import CUT_SHORT

BOTH = ("account_name", "tx_date", "txn_type", "doc_num", "name", "memo", "tax_code")
AMOUNTS = {False: ("debt_amt", "credit_amt"), True: ("debt_home_amt", "credit_home_amt")}
FOREIGN = ("currency", "nat_foreign_amount")

_EMPTY = msgspec.Raw(b"null")
_CELL = pa.struct([("value", pa.string()), ("id", pa.string())])
_ROWS = pa.schema([("rows", pa.list_(pa.struct([("ColData", pa.list_(_CELL))])))])
_DECODER = PageDecoder(_ROWS, PageShape(""))
_DAY = r"^\d{4}-\d{2}-\d{2}$"


class _Cell(msgspec.Struct):
    value: str | None = None
    id: str | None = None


class _Cells(msgspec.Struct):
    ColData: list[_Cell] = []


class _Inner(msgspec.Struct):
    Row: msgspec.Raw = _EMPTY


class _Node(msgspec.Struct):
    Header: _Cells | None = None
    Rows: _Inner | None = None
    ColData: msgspec.Raw = _EMPTY


class _Meta(msgspec.Struct):
    Name: str = ""
    Value: str = ""


class _Column(msgspec.Struct):
    ColType: str = ""
    MetaData: list[_Meta] = []

    @property
    def key(self) -> str:
        """The column's key: in its metadata (seen without a name, too), or else as its type."""
        told = [meta.Value for meta in self.MetaData if meta.Name in ("ColKey", "")]
        return told[0] if told else self.ColType


class _Columns(msgspec.Struct):
    Column: list[_Column] = []


class _Report(msgspec.Struct):
    Columns: _Columns
    Rows: _Inner | None = None


@dataclass(frozen=True)
class LedgerReport:
    """Lines of the ledger (resources.TOLD_LINES), and whether the vendor left some out because there are too many."""

    lines: pa.Table
    cut: bool


@dataclass(frozen=True)
class _Section:
    account: str | None
    name: str
    rows: bytes


def columns_asked(*, multi_currency: bool) -> tuple[str, ...]:
    """The columns to ask for; those of the other kind of company would come empty, without an error."""
    return (*BOTH, *AMOUNTS[multi_currency], *(FOREIGN if multi_currency else ()))


def read_report(body: bytes, names: Mapping[str, str], *, multi_currency: bool) -> LedgerReport:
    """The lines of a report. ``names`` gives the id of an account that is told by its name alone.

    Raises ReportABug for a report without the columns that are needed, or of another grammar.
    """
    try:
        told = msgspec.json.decode(body, type=_Report)
        sections = list(_sections(told.Rows.Row if told.Rows else _EMPTY, None, ""))
    except msgspec.ValidationError as error:
        raise ReportABug(f"QuickBooks sent a general ledger of another form ({error})") from None
    keys = [column.key for column in told.Columns.Column]
    missing = [name for name in ("tx_date", "txn_type", *AMOUNTS[multi_currency]) if name not in keys]
    if missing and sections:
        raise ReportABug(f"QuickBooks sent a general ledger without the column {missing[0]}")
    if not sections:
        return LedgerReport(r.TOLD_LINES.empty_table(), cut=False)
    return _lines(sections, keys, names, AMOUNTS[multi_currency])


def _sections(rows: msgspec.Raw | bytes, account: str | None, name: str) -> Iterator[_Section]:
    """Lists of data rows alone, with their account."""
    text = bytes(rows)
    if text in (b"null", b"[]"):
        return
    if not any(mark in text for mark in (b'"Rows"', b'"Header"', b'"Summary"')):
        yield _Section(account, name, text)
        return
    loose: list[bytes] = []
    for node in msgspec.json.decode(text, type=list[_Node]):
        if bytes(node.ColData) != b"null":
            loose.append(b'{"ColData":%s}' % bytes(node.ColData))
        if node.Rows:
            head = node.Header.ColData[0] if node.Header and node.Header.ColData else None
            inside = (head.id or None, head.value or "") if head else (account, name)
            yield from _sections(node.Rows.Row, *inside)
    if loose:
        yield _Section(account, name, b"[%s]" % b",".join(loose))


def _lines(
    sections: Sequence[_Section], keys: Sequence[str], names: Mapping[str, str], amounts: tuple[str, str]
) -> LedgerReport:
    body = b"[%s]" % b",".join(b'{"rows":%s}' % section.rows for section in sections)
    try:
        lists = _DECODER.decode(body).rows.column("rows")
    except ValueError as error:
        raise ReportABug("QuickBooks sent a general ledger of another form") from error
    place = pc.list_parent_indices(lists)
    cells = pc.struct_field(lists.flatten(), "ColData")
    cut = _tells_more(cells)
    whole = pc.fill_null(pc.equal(pc.list_value_length(cells), len(keys)), fill_value=False)
    place, cells = place.filter(whole), cells.filter(whole)
    flat = cells.flatten()
    fields = {name: pc.struct_field(flat, name) for name in ("value", "id")}
    first = np.arange(0, len(flat), len(keys))

    def column(name: str, field: str = "value") -> pa.Array:
        if name not in keys:
            return pa.nulls(len(cells), pa.string())
        return fields[field].take(pa.array(first + keys.index(name)))

    accounts = pa.array([section.account or names.get(section.name) for section in sections], pa.string())
    titles = pa.array([section.name for section in sections], pa.string())
    title = pc.if_else(pc.equal(titles.take(place), ""), column("account_name"), titles.take(place))
    account = pc.coalesce(accounts.take(place), _filled(column("account_name", "id")), title)
    day, kind = column("tx_date"), column("txn_type")
    # What has no day is no line: the balance that an account begins with, in whatever language.
    booked = pc.fill_null(pc.match_substring_regex(day, _DAY), fill_value=False)
    told = {
        "AccountId": account,
        "AccountName": title,
        "tx_date": day,
        "txn_type": kind,
        "TxnId": _filled(column("txn_type", "id")),
        "NameId": _filled(column("name", "id")),
        **{name: column(name) for name in ("doc_num", "name", "memo", "tax_code", "currency")},
    }
    table = pa.table(told).filter(booked)
    money = {"Debit": amounts[0], "Credit": amounts[1], "Foreign": FOREIGN[1]}
    for name, key in money.items():
        table = table.append_column(name, report_amounts(column(key).filter(booked)))
    return LedgerReport(table.select(r.TOLD_LINES.names).cast(r.TOLD_LINES).combine_chunks(), cut)


def _tells_more(cells: pa.Array) -> bool:
    """Whether a row says, wherever it stands, that there is more than the report may hold."""
    texts = pc.struct_field(cells.flatten(), "value")
    return bool(pc.any(pc.starts_with(texts, CUT_SHORT), min_count=0).as_py())


def _filled(column: pa.Array) -> pa.Array:
    """Empty texts as nulls."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
