"""What a column of a Firebird table means, whatever its type is; which table is which where none has its name."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.columns import TYPES, Kind, UnreadableValue
from connectors.sage_bob.firebird_tables import array, find_relation


def test_the_ledger_of_parties_is_not_taken_for_the_general_one() -> None:
    general = {"HID", "HDBK", "HFYEAR", "HYEAR", "HMONTH", "HDOCNO", "HORDERNO", "HDOCDATE", "HAMOUNT", "HREM"}
    relations = {"A": dict.fromkeys(general), "B": dict.fromkeys(general | {"HREMINT", "HCOLLECTACC"})}
    assert find_relation(relations, "ac_ahisto", "X") == "A"
    assert find_relation(relations, "ac_chisto", "X") == "B"
    assert find_relation(relations, "ac_dbk", "X") is None


@given(st.lists(st.decimals("-99999999.9999", "99999999.9999", places=4) | st.none(), min_size=1))
@settings(max_examples=60, deadline=None)
def test_amounts_are_those_that_were_booked_whatever_holds_them(amounts: list[Decimal | None]) -> None:
    doubles = [None if amount is None else float(amount) for amount in amounts]
    texts = [None if amount is None else f"{amount:f}".replace(".", ",") for amount in amounts]
    for values in (amounts, doubles, texts):
        assert array(values, "money").to_pylist() == amounts


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 0, None], "flag", [True, False, None]),
        ([True, None, False], "flag", [True, None, False]),
        (["T ", "f", ""], "flag", [True, False, None]),
        ([2024, None], "text", ["2024", None]),
        ([Decimal("7.00"), 3.0], "whole", [7, 3]),
        ([5, None], "money", [Decimal("5.0000"), None]),
        ([date(2024, 2, 29)], "moment", [datetime(2024, 2, 29)]),
        ([datetime(2024, 2, 29, 23, 59)], "day", [date(2024, 2, 29)]),
        (["2024-02-29", None], "day", [date(2024, 2, 29), None]),
    ],
)
def test_values_are_taken_for_what_their_column_means(values: list[Any], kind: Kind, expected: list[Any]) -> None:
    found = array(values, kind)
    assert found.type == TYPES[kind]
    assert found.to_pylist() == expected


@pytest.mark.parametrize(("values", "kind"), [([None, 1.5], "whole"), ([None, 2], "flag"), ([None, 10**20], "money")])
def test_a_value_that_means_nothing_is_refused_with_its_place(values: list[Any], kind: Kind) -> None:
    with pytest.raises(UnreadableValue) as refused:
        array(values, kind)
    assert refused.value.index == 1
