"""From AFAS SB's fields to books: numbers, reference codes, openings, the moved result, balances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.afas import AfasSb
from connectors.afas.sb.sandbox import SbSandbox
from connectors.afas.sb.sandbox.books import OURS
from connectors.afas.sb.sandbox.tables import TRANSFER, guid, moment
from connectors.sandbox.company import company
from tests.landed import Clock, books

from .landed import connect, read

TOLD = company("NL")


def test_accounts_have_their_number_reference_code_and_statement(connector: AfasSb) -> None:
    db = books(connector, read(connector))
    found = {
        row[0]: row[1:] for row in db.execute("SELECT number, explicit_code, statement FROM books.accounts").fetchall()
    }
    used = {line.account for line in TOLD.lines}
    for account in TOLD.accounts:
        code, statement = found[account.number]
        assert statement == ("balance" if account.on_balance_sheet else "result")
        assert (code or "").startswith(account.rgs if account.number in used else "")
    assert found[TOLD.numbers["unused"]] == (None, "result")  # as all others of its type
    assert found[TRANSFER][1] == "result"


def test_a_type_of_both_statements_tells_nothing(connector: AfasSb, sandbox: SbSandbox) -> None:
    for row in sandbox.vendor.books.rows("ledgeraccounts"):
        row["TypeId"] = "one-for-all"
    db = books(connector, read(connector))
    unused = TOLD.numbers["unused"]
    assert db.execute("SELECT statement FROM books.accounts WHERE number = ?", [unused]).fetchall() == [(None,)]


def test_an_account_that_is_not_in_the_chart_is_known_by_what_totals_say(connector: AfasSb, sandbox: SbSandbox) -> None:
    listed, number = sandbox.vendor.books.rows("ledgeraccounts"), TOLD.numbers["customers"]
    listed[:] = [row for row in listed if (row["AdministrationId"], row["LedgerAccountNumber"]) != (OURS, number)]
    db = books(connector, read(connector))
    assert db.execute("SELECT name FROM books.accounts WHERE number = ?", [number]).fetchall() == [("Clients",)]
    assert db.execute("SELECT count(*) > 0 FROM books.journal_lines WHERE account = ?", [number]).fetchall() == [
        (True,)
    ]


def test_one_of_two_accounts_with_the_same_number_is_known_by_its_id(connector: AfasSb, sandbox: SbSandbox) -> None:
    fees, wages = (guid("account", OURS, TOLD.numbers[role]) for role in ("fees", "wages"))
    next(row for row in sandbox.vendor.books.rows("ledgeraccounts") if row["Id"] == wages)["LedgerAccountNumber"] = (
        "4500"
    )
    db = books(connector, read(connector))
    found = {account for (account,) in db.execute("SELECT DISTINCT account FROM books.journal_lines").fetchall()}
    assert "4500" in found
    assert len(found & {fees, wages}) == 1


def test_the_first_year_opens_with_what_totals_say(connector: AfasSb) -> None:
    db = books(connector, read(connector))
    found = db.execute(
        "SELECT fiscal_year, date, account, debit, credit FROM books.journal_lines WHERE period_kind = 'opening'"
    ).fetchall()
    first = TOLD.years[0]
    expected = [
        (first.label, first.start, line.account, max(line.amount, Decimal(0)), max(-line.amount, Decimal(0)))
        for line in TOLD.lines
        if line.kind == "opening" and line.year == first.label
    ]
    assert sorted(found) == sorted(expected)


def test_the_result_that_totals_move_to_equity_is_taken_back(connector: AfasSb) -> None:
    db = books(connector, read(connector))
    own = TOLD.numbers["result_brought_forward"]
    assert db.execute("SELECT account FROM books.carried_result").fetchall() == [(own,)]
    rows = db.execute("SELECT fiscal_year, account, opening, closing FROM books.trial_balances WHERE period IS NULL")
    found = {(year, account): (opening, closing) for year, account, opening, closing in rows.fetchall()}
    expected = {key: (row["opening"], row["closing"]) for key, row in TOLD.balances().items()}
    assert {k: v for k, v in found.items() if any(v)} == {k: v for k, v in expected.items() if any(v)}
    assert ("2025", TRANSFER) not in found


def test_entries_on_the_account_of_transfer_are_entries_like_others(connector: AfasSb, sandbox: SbSandbox) -> None:
    keys = sandbox.vendor.books.post("2026", 5, date(2026, 5, 4), [("fees", "7"), ("bank", "-7")])
    sandbox.vendor.books.rows("ledgerperiodtotals")  # as they stand
    sandbox.vendor.books.lines[keys[0]]["LedgerAccountId"] = guid("account", OURS, TRANSFER)
    db = books(connector, read(connector))
    found = db.execute("SELECT count(*) FROM books.trial_balances WHERE account = ?", [TRANSFER]).fetchall()
    assert found != [(0,)]


def test_periods_are_the_package_s_own_numbers_and_one_at_the_end_is_for_corrections(
    connector: AfasSb, sandbox: SbSandbox
) -> None:
    more = dict(sandbox.vendor.books.rows("accountingperiod")[0])
    more |= {"Id": guid("period", OURS, "2025", 13), "AccountingYear": "2025", "PeriodNumber": Decimal("13.0")}
    more |= {"StartDate": moment(date(2025, 12, 31)), "EndDate": moment(date(2025, 12, 31)), "AdministrationId": OURS}
    sandbox.vendor.books.rows("accountingperiod").append(more)
    key, *_ = [
        k for k, row in sandbox.vendor.books.lines.items() if row["AccountingYearId"] == guid("year", OURS, "2025")
    ]
    sandbox.vendor.books.rows("ledgerperiodtotals")  # as they stand
    sandbox.vendor.books.lines[key]["AccountingPeriodId"] = more["Id"]
    db = books(connector, read(connector))
    kinds = db.execute("SELECT period, kind FROM books.periods WHERE fiscal_year = '2025' ORDER BY period").fetchall()
    assert kinds == [*((number, "normal") for number in range(1, 13)), (13, "adjustment")]
    found = db.execute("SELECT period, period_kind FROM books.journal_lines WHERE line_key = ?", [key]).fetchall()
    assert found == [(13, "adjustment")]


def test_debit_and_credit_stay_as_they_are_negative_ones_too(connector: AfasSb) -> None:
    db = books(connector, read(connector))
    told = [(line.account, line.debit, line.credit) for line in TOLD.lines if line.journal == "NCV"]
    documents = {line.document for line in TOLD.lines if line.journal == "NCV"}
    query = f"SELECT account, debit, credit FROM books.journal_lines WHERE document IN {tuple(documents)}"
    assert sorted(db.execute(query).fetchall()) == sorted(told)
    assert any(debit < 0 for _, debit, _ in told)


def test_lines_of_an_entry_are_numbered_and_share_a_key(connector: AfasSb) -> None:
    db = books(connector, read(connector))
    odd = db.execute(
        "SELECT entry_key FROM books.journal_lines WHERE period_kind = 'normal' GROUP BY 1 "
        "HAVING sum(debit - credit) <> 0 OR list_sort(list(line_no)) <> range(1, count(*) + 1)"
    )
    assert odd.fetchall() == []


def test_a_rate_stands_for_the_code_of_vat(connector: AfasSb, sandbox: SbSandbox) -> None:
    row = next(
        row
        for row in sandbox.vendor.books.lines.values()
        if row["VatPercentage"] == 21 and row["AdministrationId"] == OURS
    )
    row["VatPercentage"] = Decimal("5.5")
    db = books(connector, read(connector))
    codes = {code for (code,) in db.execute("SELECT DISTINCT vat_code FROM books.journal_lines").fetchall()}
    assert codes == {None, "0", "21", "5.5"}


def test_country_and_currency_are_those_of_the_connection(sandbox: SbSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock, country="BE", currency="USD")
    db = books(connector, read(connector))
    found = db.execute("SELECT name, code, country, currency FROM books.dossier").fetchall()
    assert found == [("Atelier Grand-Livre", "atelier", "BE", "USD")]
    connector.close()
