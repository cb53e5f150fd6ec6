"""Browse codes 030_3 (ledger lines), 040_1 (totals), 100 and 200 (lines of customers, of suppliers): which
columns there are, which may filter, what comes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from lxml import etree

from connectors.sandbox.company import Line

from .books import OFFICE, Books, Key, period_of
from .knobs import Knobs

_HEAD, _LINE = "fin.trs.head.", "fin.trs.line."
_COLUMN = ("field", "label", "visible", "ask", "operator", "from", "to", "finderparam")
_YEAR_PERIOD, _MODIFIED, _STATUS = _HEAD + "yearperiod", _HEAD + "modified", _HEAD + "status"
_GROUPS = {f"{_LINE}dim1group{n}": "String" for n in range(1, 6)}
_COMMON = {
    _HEAD + "office": "String",
    _HEAD + "year": "Number",
    _HEAD + "period": "Number",
    _YEAR_PERIOD: "String",
    _STATUS: "String",
    _LINE + "dim1": "String",
    _LINE + "dim1name": "String",
    _LINE + "dim1type": "String",
    _LINE + "basevaluesigned": "Value",
    _LINE + "debitcredit": "String",
} | _GROUPS
_OPEN_ITEMS = {
    _HEAD + "office": "String",
    _YEAR_PERIOD: "String",
    _STATUS: "String",
    _HEAD + "code": "String",
    _HEAD + "number": "Decimal",
    _HEAD + "date": "Date",
    _HEAD + "curcode": "String",
    _LINE + "dim2": "String",
    _LINE + "dim2name": "String",
    _LINE + "valuesigned": "Value",
    _LINE + "basevaluesigned": "Value",
    _LINE + "invnumber": "String",
    _LINE + "datedue": "Date",
}
FIELDS = {
    "030_3": _COMMON
    | {
        _HEAD + "code": "String",
        _HEAD + "number": "Decimal",
        _HEAD + "date": "Date",
        _HEAD + "curcode": "String",
        _HEAD + "relation": "String",
        _MODIFIED: "Datetime",
        _LINE + "dim2": "String",
        _LINE + "dim2name": "String",
        _LINE + "dim2type": "String",
        _LINE + "valuesigned": "Value",
        _LINE + "vatcode": "String",
        _LINE + "description": "String",
        _LINE + "invnumber": "String",
        "fin.trs.mng.type": "String",
    },
    "040_1": _COMMON,
    "100": _OPEN_ITEMS,
    "200": _OPEN_ITEMS,
}
_FILTERS = {"030_3": {_YEAR_PERIOD, _STATUS, _MODIFIED}, "040_1": {_YEAR_PERIOD, _STATUS}}
_FILTERS |= {"100": _FILTERS["040_1"], "200": _FILTERS["040_1"]}


_KINDS = {"100": "customer", "200": "supplier"}


class Refused(Exception):
    """The vendor's XML refusal (HTTP 200, result 0)."""


@dataclass
class Asked:
    """A browse as it was asked: visible fields, and filters by field (operator, from, to)."""

    code: str
    visible: list[str]
    filters: dict[str, tuple[str, str, str]]


def asked(root: etree._Element) -> Asked:
    """The question in a ``columns`` element. Raises Refused for what the vendor does not know."""
    code = root.get("code", "")
    if code not in FIELDS:
        raise Refused(f"Browse code {code} does not exist")
    found = Asked(code, [], {})
    for column in root:
        if column.tag != "column" or tuple(child.tag for child in column) != _COLUMN:
            raise Refused("A column must have field, label, visible, ask, operator, from, to and finderparam")
        field, _, visible, _, operator, low, high, _ = (child.text or "" for child in column)
        if field not in FIELDS[code]:
            raise Refused(f"Field {field} does not exist in browse {code}")
        if visible not in ("true", "false") or operator not in ("none", "equal", "between"):
            raise Refused(f"Column {field} is not well formed")
        if visible == "true":
            found.visible.append(field)
        elif code in ("100", "200"):
            raise Refused(f"Column {field} must be visible in browse {code}")
        if operator != "none":
            if field not in _FILTERS[code]:
                raise Refused(f"Field {field} cannot be filtered in browse {code}")
            _require_form(field, operator, low, high)
            found.filters[field] = (operator, low, high)
    if not found.visible:
        raise Refused("No column is visible")
    return found


def _require_form(field: str, operator: str, low: str, high: str) -> None:
    form = {_YEAR_PERIOD: r"\d{4}/\d\d", _MODIFIED: r"\d{14}"}.get(field)
    if field == _STATUS and (operator != "equal" or low not in ("normal", "draft", "temporary", "final")):
        raise Refused("The status is not valid")
    wanted = [low] if operator == "equal" else [low, high]
    if form and not all(re.fullmatch(form, value) for value in wanted):
        raise Refused(f"The values of {field} are not valid")


def answer(books: Books, question: Asked, knobs: Knobs) -> str:
    """The ``browse`` document."""
    rows = _totals(books, question, knobs) if question.code == "040_1" else _lines(books, question)
    told, types = [], FIELDS[question.code]
    for number, (cells, key) in enumerate(rows, start=1):
        order = list(question.visible)
        if knobs.field_order_shuffled:
            order = [*reversed(order), _HEAD + "office"]
            cells = {_HEAD + "office": OFFICE} | cells
        text = "".join(_cell(field, types[field], cells[field]) for field in order)
        code, transaction, line = key or ("", "", number)
        told.append(
            f"<tr>{text}<key><office>{OFFICE}</office><code>{escape(str(code))}</code>"
            f"<number>{transaction}</number><line>{line}</line></key></tr>"
        )
    total = len(told)
    kept = told[: total - knobs.hidden_lines] if question.code == "030_3" and knobs.hidden_lines else told
    head = "".join(f'<td label="" hideforuser="false" type="{types[f]}">{f}</td>' for f in question.visible)
    first = 1 if total else 0
    return f'<browse result="1" first="{first}" last="{total}" total="{total}"><th>{head}</th>{"".join(kept)}</browse>'


def _cell(field: str, kind: str, value: str) -> str:
    return f'<td field="{field}" hideforuser="false" type="{kind}">{escape(value)}</td>'


def _matching(books: Books, question: Asked) -> Iterator[tuple[Key, list[Line]]]:
    low, high = question.filters.get(_YEAR_PERIOD, ("", "0000/00", "9999/99"))[1:]
    since, until = question.filters.get(_MODIFIED, ("", "0" * 14, "9" * 14))[1:]
    if question.filters.get(_STATUS, ("", "normal", ""))[1] not in ("normal", "final"):
        return
    for key, lines in books.transactions.items():
        where = f"{lines[0].year}/{period_of(lines[0]):02}"
        if low <= where <= (high or low) and since <= _moment(books.modified[key]) <= (until or since):
            yield key, lines


def _lines(books: Books, question: Asked) -> Iterator[tuple[dict[str, str], tuple[str, int, int]]]:
    parties = {party.code: party for party in books.company.parties}
    for key, lines in _matching(books, question):
        for line in lines:
            party = parties.get(line.party or "")
            if question.code in ("100", "200") and (party is None or party.kind != _KINDS[question.code]):
                continue
            cells = _shared(books, line) | {
                _HEAD + "code": key[0],
                _HEAD + "number": str(key[1]),
                _HEAD + "date": line.date.strftime("%Y%m%d"),
                _HEAD + "curcode": line.currency,
                _HEAD + "relation": next((each.party for each in lines if each.party), None) or "",
                _MODIFIED: _moment(books.modified[key]),
                _LINE + "dim2": line.party or "",
                _LINE + "dim2name": party.name if party else "",
                _LINE + "dim2type": "" if party is None else "DEB" if party.kind == "customer" else "CRD",
                _LINE + "basevaluesigned": f"{line.amount:.2f}",
                _LINE + "valuesigned": f"{line.in_currency:.2f}",
                _LINE + "debitcredit": _side(line.amount),
                _LINE + "vatcode": line.vat_code or "",
                _LINE + "description": line.description,
                _LINE + "invnumber": line.document,
                _LINE + "datedue": line.due_date.strftime("%Y%m%d") if line.due_date else "",
                "fin.trs.mng.type": books.daybook_types[key[0]],
            }
            yield cells, (*key, line.line_no)


def _totals(books: Books, question: Asked, knobs: Knobs) -> Iterator[tuple[dict[str, str], None]]:
    """The sums of all lines that agree in the other visible columns."""
    value = _LINE + "basevaluesigned"
    others = [field for field in question.visible if field != value]
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for _, lines in _matching(books, question):
        for line in lines:
            cells = _shared(books, line, hierarchy=knobs.hierarchy) | {_LINE + "debitcredit": _side(line.amount)}
            sums[tuple(cells[field] for field in others)] += line.amount
    for key in sorted(sums):
        yield dict(zip(others, key, strict=True)) | {value: f"{sums[key]:.2f}"}, None


def _shared(books: Books, line: Line, *, hierarchy: bool = True) -> dict[str, str]:
    account = books.accounts.get(line.account)
    rgs = account.rgs if account and hierarchy else ""
    groups = {f"{_LINE}dim1group{n}": rgs[: 1 + 3 * n] if len(rgs) >= 1 + 3 * n else "" for n in range(1, 6)}
    return groups | {
        _HEAD + "office": OFFICE,
        _HEAD + "year": line.year,
        _HEAD + "period": str(period_of(line)),
        _YEAR_PERIOD: f"{line.year}/{period_of(line):02}",
        _STATUS: "final",
        _LINE + "dim1": line.account,
        _LINE + "dim1name": account.name if account else "",
        _LINE + "dim1type": "BAS" if account and account.on_balance_sheet else "PNL",
    }


def _side(amount: Decimal) -> str:
    return "credit" if amount < 0 else "debit"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")
