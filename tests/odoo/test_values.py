"""Odoo's values, amounts and calendar: exact, whatever is thrown at them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.json_pages import MONEY
from connectors.odoo import resources as r
from connectors.odoo.sandbox.vendor import to_xml
from connectors.odoo.transport import decoded
from connectors.odoo.values import batch
from connectors.odoo.xml_rpc import value_of
from connectors.odoo.years import computed_year, fiscal_years
from foundation.errors import ReportABug

SCHEMA = pa.schema([("text", pa.string()), ("link", pa.int64()), ("flag", pa.bool_()), ("amount", MONEY)])


def row(**values: Any) -> dict[str, Any]:
    return batch([values], SCHEMA).to_pylist()[0]


def test_false_is_nothing_but_in_numbers_and_flags() -> None:
    told = {"text": False, "link": False, "flag": False, "amount": 0}
    assert row(**told) == {"text": None, "link": None, "flag": False, "amount": Decimal(0)}
    assert row() == {"text": None, "link": None, "flag": None, "amount": None}
    assert row(link=[7, "400000 Clients"], text="", flag=True) | {"amount": None} == {
        "text": "",
        "link": 7,
        "flag": True,
        "amount": None,
    }


@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_every_double_is_rounded_as_its_text_says(value: float) -> None:
    exact = Decimal(repr(value)).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    assert row(amount=decoded(repr(value).encode()))["amount"] == exact


@pytest.mark.parametrize("value", [{"amount": "twelve"}, {"link": "x"}, {"link": []}, {"text": ["a"]}])
def test_what_is_no_such_value_is_said_with_its_field(value: dict[str, Any]) -> None:
    with pytest.raises(ReportABug, match=next(iter(value))):
        row(**value)


NAMES = st.text(st.characters(categories=["L"]), min_size=1, max_size=5)
plain = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text(st.characters(categories=["L", "N", "P", "Zs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@given(plain)
def test_what_is_told_in_xml_is_what_arrives(value: Any) -> None:
    node = etree.fromstring(to_xml(value)).find("params/param/value")
    assert node is not None
    assert value_of(node) == value


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 31), st.integers(1, 12))
def test_a_day_lies_in_its_year_and_years_follow_one_another(day: date, last_day: int, month: int) -> None:
    start, end = computed_year(day, last_day, month)
    assert start <= day <= end
    assert timedelta(days=364) <= end - start <= timedelta(days=366)
    assert computed_year(end + timedelta(days=1), last_day, month)[0] == end + timedelta(days=1)
    assert computed_year(start - timedelta(days=1), last_day, month)[1] == start - timedelta(days=1)


@pytest.mark.parametrize(
    ("last_day", "month", "end"),
    [
        (31, 12, date(2024, 12, 31)),
        (28, 2, date(2024, 2, 29)),
        (29, 2, date(2024, 2, 29)),
        (30, 3, date(2024, 3, 31)),
        (31, 6, date(2024, 6, 30)),
        (15, 9, date(2024, 9, 15)),
        (27, 2, date(2024, 2, 27)),
    ],
)
def test_a_year_ends_as_the_company_says(last_day: int, month: int, end: date) -> None:
    assert computed_year(end, last_day, month)[1] == end


RECORDS = st.lists(
    st.tuples(
        st.dates(date(2018, 1, 1), date(2027, 1, 1)), st.integers(0, 800), st.sampled_from(["A", "B", "", "2020"])
    ),
    max_size=5,
)


@given(RECORDS, st.integers(1, 31), st.integers(1, 12), st.dates(date(2017, 1, 1), date(2022, 1, 1)))
def test_years_have_no_gap_no_overlap_and_no_label_twice(
    records: list[tuple[date, int, str]], last_day: int, month: int, first: date
) -> None:
    rows = [
        {"id": n, "name": name or None, "date_from": str(day), "date_to": str(day + timedelta(days=length))}
        for n, (day, length, name) in enumerate(records)
    ]
    table = pa.Table.from_pylist(rows, schema=r.FISCAL_YEAR_RECORDS)
    company = {"fiscalyear_last_day": last_day, "fiscalyear_last_month": str(month)}
    last = date(2028, 5, 5)
    years = fiscal_years(company, table, first, last, date(2020, 12, 31))
    assert years[0].start <= first
    assert years[-1].start <= last <= years[-1].end
    for year, following in pairwise(years):
        assert year.start <= year.end
        assert following.start == year.end + timedelta(days=1)
    assert len({year.label for year in years}) == len(years)
    assert [year.closed for year in years] == [year.end <= date(2020, 12, 31) for year in years]


def test_a_long_record_stands_and_the_years_beside_it_are_cut() -> None:
    rows = [{"id": 1, "name": "Long", "date_from": "2023-07-01", "date_to": "2024-12-31"}]
    table = pa.Table.from_pylist(rows, schema=r.FISCAL_YEAR_RECORDS)
    company = {"fiscalyear_last_day": 31, "fiscalyear_last_month": "12"}
    years = fiscal_years(company, table, date(2023, 2, 2), date(2025, 3, 3), None)
    assert [(y.label, y.start, y.end) for y in years] == [
        ("2023", date(2023, 1, 1), date(2023, 6, 30)),
        ("Long", date(2023, 7, 1), date(2024, 12, 31)),
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
    ]
