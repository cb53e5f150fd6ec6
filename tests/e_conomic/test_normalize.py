"""e-conomic's fields in the common language: the company comes back, column by column."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.books import ACCOUNT_TYPES, JOURNAL_TYPES
from connectors.e_conomic import resources as r
from connectors.e_conomic.client import normalize
from connectors.e_conomic.countries import COUNTRIES, country_code
from connectors.e_conomic.sandbox import open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock, books, books_of

from .landed import SOFTWARE, connect, read

YEARS = [
    {"year": "2025", "fromDate": "2025-01-01", "toDate": "2025-12-31", "closed": True},
    {"year": "2026", "fromDate": "2026-01-01", "toDate": "2026-12-31"},
]
ACCOUNTS = [
    {"accountNumber": 1010, "name": "Salg", "accountType": "profitAndLoss", "debitCredit": "credit"},
    {"accountNumber": 1310, "name": "Varekøb", "accountType": "profitAndLoss", "debitCredit": "debit"},
    {"accountNumber": 5600, "name": "Debitorer", "accountType": "status", "debitCredit": "debit"},
    {"accountNumber": 5820, "name": "Bank", "accountType": "status", "debitCredit": "debit"},
]


def made(since: date | None = None, agreement: dict[str, Any] | None = None, **tables: list[dict[str, Any]]) -> Any:
    """Books from rows made by hand; what is not given is two years and four accounts."""
    told = {"agreementNumber": 7, "settings": {"baseCurrency": "DKK"}, "since": since} | (agreement or {})
    rows = {"agreement": [told], "accounting_years": YEARS, "accounts": ACCOUNTS} | tables
    found = {s.name: pa.Table.from_pylist(rows[s.name], schema=s.schema) for s in r.RESOURCES if s.name in rows}
    return books_of(found, r.RESOURCES, normalize)


def entry(number: int, account: int, base: str, **fields: Any) -> dict[str, Any]:
    basic = {"entryNumber": number, "year": "2026", "date": "2026-03-01", "entryType": "financeVoucher"}
    money = {"amount": Decimal(base), "amountInBaseCurrency": Decimal(base), "currency": "DKK"}
    return basic | money | {"voucherNumber": 1, "account": {"accountNumber": account}} | fields


def opening(number: int, account: int, amount: str, **fields: Any) -> dict[str, Any]:
    more = {"entryType": "openingEntry", "voucherNumber": 0, "date": "2026-01-01"}
    return entry(number, account, amount, **(more | fields))


def total(account: int, amount: str, year: str = "2026") -> dict[str, Any]:
    return {"account": {"accountNumber": account}, "totalInBaseCurrency": Decimal(amount), "year": year}


def value(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return db.execute(sql).fetchall()


@pytest.mark.parametrize("country", ["BE", "FR"])
@pytest.mark.parametrize("revision", [0, 2])
def test_every_line_of_the_company_comes_back_with_all_that_the_package_tells(country: str, revision: int) -> None:
    clock, told = Clock(), company(country, revision, corrects_by_entries=True)
    with open_sandbox(SOFTWARE, told, now=clock) as sandbox:
        connector = connect(sandbox, clock)
        db = books(connector, read(connector))
        connector.close()
    kinds = ("customer", "supplier")
    codes = {
        party.code: f"{'CS'[kinds.index(kind)]}{position}"
        for kind in kinds
        for position, party in enumerate((p for p in told.parties if p.kind == kind), start=1)
    }
    names = {"2024": "2023/2024", "2025": "2025", "2026": "2026"}
    loaded = Counter(
        db.execute(
            "SELECT fiscal_year, period_kind, date, document, account, debit - credit, currency, amount_currency, "
            "counterparty, vat_code, due_date, coalesce(description, '') FROM books.journal_lines"
        ).fetchall()
    )
    assert loaded == Counter(
        (
            names[line.year],
            line.kind,
            line.date,
            line.document,
            line.account,
            line.amount,
            line.currency,
            line.in_currency,
            codes.get(line.party or ""),
            line.vat_code,
            line.due_date,
            line.description,
        )
        for line in told.lines
        if line.kind != "closing"
    )
    parties = db.execute("SELECT code, name, kind, country FROM books.counterparties").fetchall()
    assert set(parties) == {(codes[p.code], p.name, p.kind, p.country) for p in told.parties}
    assert (
        value(db, "SELECT count(*) FROM books.journal_lines GROUP BY entry_key HAVING sum(debit - credit) <> 0") == []
    )
    assert {kind for (kind,) in value(db, "SELECT type FROM books.journals")} <= set(JOURNAL_TYPES)
    assert {kind for (kind,) in value(db, "SELECT type FROM books.accounts WHERE NOT heading")} <= set(ACCOUNT_TYPES)


def test_years_keep_their_names_and_are_open_unless_told() -> None:
    years = [
        {"year": "2024a", "fromDate": "2024-01-01", "toDate": "2024-06-30", "closed": True},
        {"year": "2024b", "fromDate": "2024-07-01", "toDate": "2024-12-31"},
        {"year": "2025/2026", "fromDate": "2025-01-01", "toDate": "2026-06-30"},
    ]
    db = made(accounting_years=years, entries=[entry(1, 5820, "1", year="2024b", date="2024-08-01")])
    assert value(db, "SELECT label, start_date, end_date, closed FROM books.fiscal_years ORDER BY start_date") == [
        ("2024a", date(2024, 1, 1), date(2024, 6, 30), True),
        ("2024b", date(2024, 7, 1), date(2024, 12, 31), False),
        ("2025/2026", date(2025, 1, 1), date(2026, 6, 30), False),
    ]
    assert value(db, "SELECT fiscal_year, entry_key FROM books.journal_lines") == [("2024b", "2024b-1")]


@pytest.mark.parametrize(
    ("amount", "sides"), [("12.50", ("12.50", "0")), ("-12.50", ("0", "12.50")), ("0", ("0", "0"))]
)
def test_a_positive_amount_is_a_debit(amount: str, sides: tuple[str, str]) -> None:
    db = made(entries=[entry(1, 5820, amount, amount=Decimal("99"), currency="EUR")])
    assert value(db, "SELECT debit, credit, currency, amount_currency FROM books.journal_lines") == [
        (Decimal(sides[0]), Decimal(sides[1]), "EUR", Decimal("99"))
    ]


def test_the_document_is_an_invoice_where_there_is_one_and_the_voucher_elsewhere() -> None:
    db = made(
        entries=[
            entry(1, 5600, "1", invoiceNumber="12"),
            entry(2, 5600, "1", supplierInvoiceNumber="F-77"),
            entry(3, 5600, "1", invoiceNumber=" "),
        ]
    )
    assert value(db, "SELECT document FROM books.journal_lines ORDER BY line_no") == [("12",), ("F-77",), ("1",)]


def test_numbers_of_customers_and_suppliers_do_not_meet() -> None:
    db = made(
        entries=[
            entry(1, 5600, "1", customer={"customerNumber": 7}),
            entry(2, 5600, "1", supplier={"supplierNumber": 7}),
        ],
        customers=[
            {"customerNumber": 7, "name": "Kunde", "country": "Danmark", "corporateIdentificationNumber": "10203040"}
        ],
    )
    assert value(db, "SELECT counterparty FROM books.journal_lines ORDER BY line_no") == [("C7",), ("S7",)]
    assert value(db, "SELECT code, name, kind, vat_number, country FROM books.counterparties ORDER BY code") == [
        ("C7", "Kunde", "customer", "DK10203040", "DK"),
        ("S7", "", "supplier", None, None),
    ]


def test_posting_accounts_are_typed_and_titles_and_totals_are_headings() -> None:
    def account(number: int, name: str, kind: str, side: str = "debit", **more: Any) -> dict[str, Any]:
        return {"accountNumber": number, "name": name, "accountType": kind, "debitCredit": side, **more}

    rows = [
        account(1000, "OMSÆTNING", "headingStart"),
        account(1010, "Salg", "profitAndLoss", "credit"),
        account(1310, "Varekøb", "profitAndLoss"),
        account(4999, "Resultat", "totalFrom"),
        account(5000, "AKTIVER", "headingStart"),
        account(5600, "Debitorer", "status"),
        account(5610, "Hensat til tab", "status", "credit"),
        account(6000, "PASSIVER", "headingStart"),
        account(6010, "Moms", "status"),
        account(6100, "Egenkapital", "heading"),
        account(6110, "Årets hævninger", "status"),
        account(6199, "Egenkapital i alt", "sumInterval"),
        account(7000, "Øvrige konti", "heading"),
        account(7010, "Mellemregning", "status", "credit", barred=True),
        account(9000, "Kontrol", "sumAlpha"),
    ]
    found = value(
        made(accounts=rows), "SELECT number, type, statement, heading, active FROM books.accounts ORDER BY number"
    )
    typed = {number: (kind, statement, active) for number, kind, statement, heading, active in found if not heading}
    assert typed == {
        "1010": ("income", "result", True),
        "1310": ("expense", "result", True),
        "5600": ("asset", "balance", True),
        "5610": ("asset", "balance", True),
        "6010": ("liability", "balance", True),
        "6110": ("equity", "balance", True),
        "7010": ("liability", "balance", False),
    }
    assert len(found) - len(typed) == 8


def test_a_type_that_is_not_known_is_no_posting_account_of_either_kind() -> None:
    db = made(accounts=[{"accountNumber": 1, "name": "X"}, {"accountNumber": 2, "name": "Y", "accountType": "new"}])
    assert value(db, "SELECT type, statement, heading FROM books.accounts ORDER BY number") == [
        (None, None, False),
        (None, None, True),
    ]


def test_an_opening_that_was_taken_back_is_not_told_and_the_latest_stands() -> None:
    rows = [
        *(opening(1, 5820, "100"), opening(2, 5600, "-100")),
        *(opening(11, 5820, "-100"), opening(12, 5600, "100")),
        *(opening(21, 5820, "100"), opening(22, 5600, "-175"), opening(23, 1010, "75")),
        *(entry(31, 5820, "-100"), entry(32, 5600, "100")),
    ]
    db = made(entries=rows)
    assert value(db, "SELECT line_key, period_kind FROM books.journal_lines ORDER BY line_no") == [
        ("21", "opening"),
        ("22", "opening"),
        ("23", "opening"),
        ("31", "normal"),
        ("32", "normal"),
    ]


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from([5600, 5820]), st.integers(-3, 3)), max_size=30))
def test_leaving_out_what_was_taken_back_changes_no_opening_balance(openings: list[tuple[int, int]]) -> None:
    db = made(entries=[opening(n, account, str(amount)) for n, (account, amount) in enumerate(openings, start=1)])
    sums: Counter[int] = Counter()
    for account, amount in openings:
        sums[account] += amount
    found = value(db, "SELECT account::INTEGER, sum(debit - credit) FROM books.journal_lines GROUP BY ALL")
    assert {account: int(amount) for account, amount in found if amount} == {a: n for a, n in sums.items() if n}
    opposite = value(
        db,
        "SELECT a.account FROM books.journal_lines a JOIN books.journal_lines b ON a.account = b.account "
        "AND a.debit = b.credit AND a.debit > 0",
    )
    assert opposite == []


def test_an_entry_that_came_twice_is_told_once() -> None:
    db = made(entries=[entry(1, 5820, "5"), entry(2, 5600, "-5"), entry(1, 5820, "5")])
    assert value(db, "SELECT line_key FROM books.journal_lines ORDER BY ALL") == [("1",), ("2",)]


def test_totals_are_closing_balances_where_they_hold_the_opening_entries() -> None:
    rows = [opening(1, 5820, "100"), opening(2, 5600, "-100"), entry(3, 5820, "5"), entry(4, 1010, "-5")]
    heading = {"accountNumber": 9000, "name": "Sum", "accountType": "sumInterval"}
    told = [total(5820, "105"), total(5600, "-100"), total(1010, "-5"), total(9000, "123")]
    db = made(accounts=[*ACCOUNTS, heading], entries=rows, totals=told)
    assert value(db, "SELECT account, opening, debit, credit, closing FROM books.trial_balances ORDER BY account") == [
        ("1010", None, None, None, Decimal(-5)),
        ("5600", None, None, None, Decimal(-100)),
        ("5820", None, None, None, Decimal(105)),
    ]


def test_totals_that_leave_the_opening_entries_out_are_movements() -> None:
    rows = [opening(1, 5820, "100"), opening(2, 5600, "-100"), entry(3, 5820, "5"), entry(4, 1010, "-5")]
    db = made(entries=rows, totals=[total(5820, "5"), total(1010, "-5")])
    found = value(db, "SELECT account, debit, credit, closing FROM books.trial_balances ORDER BY account")
    assert found == [
        ("1010", Decimal(0), Decimal(5), None),
        ("1310", Decimal(0), Decimal(0), None),
        ("5600", Decimal(0), Decimal(0), None),
        ("5820", Decimal(5), Decimal(0), None),
    ]


def test_a_year_without_opening_entries_tells_movements_or_what_it_carries_over() -> None:
    before = [
        entry(1, 5820, "40", year="2025", date="2025-05-01"),
        entry(2, 1010, "-40", year="2025", date="2025-05-01"),
    ]
    rows = [*before, entry(3, 5820, "5"), entry(4, 5600, "-5")]
    moved = made(entries=rows, totals=[total(5820, "5"), total(5600, "-5")])
    assert value(moved, "SELECT DISTINCT closing FROM books.trial_balances") == [(None,)]
    carried = made(entries=rows, totals=[total(5820, "45"), total(5600, "-4")])
    assert value(carried, "SELECT account, closing FROM books.trial_balances ORDER BY account") == [
        ("5600", Decimal(-4)),
        ("5820", Decimal(45)),
    ]


def test_from_a_date_a_year_after_an_open_one_opens_with_the_totals_before_it() -> None:
    totals = [
        total(5820, "60", "2025"),
        total(5600, "15", "2025"),
        total(1010, "-100", "2025"),
        total(1310, "25", "2025"),
    ]
    booked = [entry(3, 5820, "5"), entry(4, 1010, "-5")]
    db = made(date(2026, 1, 1), entries=booked, totals=[*totals, total(5820, "5"), total(1010, "-5")])
    opened = "SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening' ORDER BY account"
    assert value(db, opened) == [("5600", Decimal(15)), ("5820", Decimal(60)), ("RESULT-CARRIED", Decimal(-75))]
    assert value(db, "SELECT fiscal_year, date FROM books.journal_lines WHERE line_key = 'opening-2026-5820'") == [
        ("2026", date(2026, 1, 1))
    ]
    assert value(db, "SELECT type, statement FROM books.accounts WHERE number = 'RESULT-CARRIED'") == [
        ("equity", "balance")
    ]
    assert value(db, "SELECT DISTINCT fiscal_year FROM books.trial_balances") == [("2026",)]


def test_opening_entries_of_the_year_go_before_the_totals_of_earlier_ones() -> None:
    db = made(
        date(2026, 1, 1),
        entries=[opening(1, 5820, "60"), opening(2, 5600, "-60")],
        totals=[total(5820, "59", "2025"), total(5600, "-59", "2025")],
    )
    assert value(db, "SELECT line_key FROM books.journal_lines ORDER BY ALL") == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("word", "code"),
    [("Danmark", "DK"), (" norge ", "NO"), ("SE", "SE"), ("United Kingdom", "GB"), ("Mars", None), ("", None)],
)
def test_a_country_is_known_by_its_word_here_and_there(word: str, code: str | None) -> None:
    assert country_code(word) == code
    db = made(agreement={"company": {"name": "X", "country": word}})
    assert value(db, "SELECT country FROM books.dossier") == [(code,)]


def test_the_kind_of_agreement_tells_the_country_where_the_company_does_not() -> None:
    db = made(agreement={"agreementType": {"name": "denmark"}, "company": {"companyIdentificationNumber": "10203040"}})
    assert value(db, "SELECT country, vat_number, currency, code FROM books.dossier") == [
        ("DK", "DK10203040", "DKK", "7")
    ]


def test_every_word_for_a_country_leads_to_a_code_of_two_letters() -> None:
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES.values())
    assert all(word == word.lower().strip() for word in COUNTRIES)
