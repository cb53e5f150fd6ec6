"""Any books, any calendar: balances add up over periods, carry forward, and do not depend on the order of arrival."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import books
from tests.warehouse.told import _COLUMN_KINDS
from warehouse.bench import Workbench

BALANCE, RESULT = ("100000", "400000", "440000", "550000"), ("604000", "700000")


@dataclass(frozen=True)
class Books:
    """Random books: contiguous years, and entries of two lines each."""

    years: tuple[tuple[str, date, date], ...]
    entries: tuple[tuple[date, str, str, Decimal], ...]

    def lines(self) -> list[dict[str, Any]]:
        rows = []
        for number, (day, debit, credit, amount) in enumerate(self.entries):
            for position, (account, left, right) in enumerate(
                ((debit, amount, Decimal(0)), (credit, Decimal(0), amount)), start=1
            ):
                rows.append(
                    {
                        "line_key": f"{number}-{position}",
                        "entry_key": str(number),
                        "line_no": position,
                        "period_kind": "normal",
                        "date": day,
                        "account": account,
                        "debit": left,
                        "credit": right,
                    }
                )
        return rows


@st.composite
def any_books(draw: st.DrawFn) -> Books:
    start = draw(st.dates(date(2000, 1, 1), date(2030, 12, 31)))
    years = []
    for n in range(draw(st.integers(1, 4))):
        end = start + timedelta(days=draw(st.integers(20, 700)))
        years.append((f"y{n}", start, end))
        start = end + timedelta(days=1)
    days = st.dates(years[0][1], years[-1][2])
    accounts = st.sampled_from(BALANCE + RESULT)
    amounts = st.decimals(Decimal("-9999.99"), Decimal("9999.99"), places=2).filter(lambda amount: amount != 0)
    return Books(tuple(years), tuple(draw(st.lists(st.tuples(days, accounts, accounts, amounts), max_size=25))))


def computed(told: Books, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The workbench's trial balance of the books, its lines arriving in the order given."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in books.TABLES}
    rows["fiscal_years"] = [{"label": label, "start_date": s, "end_date": e} for label, s, e in told.years]
    rows["accounts"] = [
        {"number": number, "name": number, "statement": kind}
        for numbers, kind in ((BALANCE, "balance"), (RESULT, "result"))
        for number in numbers
    ]
    rows["journal_lines"] = lines
    with tempfile.TemporaryDirectory() as scratch, Workbench(Path(scratch)) as bench:
        for name, columns in books.TABLES.items():
            schema = pa.schema([(column, _COLUMN_KINDS[kind]) for column, kind in columns])
            bench.db.register("told", pa.Table.from_pylist(rows[name], schema=schema))
            bench.db.execute(f"CREATE TABLE books.{name} AS FROM told")
            bench.db.unregister("told")
        bench.prepare(country="BE")
        table = bench.db.sql("SELECT * FROM work.trial_balances ORDER BY ALL").to_arrow_table()
    return table.to_pylist()


def model(told: Books) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """(year, account) to (opening, closing), by the definition: one entry after the other."""
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    carried: dict[str, Decimal] = {}
    for label, start, end in told.years:
        balance = dict(carried)
        for day, debit, credit, amount in told.entries:
            if start <= day <= end:
                balance[debit] = balance.get(debit, Decimal(0)) + amount
                balance[credit] = balance.get(credit, Decimal(0)) - amount
        for account in balance:
            found[label, account] = (carried.get(account, Decimal(0)), balance[account])
        result = sum((balance.pop(account, Decimal(0)) for account in RESULT), Decimal(0))
        carried = {account: amount for account, amount in balance.items() if amount}
        if result:
            carried["RESULT-CARRIED"] = carried.get("RESULT-CARRIED", Decimal(0)) + result
    return {key: value for key, value in found.items() if value != (0, 0)}


@settings(max_examples=25)
@given(any_books())
def test_balances_carry_forward_year_after_year(told: Books) -> None:
    found: dict[tuple[str, str], list[Decimal]] = {}
    for row in computed(told, told.lines()):
        pair = found.setdefault((row["fiscal_year"], row["account"]), [Decimal(0), Decimal(0)])
        if row["period_kind"] == "opening":
            pair[0] += row["closing"]
            pair[1] += row["closing"]
        else:
            pair[1] += row["debit"] - row["credit"]
    assert {key: tuple(pair) for key, pair in found.items() if tuple(pair) != (0, 0)} == model(told)


@settings(max_examples=25)
@given(any_books())
def test_within_a_year_opening_plus_movement_is_closing_period_after_period(told: Books) -> None:
    last: dict[tuple[str, str], Decimal] = {}
    rows = computed(told, told.lines())
    for row in sorted(rows, key=lambda r: (r["fiscal_year"], r["account"], r["period"])):
        key = (row["fiscal_year"], row["account"])
        if row["period_kind"] != "opening":
            assert row["opening"] == last.get(key, Decimal(0))
            assert row["closing"] == row["opening"] + row["debit"] - row["credit"]
        last[key] = row["closing"]
    totals: dict[str, Decimal] = {}
    for (year, _), closing in last.items():
        totals[year] = totals.get(year, Decimal(0)) + closing
    assert set(totals.values()) <= {Decimal(0)}


@settings(max_examples=15)
@given(any_books(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(told: Books, random: Any) -> None:
    shuffled = told.lines()
    random.shuffle(shuffled)
    assert computed(told, shuffled) == computed(told, told.lines())


@settings(max_examples=25)
@given(any_books())
def test_every_line_gets_the_period_that_its_date_lies_in(told: Books) -> None:
    periods: dict[tuple[str, str], Decimal] = {}
    for row in computed(told, told.lines()):
        if row["period_kind"] == "normal":
            key = (row["fiscal_year"], str(row["period_end"]))
            periods[key] = periods.get(key, Decimal(0)) + row["debit"]
    expected: dict[tuple[str, str], Decimal] = {}
    for day, _, _, amount in told.entries:
        label, _, end = next(year for year in told.years if year[1] <= day <= year[2])
        month_end = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        key = (label, str(min(month_end, end)))
        expected[key] = expected.get(key, Decimal(0)) + amount
    assert {k: v for k, v in periods.items() if v} == {k: v for k, v in expected.items() if v}
