"""From AFAS's fields to books: parties on their control accounts, years, results, balances."""

from __future__ import annotations

from datetime import date

from connectors.afas import Afas
from connectors.afas.sandbox import AfasSandbox
from connectors.sandbox.company import company
from tests.landed import Clock, books

from .landed import connect, read


def test_parties_stand_on_their_control_account(connector: Afas) -> None:
    db = books(connector, read(connector))
    rows = db.execute("SELECT DISTINCT account, counterparty FROM books.journal_lines WHERE counterparty IS NOT NULL")
    told = {(line.account, line.party) for line in company("NL").lines if line.party}
    assert set(rows.fetchall()) == told
    numbers = {account for (account,) in db.execute("SELECT DISTINCT account FROM books.trial_balances").fetchall()}
    assert numbers <= {account.number for account in company("NL").accounts}


def test_a_number_that_is_in_the_chart_is_no_party(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.vendor.books.rows("Profit_Debtor")[0]["DebtorId"] = "1100"
    db = books(connector, read(connector))
    assert db.execute("SELECT count(*) FROM books.journal_lines WHERE counterparty = '1100'").fetchall() == [(0,)]


def test_a_party_without_a_control_account_keeps_its_number(connector: Afas, sandbox: AfasSandbox) -> None:
    for row in sandbox.vendor.books.rows("Profit_Accounts"):
        row["CollectAccountType"] = "N"
    db = books(connector, read(connector))
    found = {account for (account,) in db.execute("SELECT DISTINCT account FROM books.journal_lines").fetchall()}
    assert {"ELECTRA", "CAFE"} <= found
    assert "DUPONT" not in found  # a customer names the account itself


def test_debit_and_credit_stay_as_they_are_negative_ones_too(connector: Afas) -> None:
    db = books(connector, read(connector))
    query = "SELECT account, debit, credit FROM books.journal_lines WHERE journal = 'NCV' ORDER BY line_key"
    told = [(line.account, line.debit, line.credit) for line in company("NL").lines if line.journal == "NCV"]
    assert sorted(db.execute(query).fetchall()) == sorted(told)
    assert any(debit < 0 for _, debit, _ in told)


def test_the_first_period_opens_and_the_last_is_for_corrections(connector: Afas, sandbox: AfasSandbox) -> None:
    db = books(connector, read(connector))
    kinds = db.execute("SELECT period, kind FROM books.periods WHERE fiscal_year = '2024' ORDER BY period").fetchall()
    assert kinds == [(0, "opening"), *((number, "normal") for number in range(1, 19)), (19, "adjustment")]
    sandbox.vendor.books.add_entry(2025, 13, date(2025, 12, 31), [("4500", "7"), ("1100", "-7")])
    db = books(connector, read(connector))
    found = db.execute(
        "SELECT DISTINCT period, period_kind FROM books.journal_lines WHERE line_key LIKE '%-90000001-%'"
    )
    assert found.fetchall() == [(13, "adjustment")]


def test_a_year_is_open_while_one_period_is(connector: Afas, sandbox: AfasSandbox) -> None:
    rows = sandbox.vendor.books.rows("Profit_periods_per_administration")
    next(row for row in rows if (row["Unit"], row["Year"], row["Period"]) == (5, 2025, 3))["Blocked"] = False
    db = books(connector, read(connector))
    years = db.execute("SELECT label, closed FROM books.fiscal_years ORDER BY label").fetchall()
    assert years == [("2024", True), ("2025", False), ("2026", False)]


def test_the_account_that_takes_the_result_is_found_by_its_balance(connector: Afas) -> None:
    db = books(connector, read(connector))
    own = company("NL").numbers["result_brought_forward"]
    assert db.execute("SELECT account FROM books.carried_result").fetchall() == [(own,)]
    found = db.execute("SELECT type, package_type FROM books.accounts WHERE number = ?", [own]).fetchall()
    assert found == [("equity", "A:result")]


def test_types_come_as_codes_or_as_labels(connector: Afas, sandbox: AfasSandbox) -> None:
    labels = {"1": "Activa", "2": "Passiva", "3": "Opbrengsten", "4": "Kosten"}
    query = "SELECT number, type, statement, package_type FROM books.accounts ORDER BY number"
    codes = books(connector, read(connector)).execute(query).fetchall()
    for row in sandbox.vendor.books.rows("Profit_Accounts"):
        row["Type"] = labels[row["Type"]]
    assert books(connector, read(connector)).execute(query).fetchall() == codes


def test_a_first_year_that_was_not_opened_opens_with_the_sums_before_it(connector: Afas, sandbox: AfasSandbox) -> None:
    held = sandbox.vendor.books
    held.delete(*(key for key in list(held.lines) if key[0] == 5 and key[2] == 2026 and key[1] == "OPN"))
    db = books(connector, read(connector, since=date(2026, 1, 1)))
    found = db.execute(
        "SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening' AND fiscal_year = '2026'"
    ).fetchall()
    told = company("NL").balances()
    expected = {account: row["opening"] for (year, account), row in told.items() if year == "2026" and row["opening"]}
    assert dict(found) == expected
    assert db.execute(
        "SELECT count(*) FROM books.trial_balances WHERE period IS NULL AND fiscal_year = '2026'"
    ).fetchall() == [(0,)]


def test_what_is_not_in_the_app_connector_is_gone_without_and_said(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.knobs.absent |= {"Profit_Journals", "Profit_Debtor", "Profit_Debtor_Invoices", "Profit_Period_balance"}
    landed = read(connector)
    assert landed.codes() == {"no_journals", "no_debtors", "no_debtor_invoices", "no_period_balance"}
    db = books(connector, landed)
    assert db.execute("SELECT count(*) FROM books.trial_balances").fetchall() == [(0,)]
    assert ("DUPONT",) in db.execute("SELECT DISTINCT account FROM books.journal_lines").fetchall()


def test_numbers_of_older_versions_are_the_same_amounts(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), [("4500", "0.50"), ("1100", "-0.50")])
    query = "SELECT line_key, debit, credit FROM books.journal_lines ORDER BY line_key"
    new = books(connector, read(connector)).execute(query).fetchall()
    sandbox.knobs.old_numbers = True
    assert books(connector, read(connector)).execute(query).fetchall() == new


def test_country_and_currency_are_those_of_the_connection(sandbox: AfasSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock, country="BE", currency="USD")
    db = books(connector, read(connector))
    found = db.execute("SELECT name, code, country, currency FROM books.dossier").fetchall()
    assert found == [("Atelier Grand-Livre", "1042", "BE", "USD")]
    connector.close()
