"""From Xero's fields to the books: signs, accounts, openings, years of all kinds, the package's own balances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.xero.sandbox import XeroSandbox
from connectors.xero.sandbox.books import Posting
from tests.reader import Reader, company_sums

from .landed import told


def line(reader: Reader, reference: str) -> list[tuple[Any, ...]]:
    return reader.rows(
        "SELECT account, debit, credit, date, journal, period_kind, fiscal_year, vat_code FROM books.journal_lines "
        f"WHERE document = '{reference}' ORDER BY line_no"
    )


def test_a_net_amount_is_a_debit_or_a_credit_and_its_source_the_journal(reader: Reader, sandbox: XeroSandbox) -> None:
    sandbox.vendor.books.post(
        date(2026, 3, 3), [("fees", "12.34"), ("bank", "-12.34")], source="CASHPAID", reference="R1"
    )
    reader.read()
    assert line(reader, "R1") == [
        ("613200", Decimal("12.34"), 0, date(2026, 3, 3), "CASHPAID", "normal", None, None),
        ("550000", 0, Decimal("12.34"), date(2026, 3, 3), "CASHPAID", "normal", None, None),
    ]
    journals = dict(reader.rows("SELECT code, type FROM books.journals"))
    assert journals["CASHPAID"] == "bank"
    assert journals["ACCREC"] == "sales"
    assert journals["SYSTEM"] == "general"


@pytest.mark.parametrize("iso", [True, False])
def test_both_forms_of_dates_and_the_noise_of_doubles_are_understood(
    reader: Reader, sandbox: XeroSandbox, *, iso: bool
) -> None:
    sandbox.knobs.iso_dates, sandbox.knobs.float_noise = iso, True
    reader.read()
    assert reader.sums() == company_sums(told())
    assert reader.rows("SELECT min(date), max(date) FROM books.journal_lines") == [
        (date(2024, 1, 1), max(line.date for line in told().lines if line.kind == "normal"))
    ]
    assert reader.rows("SELECT bool_and(closed) FROM books.fiscal_years WHERE label < '2026'") == [(True,)]


def test_the_conversion_opens_the_first_year_on_its_first_day(reader: Reader) -> None:
    reader.read()
    opening = reader.rows(
        "SELECT DISTINCT date, journal, count(*) OVER () FROM books.journal_lines WHERE period_kind = 'opening'"
    )
    assert opening == [(date(2024, 1, 1), "SYSTEM", 5)]


def test_a_conversion_within_a_year_cuts_it_short_and_keeps_its_results(reader: Reader, sandbox: XeroSandbox) -> None:
    books = sandbox.vendor.books
    books.journals.clear()
    books.post(date(2025, 6, 30), [("bank", "100.00"), ("sales", "-100.00")], source=None)
    books.post(date(2025, 7, 10), [("bank", "20.00"), ("sales", "-20.00")])
    reader.read()
    years = reader.rows("SELECT label, start_date, end_date FROM books.fiscal_years ORDER BY 2")
    assert years[0] == ("2025", date(2025, 7, 1), date(2025, 12, 31))
    told = {
        (year, account): (opening, closing)
        for year, account, opening, closing in reader.rows(
            "SELECT fiscal_year, account, opening, closing FROM books.trial_balances WHERE period IS NULL"
        )
    }
    assert told["2025", "700000"] == (Decimal(-100), Decimal(-120))
    assert told["2026", "140000"] == (Decimal(-120), Decimal(-120))
    assert ("2026", "700000") not in told


def test_totals_begin_on_the_same_day_as_lines(reader: Reader, totals: Reader, sandbox: XeroSandbox) -> None:
    years = "SELECT * FROM books.fiscal_years ORDER BY start_date"
    whole = "SELECT * FROM books.trial_balances WHERE period IS NULL ORDER BY ALL"
    for change in (None, (date(2025, 6, 30), None), (date(2025, 6, 14), "MANJOURNAL"), (date(2025, 12, 31), None)):
        if change:
            sandbox.vendor.books.journals.clear()
            sandbox.vendor.books.post(change[0], [("bank", "100.00"), ("sales", "-100.00")], source=change[1])
            sandbox.vendor.books.post(date(2026, 2, 1), [("bank", "5.00"), ("sales", "-5.00")])
        reader.read(afresh=True)
        totals.read(afresh=True)
        assert totals.rows(years) == reader.rows(years), change
        assert totals.rows(whole) == reader.rows(whole), change


def test_a_year_that_ends_within_a_month_has_its_days_in_the_right_periods(
    totals: Reader, sandbox: XeroSandbox
) -> None:
    books = sandbox.vendor.books
    books.journals.clear()
    books.year_end = (4, 5)
    for day, amount in ((date(2025, 4, 7), "1.00"), (date(2025, 5, 1), "2.00"), (date(2026, 4, 3), "4.00")):
        books.post(day, [("bank", amount), ("sales", f"-{amount}")])
    totals.read()
    found = totals.rows(
        "SELECT fiscal_year, period, debit FROM books.trial_balances "
        "WHERE account = '550000' AND period IS NOT NULL AND debit <> 0 ORDER BY 2"
    )
    assert found == [("2026", 1, Decimal(1)), ("2026", 2, Decimal(2)), ("2026", 13, Decimal(4))]


def test_package_balances_open_with_earlier_results_on_retained_earnings(reader: Reader) -> None:
    reader.read()
    company = told()
    found = {
        (year, account): (opening, closing)
        for year, account, opening, closing in reader.rows(
            "SELECT fiscal_year, account, opening, closing FROM books.trial_balances WHERE opening <> 0 OR closing <> 0"
        )
    }
    assert found == {
        key: (row["opening"], row["closing"])
        for key, row in company.balances().items()
        if row["opening"] or row["closing"]
    }
    assert reader.rows("SELECT account FROM books.carried_result") == [("140000",)]


def test_accounts_have_their_class_their_system_use_and_their_currency(reader: Reader, sandbox: XeroSandbox) -> None:
    sandbox.vendor.more_accounts = [
        {"AccountID": "bank-1", "Name": "Till", "Type": "BANK"},
        {"AccountID": "dup-1", "Code": "550000", "Name": "Old bank", "Type": "BANK", "Status": "ARCHIVED"},
        {"AccountID": "pay-1", "Code": " 825 ", "Name": "Wages tax", "Type": "WAGESTAX", "Class": "LIABILITY"},
        {"AccountID": "odd-1", "Code": "826", "Name": "Odd", "Type": "SOMETHINGNEW"},
    ]  # fmt: skip
    reader.read()
    found = {
        row[0]: row[1:]
        for row in reader.rows(
            "SELECT number, name, type, statement, package_type, currency, active FROM books.accounts"
        )
    }
    assert found["bank-1"] == ("Till", "asset", "balance", "X:BANK", "EUR", True)
    assert found["dup-1"][0] == "Old bank"
    assert found["550000"][0] == "Banque EUR"
    assert found["825"] == ("Wages tax", "liability", "balance", "X:WAGESTAX", "EUR", True)
    assert found["826"][1:3] == (None, None)
    assert found["550100"][4] == "USD"
    assert found["400000"][3] == "X:sys:DEBTORS"
    assert found["700900"][5] is False


def test_an_account_that_is_not_in_the_list_is_known_by_what_lines_and_reports_say(
    reader: Reader, totals: Reader, sandbox: XeroSandbox
) -> None:
    books = sandbox.vendor.books
    books.post(date(2026, 3, 3), [("unused", "9.00"), ("bank", "-9.00")])
    sandbox.vendor.hidden_accounts = {"613900"}
    for each in (reader, totals):
        each.read()
        found = each.rows("SELECT name LIKE 'Compte sans%', type, active FROM books.accounts WHERE number = '613900'")
        assert found == [(True, "expense", False)]
    assert reader.rows("SELECT sum(debit) FROM books.journal_lines WHERE account = '613900'") == [(Decimal(9),)]


def test_a_journal_without_lines_and_lines_without_an_id_do_no_harm(reader: Reader, sandbox: XeroSandbox) -> None:
    books = sandbox.vendor.books
    books.post(date(2026, 3, 3), [])
    reader.read()
    assert reader.sums() == company_sums(told())
    keys = reader.rows("SELECT count(*), count(DISTINCT line_key) FROM books.journal_lines")
    assert keys[0][0] == keys[0][1]


def test_contacts_are_told_with_their_kind(reader: Reader) -> None:
    reader.read()
    found = reader.rows("SELECT code, name, kind, vat_number, country FROM books.counterparties WHERE code = 'DUPONT'")
    assert found == [("DUPONT", "Dupont & Fils SRL", "customer", "BE0403170701", "BE")]
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE counterparty IS NOT NULL") == [(0,)]


def test_a_tax_type_is_the_vat_code(reader: Reader, sandbox: XeroSandbox) -> None:
    books = sandbox.vendor.books
    postings = (Posting("sales", Decimal("-5.00"), "Shelves", "OUTPUT2"), Posting("bank", Decimal("5.00")))
    books._append(date(2026, 3, 3), "T1", "CASHREC", "x", postings)
    reader.read()
    assert [row[-1] for row in line(reader, "T1")] == ["OUTPUT2", None]
