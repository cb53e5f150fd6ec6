from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.company import company
from tests.warehouse.conftest import prepared
from tests.warehouse.told import tell
from warehouse import chart
from warehouse.bench import Workbench

EXPECTED = {
    "capital": "E10", "legal_reserve": "E13", "result_brought_forward": "E15", "bank_loan": "L21", "equipment": "A21",
    "equipment_depreciation": "A21", "stock": "A52", "customers": "A60", "vat_recoverable": "A61", "suppliers": "L31",
    "vat_payable": "L33", "bank": "A71", "bank_usd": "A71", "purchases": "X10", "wages": "X30", "depreciation": "X40",
    "interest": "X50", "exchange_loss": "X52", "sales": "R10", "sales_export": "R10", "exchange_gain": "R22",
    "old_sales": "R10",
}  # fmt: skip
BY_COUNTRY = {"BE": {"fees": "X20", "unused": "X20"}, "FR": {"fees": "X23", "unused": "X20"}, "NL": {"fees": "X23"}}


def test_the_chart_is_sound() -> None:
    tables = chart.tables()
    codes = {row["code"]: row for row in tables["codes"].to_pylist()}
    assert sum(row["use"] == "posting" for row in codes.values()) == 95
    assert all(row["parent"] in codes for row in codes.values() if row["parent"])
    assert all(row[name] for row in codes.values() for name in ("name_en", "name_fr", "name_nl", "class", "side"))
    prefixes = [(row["chart"], row["prefix"]) for row in tables["prefixes"].to_pylist()]
    types = tables["package_types"].column("package_type").to_pylist()
    assert [key for key, count in Counter(prefixes).items() if count > 1] == []
    assert [key for key, count in Counter(types).items() if count > 1] == []
    led = {row["code"] for name in ("prefixes", "package_types") for row in tables[name].to_pylist()}
    assert all(codes[code]["use"] == "posting" for code in led)


@pytest.mark.parametrize("country", ["BE", "FR", "NL"])
def test_the_sandbox_charts_map_as_the_chart_says(country: str, tmp_path: Path) -> None:
    told = company(country)
    with prepared(tmp_path, told) as bench:
        rule = "explicit_code" if country == "NL" else "country_prefix"
        found = {
            n: (c, r)
            for n, c, r in bench.db.execute("SELECT number, common_code, mapping_rule FROM work.accounts").fetchall()
        }
    expected = EXPECTED | BY_COUNTRY[country]
    assert {role: found[told.numbers[role]] for role in expected} == {
        role: (code, rule) for role, code in expected.items()
    }


def test_a_ledger_that_does_not_use_its_country_s_chart_is_not_mapped_by_it(tmp_path: Path) -> None:
    """A Dutch ledger kept by a Belgian dossier: 1300 are debtors there, and no Belgian reserves."""

    with Workbench(tmp_path) as bench:
        tell(bench.db, company("NL"))
        bench.db.execute("UPDATE books.accounts SET explicit_code = NULL")
        bench.prepare(country="BE")
        rules = dict(bench.db.execute("SELECT number, mapping_rule FROM work.accounts").fetchall())
        types = dict(bench.db.execute("SELECT number, type FROM work.accounts").fetchall())
        assert bench.db.execute("SELECT found > 0, fits FROM work.fit").fetchall() == [(True, False)]
    assert set(rules.values()) == {"unmapped"}
    assert types["1300"] == "asset", "the package's own word on an account stays"


@given(st.from_regex(r"[1-7][0-9]{2,7}", fullmatch=True), st.sampled_from(["BE", "FR", "LU"]))
def test_the_longest_prefix_wins(number: str, country: str) -> None:
    prefixes = {r["prefix"]: r["code"] for r in chart.tables()["prefixes"].to_pylist() if r["chart"] == country}
    matching = [prefix for prefix in prefixes if number.startswith(prefix)]
    by_sql = _longest_by_sql(number, country)
    assert by_sql == (prefixes[max(matching, key=len)] if matching else None)


def _longest_by_sql(number: str, country: str) -> str | None:
    import duckdb

    with duckdb.connect() as db:
        chart.mount(db)
        rows = db.execute(
            "SELECT code FROM chart.prefixes WHERE chart = ? AND starts_with(?, prefix) "
            "QUALIFY row_number() OVER (ORDER BY length(prefix) DESC) = 1",
            [country, number],
        ).fetchall()
    return rows[0][0] if rows else None
