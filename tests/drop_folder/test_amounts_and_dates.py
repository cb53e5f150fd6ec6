"""Amounts and dates in text columns: every notation round-trips, and what can be read two ways is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.workbench import Workbench
from foundation.errors import BadFile

MONEY = st.decimals(min_value=-(10**15), max_value=10**15, places=2)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with Workbench(tmp_path_factory.mktemp("bench")) as opened:
        yield opened


def _load(bench: Workbench, texts: Sequence[str | None]) -> None:
    rows = pa.table({"row": pa.array(range(2, len(texts) + 2), pa.int64()), "v": pa.array(texts, pa.string())})
    bench.insert("told", rows, create=True)


def _amounts(bench: Workbench, texts: Sequence[str | None], fixed: amounts.Notation | None = None) -> list[Decimal]:
    _load(bench, texts)
    sign = amounts.decide(bench, "told", "v", name="debit", file="lines_2024.csv", fixed=fixed)
    return [value for (value,) in bench.rows(f"SELECT {amounts.parsed('v', sign)} FROM told ORDER BY row")]


def _write(value: Decimal, decimal: str, group: str, sign: str) -> str:
    plain = f"{abs(value):,.2f}" if group else f"{abs(value):.2f}"
    text = plain.replace(",", "\0").replace(".", decimal).replace("\0", group)
    if value >= 0:
        return text
    return text + "-" if sign == "behind" else "-" + text


@given(
    values=st.lists(MONEY, min_size=1, max_size=6),
    decimal=st.sampled_from(",."),
    group=st.sampled_from(["", " ", "\u00a0", "\u202f", "'", "other"]),
    sign=st.sampled_from(["before", "behind"]),
)
@settings(max_examples=30, deadline=None)
def test_every_amount_comes_back_from_every_notation(
    bench: Workbench, values: list[Decimal], decimal: str, group: str, sign: str
) -> None:
    other = "." if decimal == "," else ","
    texts = [_write(value, decimal, other if group == "other" else group, sign) for value in values]
    assert _amounts(bench, texts) == values


@given(
    values=st.lists(st.integers(1, 999_999).map(lambda n: f"{n // 1000 + 1}.{n % 1000:03d}"), min_size=1, max_size=5)
)
@settings(max_examples=15, deadline=None)
def test_a_column_that_reads_both_ways_is_refused_unless_the_dossier_fixes_it(
    bench: Workbench, values: list[str]
) -> None:
    values = [value if len(value.split(".")[0]) <= 3 else "1.234" for value in values]
    with pytest.raises(BadFile, match=r"lines_2024\.csv: line 2, column debit: '.*' can be read in two ways.*decimal"):
        _amounts(bench, values)
    assert _amounts(bench, values, ",") == [Decimal(value.replace(".", "")) for value in values]
    assert _amounts(bench, values, ".") == [Decimal(value) for value in values]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1.234", "5,50"], ["1234", "5.50"]),
        (["1.234", "0.5"], ["1.234", "0.5"]),
        (["1,234", "1234.5"], ["1234", "1234.5"]),
        (["1.234.567", "12"], ["1234567", "12"]),
        (["0.123"], ["0.123"]),
        (["12", "7", "0"], ["12", "7", "0"]),
        (["0000000069,60", " 000000000001000,00"], ["69.60", "1000"]),
        ([",5", "-,25"], ["0.5", "-0.25"]),
        (["+12,00", "- 3,00"], ["12", "-3"]),
        (["12,", "3,1"], ["12", "3.1"]),
        (["1 234 567,89"], ["1234567.89"]),
        (["1,2300000"], ["1.23"]),
    ],
)
def test_amounts_as_exports_write_them(bench: Workbench, texts: list[str], expected: list[str]) -> None:
    assert _amounts(bench, texts) == [Decimal(text) for text in expected]


def test_an_empty_amount_is_no_amount(bench: Workbench) -> None:
    assert _amounts(bench, ["1,50", "", None, "  "]) == [Decimal("1.50"), None, None, None]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["1,00", "abc"], "line 3, column debit: 'abc' is not an amount"),
        (["1E5"], "line 2, column debit: '1E5' is not an amount"),
        (["12 34,00"], "line 2, column debit: '12 34,00' is not an amount"),
        (["-1,00-"], "line 2, column debit: '-1,00-' is not an amount"),
        (["1,50", "1.5"], "mixes two notations: line 2 has '1,50', line 3 has '1.5'"),
        (["1,23456"], "more than four decimals"),
        (["12345678901234567,00"], "more than four decimals or sixteen digits"),
    ],
)
def test_what_is_no_amount_is_refused_with_line_and_column(bench: Workbench, texts: list[str], says: str) -> None:
    with pytest.raises(BadFile, match=re.escape(says)):
        _amounts(bench, texts)


def test_a_minus_behind_is_read_and_noted(bench: Workbench) -> None:
    bench.notes.clear()
    assert _amounts(bench, ["12,50-"]) == [Decimal("-12.50")]
    assert [note.code for note in bench.notes] == ["trailing_minus"]


@given(day=st.dates(date(1000, 1, 1)), form=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d"]))
@settings(max_examples=30, deadline=None)
def test_every_date_comes_back_from_every_form(bench: Workbench, day: date, form: str) -> None:
    # strftime does not pad the years before 1000 on every system.
    text = day.strftime(form)
    _load(bench, [text, f" {text} ", None, "", "0", "00000000", "        "])
    dates.require(bench, "told", "v", name="date", file="lines_2024.csv")
    got = [value for (value,) in bench.rows(f"SELECT {dates.parsed('v')} FROM told ORDER BY row")]
    assert got == [day, day, None, None, None, None, None]


@pytest.mark.parametrize("text", ["2024-02-30", "02/15/2024", "15/02/24", "2024/02/15", "20241301", "tomorrow"])
def test_what_is_no_date_is_refused_with_line_and_column(bench: Workbench, text: str) -> None:
    _load(bench, ["2024-01-01", text])
    with pytest.raises(BadFile, match=rf"lines_2024\.csv: line 3, column date: '{text}' is not a date"):
        dates.require(bench, "told", "v", name="date", file="lines_2024.csv")


def test_a_date_that_must_be_there_is_asked_for(bench: Workbench) -> None:
    _load(bench, ["2024-01-01", None])
    with pytest.raises(BadFile, match="line 3, column date: is empty"):
        dates.require(bench, "told", "v", name="date", file="lines_2024.csv", needed=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-15", "2024-02-15 00:00:00"),
        ("2024-02-15 10:11:12", "2024-02-15 10:11:12"),
        ("2024-02-15T10:11:12+02:00", "2024-02-15 08:11:12"),
        ("15/02/2024 10:11", "2024-02-15 10:11:00"),
        ("20240215", "2024-02-15 00:00:00"),
    ],
)
def test_moments_are_read_in_utc(bench: Workbench, text: str, expected: str) -> None:
    _load(bench, [text])
    assert bench.row(f"SELECT strftime({dates.parsed_timestamp('v')}, '%Y-%m-%d %H:%M:%S') FROM told")[0] == expected


def test_no_float_touches_an_amount(bench: Workbench, tmp_path: Path) -> None:
    cents = [Decimal(n) / 100 for n in (1, 10, 30, 33, 99999999999999999)]
    assert _amounts(bench, [f"{value:.2f}" for value in cents]) == cents
