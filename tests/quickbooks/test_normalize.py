"""QuickBooks' own fields in the common language: sides and signs, names and numbers, what is not in a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.quickbooks.sandbox import QuickBooksSandbox
from connectors.quickbooks.sandbox.books import Posting
from tests.landed import Clock
from tests.reader import Reader, booked

from .landed import company_sums, told


def test_amounts_have_a_side_and_no_sign(reader: Reader) -> None:
    reader.read()
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE debit < 0 OR credit < 0") == [(0,)]
    small = reader.rows("SELECT DISTINCT debit FROM books.journal_lines WHERE debit BETWEEN 0.01 AND 99")
    assert {row[0] for row in small} == {
        abs(line.amount) for line in booked(told()) if Decimal("0.01") <= line.amount <= 99
    }


def test_a_foreign_amount_has_the_sign_of_the_amount_on_either_side(reader: Reader) -> None:
    reader.read()
    found = reader.rows(
        "SELECT account, currency, amount_currency FROM books.journal_lines WHERE currency IS NOT NULL ORDER BY ALL"
    )
    expected = [(x.account, x.currency, x.amount_currency) for x in booked(told()) if x.currency != "EUR"]
    assert found == sorted(expected)
    assert {currency for _, currency, _ in found} == {"USD", "GBP"}


def test_a_company_of_one_currency_has_other_columns(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    sandbox.knobs.multi_currency = False
    reader.read()
    assert reader.sums() == company_sums(told())
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE currency IS NOT NULL") == [(0,)]
    assert reader.rows("SELECT DISTINCT currency FROM books.accounts") == [("EUR",)]


def test_accounts_have_their_number_or_else_their_id(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    sandbox.knobs.numbers = False
    reader.read()
    books = sandbox.vendor.books
    expected = {books.account_id(account.role): account.name for account in told().accounts}
    assert dict(reader.rows("SELECT number, name FROM books.accounts")) == expected
    assert reader.rows("SELECT count(*) FROM books.carried_result") == [(1,)]


def test_inactive_accounts_are_there_by_their_own_names_and_estimates_are_not(reader: Reader) -> None:
    reader.read()
    found = reader.rows("SELECT name FROM books.accounts WHERE NOT active")
    assert found == [("Ventes (ancien compte)",)]
    assert reader.rows("SELECT count(*) FROM books.accounts") == [(len(told().accounts),)]


def test_an_account_in_no_list_is_known_by_what_lines_say(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    books = sandbox.vendor.books
    sandbox.vendor.hidden_accounts = {books.account_id("bank_loan"), books.account_id("old_sales")}
    reader.read()
    found = reader.rows("SELECT number, name, type, active FROM books.accounts WHERE type IS NULL ORDER BY 1")
    assert found == [
        (books.account_id("bank_loan"), "Etablissements de crédit", None, False),
        (books.account_id("old_sales"), "Ventes (ancien compte)", None, False),
    ]
    assert reader.count() == len(booked(told()))
    orphans = "SELECT count(*) FROM books.journal_lines l ANTI JOIN books.accounts a ON a.number = l.account"
    assert reader.rows(orphans) == [(0,)]


def test_types_of_accounts_are_the_vendor_s(reader: Reader) -> None:
    reader.read()
    found = {
        number: row for number, *row in reader.rows("SELECT number, type, statement, package_type FROM books.accounts")
    }
    numbers = told().numbers
    assert found[numbers["customers"]] == ["asset", "balance", "Q:Accounts Receivable"]
    assert found[numbers["purchases"]] == ["expense", "result", "Q:Cost of Goods Sold"]
    assert {number: row[0] for number, row in found.items()} == {a.number: a.kind for a in told().accounts}


def test_lines_name_customers_and_suppliers_and_whoever_is_in_no_list(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    books = sandbox.vendor.books
    company = told()
    names = {books.party_id(party.code): party.name for party in company.parties}
    hidden = books.party_id("DUPONT")
    sandbox.vendor.hidden_accounts = {hidden}
    reader.read()
    parties = {
        code: row
        for code, *row in reader.rows("SELECT code, name, kind, vat_number, country FROM books.counterparties")
    }
    assert {code: row[0] for code, row in parties.items()} == names
    assert parties[hidden][1:] == ["other", None, None]
    assert parties[books.party_id("ELECTRA")][1:] == ["supplier", "BE0417497106", "BE"]
    assert books.party_id("CHIPS") in parties, "inactive"
    told_lines = reader.rows("SELECT counterparty, count(*) FROM books.journal_lines GROUP BY 1")
    expected: dict[str | None, int] = {}
    for line in booked(company):
        party = books.party_id(line.party) if line.party else None
        expected[party] = expected.get(party, 0) + 1
    assert dict(told_lines) == expected


def test_a_transaction_stands_for_an_entry_and_its_type_for_a_journal(
    reader: Reader, sandbox: QuickBooksSandbox
) -> None:
    books = sandbox.vendor.books
    paycheck = replace(next(iter(books.transactions.values())), id="77", kind="Chèque de paie", day=date(2026, 5, 1))
    books.transactions["77"] = replace(
        paycheck, postings=(Posting("wages", Decimal(5)), Posting("wages", Decimal(7)), Posting("bank", Decimal(-12)))
    )
    reader.read()
    assert dict(reader.rows("SELECT code, type FROM books.journals")) == {
        "Invoice": "sales",
        "Credit Memo": "sales_credit",
        "Bill": "purchase",
        "Payment": "bank",
        "Journal Entry": "general",
        "Chèque de paie": "other",
    }
    lines = "SELECT line_key, line_no, debit - credit FROM books.journal_lines"
    lines += " WHERE entry_key = 'Chèque de paie-77' ORDER BY line_no"
    bank, wages = books.account_id("bank"), books.account_id("wages")
    assert reader.rows(lines) == [
        (f"Chèque de paie-77-{bank}-1", 1, -12),
        (f"Chèque de paie-77-{wages}-1", 2, 5),
        (f"Chèque de paie-77-{wages}-2", 3, 7),
    ]
    unbalanced = "SELECT entry_key FROM books.journal_lines GROUP BY 1 HAVING sum(debit - credit) <> 0"
    assert reader.rows(unbalanced) == []


@pytest.mark.parametrize("since", [None, date(2026, 1, 1)])
def test_balances_of_a_year_are_its_opening_and_what_moved(reader: Reader, since: date | None) -> None:
    reader.read(since=since)
    found = reader.rows("SELECT fiscal_year, account, opening, debit - credit, closing FROM books.trial_balances")
    balances = told().balances()
    for year, account, opening, moved, closing in found:
        expected = balances[year, account]
        if year != "2024":
            assert (opening, closing) == (expected["opening"], expected["closing"])
        assert opening + moved == closing
    assert {year for year, *_ in found} == ({"2026"} if since else {"2024", "2025", "2026"})
