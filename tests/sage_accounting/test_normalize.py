"""From Sage's fields to the books: accounts, openings, day-books, counterparties, the package's own balances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sage_accounting.sandbox.books import key
from connectors.sage_accounting.sandbox.tables import Row
from tests.reader import Reader, company_sums
from warehouse.chart import tables

from .landed import told


def listed(name: str, displayed_as: str, **more: Any) -> Row:
    return {"id": name, "displayed_as": displayed_as, "name": displayed_as.partition(" (")[0], **more}


def kind(name: str) -> Row:
    return {"id": name, "displayed_as": name, "$path": f"/ledger_account_types/{name}"}


def test_amounts_come_as_text_or_as_numbers_to_the_cent(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.knobs.numbers = True
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "0.1"), ("bank", "-0.10")], reference="R1")
    reader.read()
    assert reader.sums()["613200"] == company_sums(told())["613200"] + Decimal("0.1")
    line = "SELECT debit, credit FROM books.journal_lines WHERE document = 'R1' ORDER BY debit"
    assert reader.rows(line) == [(0, Decimal("0.1")), (Decimal("0.1"), 0)]


def test_codes_keep_their_leading_zeros_and_brackets_of_a_name_are_no_code(
    reader: Reader, sandbox: SageSandbox
) -> None:
    sandbox.vendor.more_accounts = [
        listed("a1", "Plant (0030)", nominal_code=30),
        listed("a2", "Hire (vehicles)", nominal_code=7400),
        listed("a3", "Hire (of vans)", nominal_code=None),
        listed("a4", "Sales north (X-40)", nominal_code=None),
        listed("a5", "Second bank (550000)", nominal_code="550000"),
        listed("a6", "Gone (7777)", nominal_code=7777, included_in_chart=False),
    ]
    reader.read()
    found = {row[0]: row[1:] for row in reader.rows("SELECT number, name, active FROM books.accounts")}
    assert found["0030"] == ("Plant", True)
    assert found["7400"] == ("Hire", True)
    assert found["a3"][0] == "Hire"
    assert "X-40" in found
    assert found["7777"] == ("Gone", False)
    numbers = {key("account", "bank"), "a5"} & set(found)
    assert len(numbers) == 1, "one of two with the same code is known by its id"


@pytest.mark.parametrize(
    ("type_", "group", "expected"),
    [
        ("TAXES", None, ("expense", "result", "S:TAXES")),
        ("LINE_OF_CREDIT", None, ("liability", "balance", "S:LINE_OF_CREDIT")),
        ("FUTURE_ASSETS", None, ("asset", "balance", "S:FUTURE_ASSETS")),
        ("SPECIAL", None, (None, None, "S:SPECIAL")),
        ("SOMETHING_NEW", None, (None, None, "S:SOMETHING_NEW")),
        (None, "EXPENSE", ("expense", "result", None)),
        (None, "Capital", ("equity", "balance", None)),
        ("SALES", "EXPENSE", ("income", "result", "S:SALES")),
    ],
)
def test_an_account_is_of_its_type_or_its_group_and_an_unknown_one_is_not_guessed(
    reader: Reader, sandbox: SageSandbox, type_: str | None, group: str | None, expected: tuple[str | None, ...]
) -> None:
    row = listed("a1", "One (9001)", nominal_code=9001, ledger_account_type=kind(type_) if type_ else None)
    sandbox.vendor.more_accounts = [row | {"ledger_account_group": kind(group) if group else None}]
    reader.read()
    found = reader.rows("SELECT type, statement, package_type FROM books.accounts WHERE number = '9001'")
    assert found == [expected]


def test_a_type_leads_to_a_code_of_the_class_that_it_is_told_as(reader: Reader, sandbox: SageSandbox) -> None:
    chart = tables()
    classes = {row["code"]: row["class"] for row in chart["codes"].to_pylist()}
    codes = {row["package_type"]: row["code"] for row in chart["package_types"].to_pylist()}
    types = sorted(name.removeprefix("S:") for name in codes if name.startswith("S:"))
    assert len(types) == 15
    sandbox.vendor.more_accounts = [
        listed(f"a{n}", f"Of type ({9000 + n})", nominal_code=9000 + n, ledger_account_type=kind(type_))
        for n, type_ in enumerate(types)
    ]
    reader.read()
    told = reader.rows("SELECT package_type, coalesce(type, 'unmapped') FROM books.accounts WHERE number LIKE '90__'")
    assert sorted(told) == [(f"S:{name}", classes[codes[f"S:{name}"]]) for name in types]
    assert codes["S:TAXES"] == "X60"  # taxes on the result; VAT has accounts of other types


def test_an_account_that_is_not_in_the_list_is_known_by_what_entries_say(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.vendor.books.post(date(2026, 3, 3), [("unused", "9.00"), ("bank", "-9.00")])
    sandbox.vendor.hidden_accounts = {"613900"}
    reader.read()
    found = reader.rows("SELECT name, type, active FROM books.accounts WHERE number = '613900'")
    assert found == [("Compte sans écriture", None, False)]
    assert reader.rows("SELECT sum(debit) FROM books.journal_lines WHERE account = '613900'") == [(Decimal(9),)]


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2024, 1, 1)])
def test_what_the_books_begin_with_opens_the_first_year_and_agrees_with_the_report(
    reader: Reader, sandbox: SageSandbox, day: date
) -> None:
    books = sandbox.vendor.books
    books.opening_day = day
    books._shown.clear()
    books.entries.clear()
    books.transactions.clear()
    books.show(told())
    reader.read()
    opening = reader.rows(
        "SELECT DISTINCT date, fiscal_year, journal, count(*) OVER () FROM books.journal_lines "
        "WHERE period_kind = 'opening'"
    )
    assert opening == [(date(2024, 1, 1), "2024", "GENERAL_LEDGER_OPENING_BALANCE", 5)]
    compared = reader.rows(
        "WITH lines AS (SELECT account, sum(debit - credit) FILTER (period_kind = 'opening') AS opening, "
        "sum(debit - credit) FILTER (period_kind = 'normal') AS moved FROM books.journal_lines "
        "WHERE coalesce(fiscal_year, year(date)::VARCHAR) = '2024' GROUP BY 1) "
        "SELECT count(*), count(*) FILTER (coalesce(l.opening, 0) <> t.opening "
        "OR coalesce(l.moved, 0) <> t.debit - t.credit) "
        "FROM books.trial_balances t JOIN lines l USING (account) WHERE t.fiscal_year = '2024'"
    )
    assert compared[0][0] > 10
    assert compared[0][1] == 0
    assert ("GENERAL_LEDGER_OPENING_BALANCE", "opening") in reader.rows("SELECT code, type FROM books.journals")


def test_a_later_opening_balance_is_a_movement_of_its_day(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.vendor.books.post(
        date(2025, 5, 1), [("bank_usd", "50.00"), ("capital", "-50.00")], kind="BANK_OPENING_BALANCE", reference="B1"
    )
    reader.read()
    found = reader.rows("SELECT DISTINCT date, period_kind, fiscal_year FROM books.journal_lines WHERE document = 'B1'")
    assert found == [(date(2025, 5, 1), "normal", None)]


def test_a_result_of_before_the_books_is_part_of_what_was_carried(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.vendor.books.post(date(2023, 11, 1), [("sales", "-70.00"), ("customers", "70.00")], reference="OLD")
    reader.read()
    found = reader.rows(
        "SELECT account, debit, credit, date FROM books.journal_lines WHERE document = 'OLD' ORDER BY 2"
    )
    assert found == [("140000", 0, Decimal(70), date(2024, 1, 1)), ("400000", Decimal(70), 0, date(2024, 1, 1))]


def test_books_that_begin_within_a_year_keep_its_results_apart(reader: Reader, sandbox: SageSandbox) -> None:
    books = sandbox.vendor.books
    books.year_end, books.starts, books.lockdown = date(2026, 6, 30), date(2024, 1, 1), None
    books.post(date(2023, 12, 31), [("sales", "-70.00"), ("customers", "70.00")], reference="OLD")
    reader.read()
    assert reader.rows("SELECT label, start_date, whole FROM landed.years ORDER BY 2 LIMIT 1") == [
        ("2024", date(2024, 1, 1), False)
    ]
    found = reader.rows("SELECT account FROM books.journal_lines WHERE document = 'OLD' ORDER BY 1")
    assert found == [("400000",), ("700000",)]
    opening = "SELECT opening FROM books.trial_balances WHERE fiscal_year = '2024' AND account = '700000'"
    assert reader.rows(opening) == [(Decimal(-70),)]


@pytest.mark.parametrize(("results", "carried"), [("moved", "140000"), ("kept", None), ("left out", None)])
def test_the_account_that_results_go_to_is_found_in_the_report(
    reader: Reader, sandbox: SageSandbox, results: Any, carried: str | None
) -> None:
    sandbox.knobs.results = results
    reader.read()
    assert reader.rows("SELECT account FROM books.carried_result") == ([(carried,)] if carried else [])
    expected = told().balances()["2026", "140000"]["opening"]
    account = carried or "RESULT-CARRIED"
    opening = f"SELECT opening FROM books.trial_balances WHERE fiscal_year = '2026' AND account = '{account}'"
    assert reader.rows(opening) == [(expected,)]


def test_day_books_are_france_s_and_types_of_transactions_stand_for_them_elsewhere(
    reader: Reader, sandbox: SageSandbox
) -> None:
    sandbox.vendor.books.post(
        date(2026, 3, 3), [("fees", "1.00"), ("bank", "-1.00")], reference="F1", journal_code="jc1"
    )
    sandbox.vendor.journal_codes = [
        {
            "id": "jc1",
            "displayed_as": "Achats (AC)",
            "name": "Achats",
            "code": "AC",
            "journal_code_type": kind("PURCHASES"),
        }
    ]
    reader.read()
    journal = "SELECT DISTINCT journal FROM books.journal_lines WHERE document = 'F1'"
    assert reader.rows(journal) == [("jc1",)], "known by what the entry calls it"
    row = sandbox.vendor.businesses[sandbox.external_id].row
    row["country"] = {"id": "FR", "displayed_as": "France"}
    reader.read()
    assert reader.rows(journal) == [("AC",)]
    found = {row[0]: row[1:] for row in reader.rows("SELECT code, name, type FROM books.journals")}
    assert found["AC"] == ("Achats", "purchase")
    assert found["SALES_INVOICE"] == ("Sales Invoice", "sales")
    assert found["JOURNAL"][1] == "general"


def test_counterparties_go_by_their_reference_where_it_is_their_own(reader: Reader, sandbox: SageSandbox) -> None:
    def contact(name: str, reference: str | None, *kinds: str) -> Row:
        row = {"id": name, "displayed_as": name, "name": name.title(), "reference": reference, "tax_number": "GB1"}
        types = [{"id": each, "displayed_as": each} for each in kinds]
        return row | {"contact_types": types, "updated_at": "2026-11-01T00:00:00Z", "deleted_at": None}

    sandbox.vendor.more_contacts = [
        contact("c1", "SAME", "CUSTOMER", "VENDOR"),
        contact("c2", "SAME", "VENDOR"),
        contact("c3", None),
    ]
    reader.read()
    found = {row[0]: row[1:] for row in reader.rows("SELECT code, name, kind, vat_number FROM books.counterparties")}
    assert found["DUPONT"] == ("Dupont & Fils SRL", "customer", "BE0403170701")
    assert (found["c1"][1], found["c2"][1], found["c3"][1]) == ("both", "supplier", "other")
    assert "SAME" not in found


def test_deleted_entries_are_in_no_figure_also_where_a_page_repeats_them(reader: Reader, sandbox: SageSandbox) -> None:
    books = sandbox.vendor.books
    names = books.post(date(2026, 12, 1), [("fees", "4.00"), ("bank", "-4.00")], reference="D1")

    def delete(path: str, page: int) -> None:
        if path == "/ledger_entries" and page == 2:
            sandbox.knobs.while_paging = None
            for name in names:
                books.delete(name)

    sandbox.knobs.while_paging = delete
    reader.read()
    seen = reader.rows(f"SELECT list(deleted ORDER BY deleted) FROM landed.ledger_entries WHERE id = '{names[0]}'")
    assert seen == [([False, True],)], "read before, and told as deleted after"
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE document = 'D1'") == [(0,)]
    assert reader.sums() == company_sums(told())


def test_entries_of_one_transaction_are_one_entry_with_numbered_lines(reader: Reader, sandbox: SageSandbox) -> None:
    reader.read()
    found = dict(reader.rows("SELECT entry_key, list(line_no ORDER BY line_no) FROM books.journal_lines GROUP BY 1"))
    assert found.keys() == sandbox.vendor.books.transactions.keys()
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in found.values())


def test_the_dossier_is_told_with_currency_country_and_vat_number(reader: Reader, sandbox: SageSandbox) -> None:
    reader.read()
    assert reader.rows("SELECT name, code, country, currency, vat_number FROM books.dossier") == [
        ("Atelier Grand-Livre", sandbox.external_id, "BE", "EUR", "BE0403019261")
    ]
    assert reader.rows("SELECT label, closed FROM books.fiscal_years ORDER BY 1") == [
        ("2024", True), ("2025", True), ("2026", False),
    ]  # fmt: skip
