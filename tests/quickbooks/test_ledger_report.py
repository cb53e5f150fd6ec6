"""The general ledger report in every form that it was seen in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.quickbooks.ledger_report import columns_asked, read_report
from connectors.report_tables import lines_of_columns, report_amount
from foundation.errors import ReportABug

KEYS = columns_asked(multi_currency=False)
NAMES = {"Current Account": "35", "Fuel": "61", "Car:Fuel": "61"}


def data(day: str = "2026-04-09", debit: str = "120.00", credit: str = "", **cells: Any) -> dict[str, Any]:
    usual = {"tx_date": day, "txn_type": ("Payment", "812"), "debt_amt": debit, "credit_amt": credit} | cells
    told = []
    for key in KEYS:
        value = usual.get(key, "")
        told.append({"value": value[0], "id": value[1]} if isinstance(value, tuple) else {"value": value})
    return {"ColData": told, "type": "Data"}


def section(header: dict[str, Any] | None, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"Header": {"ColData": [header, {"value": ""}]}} if header else {}
    return {**head, "Rows": {"Row": list(rows)}, "type": "Section", **more}


def report(*rows: Any, keys: tuple[str, ...] = KEYS, **more: Any) -> bytes:
    columns = [{"ColTitle": "?", "ColType": "String", "MetaData": [{"Name": "ColKey", "Value": key}]} for key in keys]
    return json.dumps({"Columns": {"Column": columns}, "Rows": {"Row": list(rows)}} | more).encode()


def read(body: bytes) -> list[dict[str, Any]]:
    return read_report(body, NAMES, multi_currency=False).lines.to_pylist()


def test_a_line_is_told_with_the_ids_of_its_cells() -> None:
    row = data(name=("Moss & Co", "7"), doc_num="R9", memo='said "Rows"', tax_code="20.0% S")
    (line,) = read(report(section({"value": "Current Account", "id": "35"}, row)))
    assert line == {
        "AccountId": "35",
        "AccountName": "Current Account",
        "tx_date": "2026-04-09",
        "txn_type": "Payment",
        "TxnId": "812",
        "doc_num": "R9",
        "name": "Moss & Co",
        "NameId": "7",
        "memo": 'said "Rows"',
        "tax_code": "20.0% S",
        "currency": None,
        "Debit": Decimal(120),
        "Credit": Decimal(0),
        "Foreign": Decimal(0),
    }


def test_a_text_that_reads_like_the_grammar_is_a_text() -> None:
    rows = [data(memo=text) for text in ("Rows", "Header", "Summary", '"Rows":', "ColData")]
    assert [line["memo"] for line in read(report(section({"value": "x", "id": "1"}, *rows)))] == [
        "Rows", "Header", "Summary", '"Rows":', "ColData",
    ]  # fmt: skip


def test_what_a_parent_holds_itself_stands_below_no_header() -> None:
    summary = {"Summary": {"ColData": [{"value": "Total"}]}}
    car = section(
        {"value": "Car", "id": "60"},
        section(None, data(debit="1.00")),
        section({"value": "Fuel", "id": "61"}, data(debit="2.00"), **summary),
        data(debit="3.00"),
        {**summary, "type": "Section"},
        **summary,
    )
    assert [(line["AccountId"], line["Debit"]) for line in read(report(car))] == [("60", 1), ("61", 2), ("60", 3)]


def test_an_account_is_known_by_its_section_its_cell_or_its_name() -> None:
    cell = data(account_name=("Elsewhere", "99"))
    found = read(
        report(
            section({"value": "Current Account", "id": "35"}, cell),
            section({"value": "Unlisted"}, cell),
            section({"value": "Current Account"}, data()),
            section({"value": "Unlisted"}, data()),
            cell,
        )
    )
    assert [line["AccountId"] for line in found] == ["35", "99", "35", "Unlisted", "99"]
    assert found[-1]["AccountName"] == "Elsewhere"


def test_the_balance_that_an_account_begins_with_is_no_line_in_any_language() -> None:
    rows = [data("Beginning Balance", ""), data("Solde initial", "", "500.00"), data("", ""), data()]
    short = {"ColData": [{"value": "Beginning Balance"}, {"value": "500.00"}]}
    assert len(read(report(section({"value": "x", "id": "1"}, short, *rows)))) == 1


@pytest.mark.parametrize("place", ["end", "inside", "short", "first cell of many"])
def test_the_row_that_says_there_is_more_is_found_wherever_it_stands(place: str) -> None:
    text = "Unable to display more data. Please reduce the date range."
    rows = {
        "end": [section({"value": "x", "id": "1"}, data()), data(text, "")],
        "inside": [section({"value": "x", "id": "1"}, data(), data("", "", memo=text))],
        "short": [section({"value": "x", "id": "1"}, data()), {"ColData": [{"value": text}]}],
        "first cell of many": [{"ColData": [{"value": text}, *[{"value": ""}] * (len(KEYS) - 1)]}],
    }
    told = read_report(report(*rows[place]), NAMES, multi_currency=False)
    assert told.cut
    assert told.lines.num_rows == (0 if place == "first cell of many" else 1)


@pytest.mark.parametrize("rows", [{}, {"Row": None}, {"Row": []}, None])
def test_a_report_without_rows_has_no_lines(rows: Any) -> None:
    told = read_report(report(Rows=rows), NAMES, multi_currency=False)
    assert (told.lines.num_rows, told.cut) == (0, False)


def test_columns_are_bound_by_key_wherever_it_is_told_and_in_any_order() -> None:
    order = tuple(reversed(KEYS))
    row = {"ColData": list(reversed(data()["ColData"]))}
    (line,) = read(report(section({"value": "x", "id": "1"}, row), keys=order))
    assert (line["tx_date"], line["Debit"]) == ("2026-04-09", 120)
    for column in ({"ColType": "{}"}, {"ColType": "Money", "MetaData": [{"Value": "{}"}]}):
        columns = json.loads(json.dumps([column]).replace("{}", "%s")) * len(KEYS)
        named = [json.loads(json.dumps(each).replace("%s", key)) for each, key in zip(columns, KEYS, strict=True)]
        body = json.dumps({"Columns": {"Column": named}, "Rows": {"Row": [section({"value": "x", "id": "1"}, data())]}})
        assert read(body.encode())[0]["Debit"] == 120


def test_a_report_without_a_needed_column_or_of_another_form_is_not_guessed_at() -> None:
    keys = tuple("other" if key == "debt_amt" else key for key in KEYS)
    with pytest.raises(ReportABug, match="without the column debt_amt"):
        read(report(data(), keys=keys))
    for body in (b'{"Rows":{}}', b'{"Columns":{"Column":[]},"Rows":{"Row":[5]}}', b'{"Columns":[],"Rows":{"Row":[]}}'):
        with pytest.raises(ReportABug):
            read(body)
    with pytest.raises(ReportABug, match="amount"):
        read(report(section({"value": "x", "id": "1"}, data(debit="1.234,50"))))


AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)
LINES = st.tuples(st.dates().map(str), AMOUNTS, st.text(max_size=12))
TREES = st.recursive(
    st.lists(LINES, max_size=4),
    lambda inner: st.lists(st.tuples(st.sampled_from(["1", "2", "3", None]), inner), max_size=3),
    max_leaves=8,
)


def rows_of(tree: Any) -> list[dict[str, Any]]:
    found = []
    for item in tree:
        if isinstance(item[0], str) and len(item) == 3:
            found.append(data(item[0], f"{item[1]:,.2f}", memo=item[2]))
        else:
            header = {"value": f"account {item[0]}", "id": item[0]} if item[0] else None
            found.append(section(header, *rows_of(item[1])))
    return found


@given(TREES)
def test_every_line_of_any_nesting_is_there_with_its_amount(tree: Any) -> None:
    rows = rows_of(tree)
    told = read(report(*rows))
    slow = [line.cells for line in lines_of_columns(rows) if line.kind == "row"]
    debit, memo = KEYS.index("debt_amt"), KEYS.index("memo")
    expected = sorted((cells[debit].amount, cells[memo].text) for cells in slow)
    assert sorted((line["Debit"], line["memo"]) for line in told) == expected
    assert all(report_amount(cells[debit].text) >= 0 for cells in slow)
