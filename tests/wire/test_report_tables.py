"""Reports in both grammars, flattened; and amounts as people write them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.report_tables import lines_of_columns, lines_of_rows, report_amount, report_amounts
from foundation.errors import ReportABug

AMOUNTS = st.decimals(min_value=Decimal(-(10**12)), max_value=Decimal(10**12), places=2)


def cells(*texts: str, account: str = "") -> list[dict[str, Any]]:
    attributes = [{"Id": "toDate", "Value": "12/31/2026"}, {"Id": "account", "Value": account}] if account else []
    return [{"Value": text, "Attributes": attributes} for text in texts]


def test_sections_of_rows_and_cells_are_flattened_in_reading_order() -> None:
    rows = [
        {"RowType": "Header", "Cells": cells("Account", "Debit")},
        {
            "RowType": "Section",
            "Title": "Assets",
            "Rows": [
                {
                    "RowType": "Section",
                    "Title": "Bank",
                    "Rows": [{"RowType": "Row", "Cells": cells("Till (1)", "", account="a1")}],
                },
                {"RowType": "Row", "Cells": cells("Stock (2)", "1,250.50", account="a2")},
            ],
        },
        {"RowType": "Section", "Title": "", "Rows": [{"RowType": "SummaryRow", "Cells": cells("Total", "1250.50")}]},
    ]
    found = list(lines_of_rows(rows))
    assert [(line.kind, line.path) for line in found] == [
        ("header", ()),
        ("row", ("Assets", "Bank")),
        ("row", ("Assets",)),
        ("summary", ()),
    ]
    assert [line.cells[0].about.get("account") for line in found] == [None, "a1", "a2", None]
    assert [line.cells[1].amount for line in found[1:]] == [0, Decimal("1250.50"), Decimal("1250.50")]


def test_sections_of_columns_are_flattened_with_their_own_balance_and_their_sum() -> None:
    rows = {
        "Row": [
            {
                "type": "Section",
                "Header": {"ColData": [{"value": "Income", "id": "7"}, {"value": "5.00"}]},
                "Rows": {"Row": [{"type": "Data", "ColData": [{"value": "Sales", "id": "8"}, {"value": "-1.50"}]}]},
                "Summary": {"ColData": [{"value": "Total Income"}, {"value": "3.50"}]},
            },
            {"ColData": [{"value": "Other", "id": "9"}, {"value": ""}]},
        ]
    }
    found = [
        (line.kind, line.path, line.cells[0].about.get("id"), line.cells[1].amount) for line in lines_of_columns(rows)
    ]
    assert found == [
        ("header", (), "7", Decimal(5)),
        ("row", ("Income",), "8", Decimal("-1.50")),
        ("summary", ("Income",), None, Decimal("3.50")),
        ("row", (), "9", Decimal(0)),
    ]
    assert list(lines_of_columns({})) == []


@pytest.mark.parametrize("rows", [{"RowType": "Row"}, ["x"], [{"RowType": "Chart"}], [{"RowType": "Row", "Cells": 5}]])
def test_another_grammar_is_not_guessed_at(rows: Any) -> None:
    with pytest.raises(ReportABug):
        list(lines_of_rows(rows))


@given(AMOUNTS)
def test_an_amount_comes_back_however_it_is_written(value: Decimal) -> None:
    assert report_amount(f"{value:.2f}") == value
    assert report_amount(f" {value:,.2f} ") == value
    bracketed = f"({-value:,.2f})" if value < 0 else f"{value:,.2f}"
    assert report_amount(bracketed) == value


def test_short_forms_are_amounts_too() -> None:
    found = [report_amount(text) for text in ("", " ", ".5", "-.5", "3.", "-0.00")]
    assert found == [0, 0, Decimal(".5"), Decimal("-.5"), 3, 0]


@given(st.text(alphabet="0123456789.,-()e +x٣", max_size=12))
def test_what_is_no_amount_is_never_taken_for_one(text: str) -> None:
    try:
        value = report_amount(text)
    except ReportABug:
        return
    digits = "".join(each for each in text if each in "0123456789.")
    assert abs(value) == (Decimal(digits) if digits else 0)


@pytest.mark.parametrize("text", ["1.234,50", "1,23", "12,34,567", "1e5", "--1", "(1", ".", "-", "n/a", "٣"])
def test_a_decimal_comma_and_nonsense_are_refused(text: str) -> None:
    with pytest.raises(ReportABug, match="amount"):
        report_amount(text)


@given(
    st.lists(st.one_of(AMOUNTS.map("{:,.2f}".format), st.text(alphabet="0123456789.,-() +e", max_size=8)), max_size=5)
)
def test_a_column_is_read_as_its_cells_are(texts: list[str]) -> None:
    try:
        expected = [report_amount(text) for text in texts]
    except ReportABug:
        with pytest.raises(ReportABug, match="amount"):
            report_amounts(pa.array(texts, pa.string()))
        return
    found = report_amounts(pa.array([*texts, None], pa.string())).to_pylist()
    assert found == [*(value.quantize(Decimal("0.0001"), ROUND_HALF_UP) for value in expected), 0]
