"""From Venice's fields to the common language: what is carried over, and the package's balances taken apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest

from connectors.sandbox.company import company
from connectors.venice import Venice
from connectors.venice.sandbox import VeniceSandbox
from tests.landed import Landed, books

from .landed import differences, read
from .test_reading import REVISIONS


def reread(connector: Venice, sandbox: VeniceSandbox) -> Landed:
    """A full read of the company once more, with the knobs as they are now."""
    sandbox.show(REVISIONS[0])
    return read(connector)


def test_what_is_carried_over_is_landed_and_moves_nothing(connector: Venice) -> None:
    landed = read(connector)
    origins = landed.tables["entries"].column("AccYearOrg").to_pylist()
    assert {2024, 2025} < set(origins)
    db = books(connector, landed)
    assert db.execute("SELECT count(*) FROM books.journal_lines").fetchone() == (origins.count(0),)
    assert db.execute("SELECT sum(debit - credit) FROM books.journal_lines").fetchone() == (Decimal(0),)


@pytest.mark.parametrize("transferred", ["entries", "balances", "none"])
@pytest.mark.parametrize("own_accounts", [False, True])
def test_balances_agree_however_years_were_carried_over(
    connector: Venice,
    sandbox: VeniceSandbox,
    transferred: Literal["entries", "balances", "none"],
    own_accounts: bool,
) -> None:
    sandbox.knobs.transferred, sandbox.knobs.own_accounts = transferred, own_accounts
    landed = reread(connector, sandbox)
    assert differences(connector, landed) == []
    years = {
        year for (year,) in books(connector, landed).execute("SELECT fiscal_year FROM books.trial_balances").fetchall()
    }
    assert years == {"2024", "2025", "2026"}


def test_the_accounts_of_customers_are_counted_once(connector: Venice, sandbox: VeniceSandbox) -> None:
    """400000 is the prefix of every customer's account: its balance is theirs and its own."""
    sandbox.knobs.own_accounts = True
    landed = reread(connector, sandbox)
    asked_for = set(landed.tables["get_balance"].column("AccountNumber").to_pylist())
    assert "400000" in asked_for
    assert not any(len(number) > 6 for number in asked_for), "each customer's account is not asked for"
    db = books(connector, landed)
    told = db.execute(
        "SELECT sum(debit - credit) FROM books.trial_balances "
        "WHERE starts_with(account, '400000') AND fiscal_year = '2024'"
    ).fetchone()
    lines = sum(line.amount for line in REVISIONS[0].lines if line.account == "400000" and line.year == "2024")
    assert told == (lines,)
    members = {account for (account,) in db.execute("SELECT DISTINCT account FROM books.trial_balances").fetchall()}
    assert {"400000000001", "400000000002"} <= members


@pytest.mark.parametrize("transferred", ["entries", "balances"])
@pytest.mark.parametrize("own_accounts", [False, True])
def test_a_lost_entry_shows_on_its_account(
    connector: Venice, sandbox: VeniceSandbox, transferred: Literal["entries", "balances"], own_accounts: bool
) -> None:
    sandbox.knobs.own_accounts, sandbox.knobs.transferred = own_accounts, transferred
    sandbox.show(REVISIONS[0])
    entries = sandbox.vendor.books.tables["ENT"]
    in_2025 = (row for row in entries if row["Account"].startswith("400000") and row["BookDate"].startswith("2025"))
    gone = next(row for row in in_2025 if row["AccYearOrg"] == "0")
    entries.remove(gone)
    found = differences(connector, read(connector))
    assert ("2025", Decimal(gone["AmountDosC"])) in [(year, off) for year, _, off in found]
    assert all(account.startswith("400000") for _, account, _ in found)


def test_an_account_that_no_entry_names_shows_in_its_class(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.show(REVISIONS[0])
    entries = sandbox.vendor.books.tables["ENT"]
    entries[:] = [row for row in entries if row["Account"] != "650000"]
    found = {(account, off) for year, account, off in differences(connector, read(connector)) if year == "2025"}
    assert found == {("6", 12 * Decimal("41.67"))}


def test_periods_are_the_months_from_a_year_s_begin(connector: Venice) -> None:
    found = books(connector, read(connector)).execute(
        "SELECT fiscal_year, period, start_date, end_date FROM books.periods ORDER BY start_date"
    )
    assert found.fetchall() == company("BE").periods


def test_parties_are_listed_with_their_number(connector: Venice) -> None:
    rows = books(connector, read(connector)).execute(
        "SELECT name, kind, coalesce(vat_number, ''), country FROM books.counterparties ORDER BY name"
    )
    assert rows.fetchall() == sorted((p.name, p.kind, p.vat_number, p.country) for p in REVISIONS[0].parties)


def test_a_number_of_a_customer_and_a_supplier_is_two_parties(connector: Venice, sandbox: VeniceSandbox) -> None:
    for table in ("CST", "SUP"):
        sandbox.vendor.books.tables[table][0] |= {"Number": "77", "SubNumber": "2"}
    codes = {
        code
        for (code,) in books(connector, read(connector)).execute("SELECT code FROM books.counterparties").fetchall()
    }
    assert {"77/2", "77/2 (S)"} <= codes


def test_entries_without_a_book_or_a_text_are_lines_all_the_same(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.vendor.books.tables["ENT"][0] |= {"Book": "", "DocNum": "", "Remark": " ", "LineNum": ""}
    number = sandbox.vendor.books.tables["ENT"][0]["SysNum"]
    row = books(connector, read(connector)).execute(
        "SELECT journal, document, description, line_no FROM books.journal_lines WHERE line_key = ?", [number]
    )
    assert row.fetchone() == (None, None, None, None)
