"""From Yuki's own fields to the common language: signs, entries, periods, openings, accounts, due dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.company import company
from connectors.yuki.sandbox import YukiSandbox, open_sandbox
from tests.landed import Clock

from .landed import SOFTWARE, Dossier, balances, connect, line_of, told


def query(dossier: Dossier, sql: str) -> list[tuple[Any, ...]]:
    return dossier.rows(sql)


@pytest.fixture
def dutch(clock: Clock, tmp_path: Path) -> Iterator[Dossier]:
    with open_sandbox(SOFTWARE, company("NL"), now=clock) as running:
        yield Dossier(connect(running, clock), tmp_path, running.external_id, sandbox=running)


def test_amounts_are_debit_when_positive_and_keep_their_currency(dossier: Dossier, sandbox: YukiSandbox) -> None:
    dossier.read()
    ours = line_of(sandbox, currency="GBP", role="customers")
    found = query(
        dossier,
        "SELECT debit, credit, currency, amount_currency, counterparty, vat_code, due_date FROM books.journal_lines "
        f"WHERE document = '{ours.document}' AND date = '{ours.date}' ORDER BY debit DESC",
    )
    assert found == [
        (ours.debit, Decimal(0), "GBP", ours.amount_currency, "SMITHCO", None, ours.due_date),
        (Decimal(0), ours.debit, "GBP", -(ours.amount_currency or 0), None, "0", None),
    ]


@pytest.mark.parametrize("document_ids", [True, False])
def test_every_entry_balances_with_documents_and_without(
    dossier: Dossier, sandbox: YukiSandbox, document_ids: bool
) -> None:
    sandbox.knobs.document_ids = document_ids
    dossier.read()
    entries = "SELECT entry_key, sum(debit - credit) AS off, count(*) AS n FROM books.journal_lines GROUP BY ALL"
    assert query(dossier, f"SELECT count(*) FROM ({entries}) WHERE off <> 0") == [(0,)]
    normal = f"{entries} HAVING any_value(period_kind) = 'normal'"
    expected = len({line.entry for line in sandbox.vendor.books.lines})
    assert query(dossier, f"SELECT count(*) FROM ({normal})") == [(expected,)]


def test_documents_that_do_not_add_up_are_taken_together_by_day_or_month(
    dossier: Dossier, sandbox: YukiSandbox
) -> None:
    """A bank document that holds one side only, and the other side booked apart."""
    model = line_of(sandbox, role="bank", journal="BNK")

    def put(number: int, day: date, amount: str, account: str) -> None:
        side = {"debit": Decimal(amount), "credit": Decimal(0)}
        place = {"number": 9_000_000_000 + number, "entry": 900_000_000 + number, "date": day}
        sandbox.vendor.books.put(replace(model, **place, **side, account=account))

    put(1, date(2026, 4, 29), "70.00", "550000")
    put(2, date(2026, 4, 29), "-70.00", "400000")
    put(3, date(2026, 4, 30), "30.00", "550000")
    put(4, date(2026, 4, 28), "-30.00", "400000")
    dossier.read()
    found = query(
        dossier,
        "SELECT entry_key, list(debit - credit ORDER BY debit DESC) FROM books.journal_lines "
        "WHERE abs(debit - credit) IN (30, 70) AND date BETWEEN '2026-04-28' AND '2026-04-30' GROUP BY ALL ORDER BY 1",
    )
    assert found == [
        ("d2026-04-29", [Decimal(70), Decimal(-70)]),
        ("m2026-04", [Decimal(30), Decimal(-30)]),
    ]
    total = query(dossier, "SELECT count(*) FROM books.journal_lines WHERE period_kind = 'normal'")
    assert total == [(len(sandbox.vendor.books.lines),)], "no line is lost or told twice"


@pytest.mark.parametrize("calendar", [True, False])
def test_periods_of_a_long_year_are_told_by_number_or_by_calendar_month(
    dossier: Dossier, sandbox: YukiSandbox, calendar: bool
) -> None:
    sandbox.knobs.calendar_periods = calendar
    dossier.read()
    found = query(
        dossier,
        "SELECT fiscal_year, period, min(date), max(date) FROM books.journal_lines WHERE period_kind = 'normal' "
        "GROUP BY ALL ORDER BY fiscal_year, period",
    )
    assert [(year, period) for year, period, *_ in found] == [(y, p) for y, p, _, _ in company("BE").periods]
    periods = query(dossier, "SELECT fiscal_year, period, start_date, end_date FROM books.periods ORDER BY 1, 2")
    assert periods == list(company("BE").periods)


def test_a_period_beyond_the_last_month_is_for_corrections(dossier: Dossier, sandbox: YukiSandbox) -> None:
    model = line_of(sandbox, role="wages", year="2025")
    late = [
        replace(model, number=9_000_000_001, entry=900_000_000, period=13, date=date(2025, 12, 31)),
        replace(model, number=9_000_000_002, entry=900_000_000, period=13, date=date(2025, 12, 31), debit=-model.debit),
    ]
    sandbox.vendor.books.put(*late)
    dossier.read()
    kinds = "SELECT DISTINCT fiscal_year, period, period_kind FROM books.journal_lines WHERE period_kind = 'adjustment'"
    assert query(dossier, kinds) == [("2025", 13, "adjustment")]
    assert query(dossier, "SELECT fiscal_year, period FROM books.periods WHERE kind = 'adjustment'") == [("2025", 13)]


def test_the_books_are_the_commercial_ones(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.fiscal_corrections = True
    dossier.read()
    assert balances(dossier) == told(company("BE"))


def test_results_that_nobody_carried_open_the_first_year_alone(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.result_carried = False
    dossier.read(since=date(2025, 1, 1))
    opening = (
        "SELECT fiscal_year, sum(debit - credit) FROM books.journal_lines WHERE period_kind = 'opening' GROUP BY ALL"
    )
    assert query(dossier, opening) == [("2025", Decimal(0))]
    found = query(dossier, "SELECT debit - credit FROM books.journal_lines WHERE account = 'RESULT-CARRIED'")
    result = company("BE").balances()["2025", "140000"]["opening"]
    assert found == [(result,)]
    assert query(dossier, "SELECT type, statement FROM books.accounts WHERE number = 'RESULT-CARRIED'") == [
        ("equity", "balance")
    ]
    untold = "SELECT DISTINCT fiscal_year FROM books.trial_balances WHERE opening IS NULL"
    assert query(dossier, untold) == [("2026",)]


def test_balances_are_those_at_the_end_of_the_year(dossier: Dossier) -> None:
    dossier.read()
    found = query(dossier, "SELECT fiscal_year, account, opening, closing FROM books.trial_balances WHERE closing <> 0")
    assert {(year, account): (opening, closing) for year, account, opening, closing in found} == {
        key: (row["opening"], row["closing"]) for key, row in company("BE").balances().items() if row["closing"]
    }


def test_accounts_are_typed_by_type_and_class_in_belgium(dossier: Dossier) -> None:
    dossier.read()
    found = dict(query(dossier, "SELECT number, type FROM books.accounts"))
    assert found == {account.number: account.kind for account in company("BE").accounts}
    sheet = dict(query(dossier, "SELECT number, statement FROM books.accounts"))
    assert sheet == {a.number: "balance" if a.on_balance_sheet else "result" for a in company("BE").accounts}
    assert query(dossier, "SELECT number FROM books.accounts WHERE NOT active") == [("700900",)]


def test_dutch_accounts_carry_their_reference_code_and_leading_zeros(dutch: Dossier) -> None:
    dutch.read()
    found = {
        number: (kind, code)
        for number, kind, code in query(dutch, "SELECT number, type, explicit_code FROM books.accounts")
    }
    assert "0500" in found
    told_codes = {account.number: (account.kind, account.rgs) for account in company("NL").accounts}
    differing = {found[number] for number, told_code in told_codes.items() if found[number] != told_code}
    assert differing == {(None, "WFbeRls"), (None, "WFbeWis"), (None, "WFbePol")}, "financial results go by their code"
    assert query(dutch, "SELECT country FROM books.dossier") == [("NL",)]


def test_parties_have_one_code_whether_or_not_the_line_tells_it(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.bare_contacts = True
    sandbox.knobs.forbidden.add("GetSuppliersAndCustomers")
    dossier.read()
    parties = dict(query(dossier, "SELECT code, name FROM books.counterparties"))
    assert parties["DUPONT"] == "Dupont & Fils SRL"
    sandbox.knobs.forbidden.clear()
    dossier.read(afresh=True)
    assert {kind for (kind,) in query(dossier, "SELECT DISTINCT kind FROM books.counterparties")} == {"other"}
    sandbox.knobs.bare_contacts = False
    dossier.read(afresh=True)
    kinds = dict(query(dossier, "SELECT code, kind FROM books.counterparties"))
    assert (kinds["DUPONT"], kinds["ELECTRA"]) == ("customer", "supplier")


def test_due_dates_stand_on_the_open_line_alone(dossier: Dossier, sandbox: YukiSandbox) -> None:
    dossier.read()
    expected = sorted(line.due_date for line in sandbox.vendor.books.lines if line.due_date)
    found = query(dossier, "SELECT due_date FROM books.journal_lines WHERE due_date IS NOT NULL ORDER BY 1")
    assert [day for (day,) in found] == expected
    accounts = query(dossier, "SELECT DISTINCT account FROM books.journal_lines WHERE due_date IS NOT NULL ORDER BY 1")
    assert accounts == [("400000",), ("440000",)]


def test_journals_are_documents_without_their_untranslated_mark(dossier: Dossier) -> None:
    dossier.read()
    assert sorted(query(dossier, "SELECT code, type FROM books.journals")) == [
        ("Bank statement", "bank"),
        ("Purchase invoice", "purchase"),
        ("Sales invoice", "sales"),
    ]
