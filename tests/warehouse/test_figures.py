"""What analysts read is the company, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.sandbox.company import Company, company
from tests.warehouse.conftest import NOON, Ledger, prepared
from warehouse.bench import Override, Trust, Workbench
from warehouse.contract import DossierFacts, LoadRecord, Store
from warehouse.store import Warehouse


def year_balances(ledger: Ledger, dossier: str = "d1") -> dict[tuple[object, object], dict[str, object]]:
    rows = ledger.rows(
        "SELECT fiscal_year, account, opening, debit, credit, closing FROM ledger.trial_balance_year "
        "WHERE dossier_id = ?",
        dossier,
    )
    return {
        (year, account): {"opening": opening, "debit": debit, "credit": credit, "closing": closing}
        for year, account, opening, debit, credit, closing in rows
    }


def test_the_trial_balance_per_year_is_the_company_s(ledger: Ledger, told: Company) -> None:
    ledger.load(told)
    assert year_balances(ledger) == told.balances()


def test_every_period_of_the_trial_balance_adds_up_to_zero_and_runs_on(ledger: Ledger, told: Company) -> None:
    ledger.load(told)
    off = ledger.rows(
        "SELECT fiscal_year, period, sum(opening), sum(movement), sum(closing) FROM ledger.trial_balance "
        "GROUP BY fiscal_year, period "
        "HAVING sum(opening) <> 0 AND period > 0 OR sum(closing) <> 0 OR sum(movement) <> 0"
    )
    assert off == []
    broken = ledger.rows(
        "SELECT * FROM (SELECT *, lag(closing) OVER (PARTITION BY fiscal_year, account ORDER BY period) AS before "
        "FROM ledger.trial_balance) WHERE before IS NOT NULL AND opening <> before"
    )
    assert broken == []


def test_a_period_of_the_trial_balance_is_the_sum_of_the_lines_up_to_it(ledger: Ledger) -> None:
    told = company()
    ledger.load(told)
    expected: dict[str, Decimal] = {}
    for line in told.lines:
        if line.year == "2025" and line.kind != "closing" and line.period <= 7:
            expected[line.account] = expected.get(line.account, Decimal(0)) + line.amount
    rows = ledger.rows(
        "SELECT account, closing FROM ledger.trial_balance WHERE fiscal_year = '2025' AND period = 7 AND closing <> 0"
    )
    assert dict(rows) == {account: amount for account, amount in expected.items() if amount}


def test_the_balance_sheet_balances_and_its_result_is_the_income_statement_s(ledger: Ledger, told: Company) -> None:
    ledger.load(told)
    assert set(ledger.rows("SELECT sum(amount) FROM ledger.balance_sheet GROUP BY fiscal_year")) == {(Decimal(0),)}
    results = dict(ledger.rows("SELECT fiscal_year, sum(amount) FROM ledger.income_statement GROUP BY fiscal_year"))
    carried = dict(ledger.rows("SELECT fiscal_year, amount FROM ledger.balance_sheet WHERE common_code = 'E16'"))
    assert results == carried
    income = {a.number for a in told.accounts if not a.on_balance_sheet}
    for year in told.years:
        told_result = sum(
            r["closing"] for (y, account), r in told.balances().items() if y == year.label and account in income
        )
        assert results[year.label] == told_result


def test_every_line_is_there_with_all_that_the_company_tells(ledger: Ledger) -> None:
    told = company()
    ledger.load(told)
    rows = ledger.rows(
        "SELECT line_key, date, fiscal_year, period, period_kind, account, debit, credit, amount, currency, "
        "amount_currency, counterparty, vat_code, due_date, modified_at FROM ledger.journal_lines ORDER BY line_key"
    )
    expected = [
        (str(x.number), x.date, x.year, x.period, x.kind, x.account, x.debit, x.credit, x.amount, x.currency,
         x.amount_currency, x.party, x.vat_code, x.due_date, x.modified_at)
        for x in told.lines
    ]  # fmt: skip
    assert rows == sorted(expected)


@pytest.mark.parametrize("names_the_account", [False, True])
def test_an_opening_is_carried_over_where_the_package_posts_none(ledger: Ledger, names_the_account: bool) -> None:
    """The balances of a continuous ledger: no opening, no closing entries after the first year. The result goes where
    the package says that it carries it, else to an account of ours."""
    told = company()
    retained = told.numbers["result_brought_forward"]

    def continuous(bench) -> None:  # type: ignore[no-untyped-def]
        bench.db.execute(
            "DELETE FROM books.journal_lines WHERE period_kind = 'closing' "
            "OR (period_kind = 'opening' AND fiscal_year <> '2024')"
        )
        if names_the_account:
            bench.db.execute("INSERT INTO books.carried_result VALUES (?)", [retained])

    with prepared(ledger.folder, told, spoil=continuous, balances=False) as bench:
        rows = bench.db.execute(
            "SELECT fiscal_year, account, opening FROM work.openings WHERE fiscal_year <> '2024' ORDER BY ALL"
        ).fetchall()
    expected = sorted(
        (year, "RESULT-CARRIED" if account == retained and not names_the_account else account, row["opening"])
        for (year, account), row in told.balances().items()
        if row["opening"] and year != "2024"
    )
    assert rows == expected


def test_a_corrected_fiscal_year_moves_its_lines_and_keeps_the_totals(ledger: Ledger) -> None:
    told = company()
    ledger.load(told, overrides=(Override("2024", date(2023, 7, 1), date(2024, 6, 30)),
                                 Override("2025", date(2024, 7, 1), date(2025, 12, 31))))  # fmt: skip
    years = ledger.rows(
        "SELECT label, start_date, end_date, source, package_start_date, package_end_date FROM ledger.fiscal_years "
        "ORDER BY start_date"
    )
    assert years == [
        ("2024", date(2023, 7, 1), date(2024, 6, 30), "override", date(2023, 7, 1), date(2024, 12, 31)),
        ("2025", date(2024, 7, 1), date(2025, 12, 31), "override", date(2025, 1, 1), date(2025, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "package", date(2026, 1, 1), date(2026, 12, 31)),
    ]
    misplaced = ledger.rows(
        "SELECT count(*) FROM ledger.journal_lines l JOIN ledger.fiscal_years y ON y.label = l.fiscal_year "
        "WHERE l.date NOT BETWEEN y.start_date AND y.end_date"
    )
    assert misplaced == [(0,)]
    assert ledger.rows("SELECT max(period) FROM ledger.journal_lines WHERE fiscal_year = '2025'") == [(18,)]
    final = {account: row["closing"] for (year, account), row in year_balances(ledger).items() if year == "2026"}
    assert final == {account: row["closing"] for (year, account), row in told.balances().items() if year == "2026"}


def test_a_sync_from_a_date_keeps_what_stands_before_it(ledger: Ledger) -> None:
    ledger.load(company(), sync="s1")
    loaded = ledger.load(company(revision=1), sync="s2", since=date(2026, 1, 1))
    assert loaded.inserted == sum(1 for line in company(revision=1).lines if line.year == "2026")
    assert year_balances(ledger) == company(revision=1).balances()
    assert ledger.rows("SELECT DISTINCT sync_id FROM ledger.journal_lines WHERE fiscal_year < '2026'") == [("s1",)]
    assert ledger.rows("SELECT DISTINCT sync_id FROM ledger.journal_lines WHERE fiscal_year = '2026'") == [("s2",)]


def test_a_dossier_moves_from_one_chart_to_another_and_keeps_one_ledger(ledger: Ledger) -> None:
    ledger.load(company("BE"), sync="s1")
    ledger.load(company("NL"), sync="s2", since=date(2026, 1, 1))
    closings = ledger.rows(
        "SELECT fiscal_year, sum(closing) FROM ledger.trial_balance_year GROUP BY fiscal_year ORDER BY fiscal_year"
    )
    assert closings == [("2024", Decimal(0)), ("2025", Decimal(0)), ("2026", Decimal(0))]
    assert ledger.rows("SELECT name FROM ledger.accounts WHERE number = '400000'") == [("Clients",)]
    assert ledger.rows("SELECT name FROM ledger.accounts WHERE number = '1300'") == [("Clients",)]


def test_general_ledger_and_freshness_name_things(ledger: Ledger) -> None:
    ledger.load(company())
    assert ledger.rows(
        "SELECT DISTINCT account_name, common_code, journal_type, counterparty_name FROM ledger.general_ledger "
        "WHERE account = '400000' AND journal = 'NCV'"
    ) == [("Clients", "A60", "sales_credit", "Dupont & Fils SRL")]
    assert ledger.rows("SELECT dossier, lines, last_booking_date FROM ledger.freshness") == [
        ("Atelier Grand-Livre", len(company().lines), max(line.date for line in company().lines))
    ]


def year_totals(bench: Workbench) -> dict[str, tuple[Decimal, Decimal]]:
    """Sum of positive openings and of debits, per year."""
    rows = bench.db.execute(
        "SELECT fiscal_year, sum(CASE WHEN period_kind = 'opening' THEN greatest(closing, 0) ELSE 0 END), "
        "sum(CASE WHEN period_kind = 'normal' THEN debit ELSE 0 END) FROM work.trial_balances GROUP BY ALL"
    ).fetchall()
    return {year: (opening, debit) for year, opening, debit in rows}


def test_opening_lines_open_their_year_whatever_day_they_carry(tmp_path: Path) -> None:
    with prepared(tmp_path, company()) as bench:
        expected = year_totals(bench)
    for shift in ("+ 1", "- 1"):
        moved = f"UPDATE books.journal_lines SET date = date {shift} WHERE period_kind = 'opening'"
        with prepared(tmp_path, company(), spoil=lambda bench, sql=moved: bench.db.execute(sql) and None) as bench:
            assert year_totals(bench) == expected


def test_an_opening_older_than_its_corrected_year_stays_with_it(tmp_path: Path) -> None:
    detailed = "UPDATE books.journal_lines SET date = date - 40 WHERE period_kind = 'opening' AND fiscal_year = '2024'"
    correction = (Override("2024", date(2023, 7, 1), date(2024, 12, 31)),)
    with prepared(tmp_path, company()) as bench:
        expected = year_totals(bench)
    spoil = lambda bench: bench.db.execute(detailed) and None  # noqa: E731
    with prepared(tmp_path, company(), spoil=spoil, overrides=correction) as bench:
        assert year_totals(bench) == expected


def test_a_period_told_twice_does_not_count_double(tmp_path: Path) -> None:
    twice = "INSERT INTO books.periods SELECT fiscal_year, period, start_date, end_date + 1, kind FROM books.periods"
    with prepared(tmp_path, company()) as bench:
        expected = year_totals(bench)
    with prepared(tmp_path, company(), spoil=lambda bench: bench.db.execute(twice) and None) as bench:
        assert year_totals(bench) == expected


def test_a_correction_that_reaches_back_before_the_date_of_the_link_keeps_the_year(tmp_path: Path) -> None:
    correction = (Override("2026", date(2025, 12, 1), date(2026, 12, 31)),)
    with prepared(tmp_path, company(), overrides=correction, since=date(2026, 1, 1)) as bench:
        found = {row[0] for row in bench.db.execute("SELECT line_key FROM work.journal_lines").fetchall()}
    assert {str(line.number) for line in company().lines if line.year == "2026"} <= found


def test_a_warehouse_without_init_knows_the_common_chart(store: Store) -> None:
    store.create()
    with store.reader() as db:
        assert db.execute("SELECT count(*) FROM ledger.common_chart").fetchall() == [(123,)]


def test_newer_views_reach_an_existing_warehouse(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, Warehouse(tmp_path / "warehouse"))
    ledger.load(company())
    with duckdb.connect(str(tmp_path / "warehouse" / "warehouse.duckdb")) as db:
        db.execute("CREATE OR REPLACE VIEW ledger.freshness AS SELECT 1 AS old")
    (tmp_path / "warehouse" / "schema.stamp").write_text("an older version")
    store = Warehouse(tmp_path / "warehouse")
    store.publish()
    with store.reader() as db:
        assert db.execute("SELECT lines FROM ledger.freshness").fetchall() == [(len(company().lines),)]


def test_a_period_without_entries_has_its_balances_too(ledger: Ledger) -> None:
    told = company()
    quiet = (
        "DELETE FROM books.journal_lines WHERE fiscal_year = '2025' AND period IN (5, 12) AND period_kind = 'normal'"
    )
    with prepared(ledger.folder, told, spoil=lambda b: b.db.execute(quiet) and None, balances=False) as bench:
        bench.check(Trust())
        facts = DossierFacts("d1", "f", "l", "c", "s", "x", "n", "1", "BE", "EUR", None, "replace", None)
        ledger.store.load(bench, facts, LoadRecord("s1", "s1", None, "", "manual", NOON, NOON, 1, 0))
    ledger.store.publish()
    rows = ledger.rows(
        "SELECT count(*), sum(closing), sum(abs(movement)), sum(abs(closing)) > 0 FROM ledger.trial_balance "
        "WHERE fiscal_year = '2025' AND period IN (5, 12) GROUP BY period"
    )
    assert rows == [(20, 0, 0, True)] * 2


def test_a_package_that_names_an_account_as_we_do_does_not_double_it(tmp_path: Path) -> None:
    """As when an export of ours is read back: the carried result is an account of the package there."""
    spoil = (
        "DELETE FROM books.journal_lines WHERE period_kind = 'closing' OR (period_kind = 'opening' AND "
        "fiscal_year <> '2024'); INSERT INTO books.accounts (number, name, statement) "
        "VALUES ('RESULT-CARRIED', 'Result', 'balance')"
    )
    with prepared(
        tmp_path, company(), spoil=lambda b: [b.db.execute(part) for part in spoil.split(";")] and None, balances=False
    ) as bench:
        found = {result.name: result for result in bench.check(Trust())}
        assert bench.db.execute("SELECT count(*) FROM work.accounts WHERE number = 'RESULT-CARRIED'").fetchall() == [
            (1,)
        ]
    assert found["balances_add_up"].passed is True
