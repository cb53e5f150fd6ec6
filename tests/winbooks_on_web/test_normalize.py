"""From the vendor's properties to the common language: versions, names, journals, parties, sums."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox
from connectors.winbooks_on_web.sandbox.books import SIMULATION
from connectors.winbooks_on_web.sandbox.ids import guid
from tests.landed import Clock, Landed, books

from .landed import connect, read
from .test_reading import REVISIONS


def reread(sandbox: WinBooksOnWebSandbox, connector: WinBooksOnWeb) -> Landed:
    """A full read of the company once more, with the knobs as they are now."""
    sandbox.show(REVISIONS[0])
    return read(connector)


def test_older_versions_name_objects_by_their_ids(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    told = "SELECT line_key, account, journal, counterparty, document, date, debit, credit FROM books.journal_lines"
    new = books(connector, read(connector)).execute(told).fetchall()
    sandbox.knobs.ids_only = True
    landed = reread(sandbox, connector)
    assert set(books(connector, landed).execute(told).fetchall()) == set(new)
    assert "no_totals" in landed.codes()
    currencies = books(connector, landed).execute("SELECT DISTINCT currency, amount_currency FROM books.journal_lines")
    assert currencies.fetchall() == [(None, None)]


@pytest.mark.parametrize("knob", ["iso_dates", "unknown_fields", "year_dates"])
def test_other_ways_to_tell_the_same_come_to_the_same(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, knob: str
) -> None:
    before = read(connector)
    setattr(sandbox.knobs, knob, ("StartDate", "EndDate") if knob == "year_dates" else True)
    after = reread(sandbox, connector)
    for table in ("journal_lines", "fiscal_years", "periods"):
        rows = [books(connector, landed).execute(f"FROM books.{table}").fetchall() for landed in (before, after)]
        assert set(rows[0]) == set(rows[1])


def test_an_account_is_named_by_the_property_that_does(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    names = "SELECT number, name FROM books.accounts ORDER BY 1"
    expected = sorted((a.number, a.name) for a in REVISIONS[0].accounts)
    sandbox.knobs.account_name = "NameFr"
    assert books(connector, reread(sandbox, connector)).execute(names).fetchall() == expected
    sandbox.knobs.account_name = "Libelle"
    landed = reread(sandbox, connector)
    assert "nameless_accounts" in landed.codes()
    other = connect(sandbox, clock, account_name="Libelle")
    assert books(other, read(other)).execute(names).fetchall() == expected


def test_an_account_that_is_locked_is_not_active(connector: WinBooksOnWeb) -> None:
    db = books(connector, read(connector))
    assert db.execute("SELECT number FROM books.accounts WHERE NOT active").fetchall() == [("700900",)]


def test_journals_are_told_once_and_by_what_they_hold(connector: WinBooksOnWeb) -> None:
    db = books(connector, read(connector))
    assert db.execute("SELECT code, name, type FROM books.journals ORDER BY code").fetchall() == sorted(
        (journal.code, journal.name, journal.kind if journal.code != "DIV" else "general")
        for journal in REVISIONS[0].journals
    )


def test_parties_have_their_vat_number_with_its_country(connector: WinBooksOnWeb) -> None:
    db = books(connector, read(connector))
    rows = db.execute("SELECT code, name, kind, coalesce(vat_number, ''), country FROM books.counterparties ORDER BY 1")
    assert rows.fetchall() == sorted((p.code, p.name, p.kind, p.vat_number, p.country) for p in REVISIONS[0].parties)


def test_a_code_of_a_customer_and_a_supplier_is_one_party_or_two(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    suppliers = sandbox.vendor.books.rows["Supplier"]
    same, other = suppliers[0], suppliers[1]
    customer = sandbox.vendor.books.rows["Customer"][0]
    codes = {same["Code"]: "JANSSENS", other["Code"]: customer["Code"]}
    same |= {"Code": "JANSSENS", "Third": same["Third"] | {"Code": "JANSSENS"}}
    other |= {"Code": customer["Code"]}
    for line in sandbox.vendor.books.rows["GLTrans"]:
        if line.get("SupplierCode") in codes:
            line["SupplierCode"] = codes[line["SupplierCode"]]
    db = books(connector, read(connector))
    kinds = dict(db.execute("SELECT code, kind FROM books.counterparties").fetchall())
    assert kinds["JANSSENS"] == "both"
    assert kinds[customer["Code"]] == "customer"
    assert kinds[f"{customer['Code']} (S)"] == "supplier"
    purchases = db.execute("SELECT DISTINCT counterparty FROM books.journal_lines WHERE journal = 'ACH'").fetchall()
    assert f"{customer['Code']} (S)" in {code for (code,) in purchases}
    assert customer["Code"] not in {code for (code,) in purchases}


def test_simulations_are_in_no_figure_and_in_no_comparison(connector: WinBooksOnWeb) -> None:
    landed = read(connector)
    assert landed.codes() == {"simulations_left_out"}
    db = books(connector, landed)
    entry = guid("GLTransHeader", SIMULATION)
    assert db.execute("SELECT count(DISTINCT Id) FROM landed.lines WHERE GLTransHeader_Id = ?", [entry]).fetchall() == [
        (2,)
    ]
    assert db.execute("SELECT count(*) FROM books.journal_lines WHERE entry_key = ?", [entry]).fetchall() == [(0,)]
    differences = db.execute(
        "SELECT t.fiscal_year, t.account FROM books.trial_balances t LEFT JOIN ("
        "  SELECT fiscal_year, account, sum(debit - credit) FILTER (period_kind = 'opening') AS opening,"
        "    sum(debit - credit) FILTER (period_kind = 'normal') AS moved FROM books.journal_lines GROUP BY ALL"
        ") l USING (fiscal_year, account) "
        "WHERE t.opening <> coalesce(l.opening, 0) OR t.debit - t.credit <> coalesce(l.moved, 0)"
    )
    assert differences.fetchall() == []
    assert db.execute("SELECT count(*) FROM books.trial_balances").fetchall() == [(3 * len(REVISIONS[0].accounts),)]


def test_a_year_without_opening_entries_is_compared_by_its_movement_alone(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    sandbox.knobs.openings_from = "2026"
    db = books(connector, reread(sandbox, connector))
    openings = db.execute("SELECT fiscal_year, count(opening) FROM books.trial_balances GROUP BY 1 ORDER BY 1")
    accounts = len(REVISIONS[0].accounts)
    assert openings.fetchall() == [("2024", accounts), ("2025", 0), ("2026", accounts)]


def test_amounts_are_exact_however_they_are_written(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    line = sandbox.vendor.books.rows["GLTrans"][3]
    line["Amount"], line["CurrencyAmount"] = Decimal("-0.10"), Decimal("1E+3")
    rows = books(connector, read(connector)).execute(
        "SELECT debit, credit, amount_currency FROM books.journal_lines WHERE line_key = ?", [line["Id"]]
    )
    assert rows.fetchall() == [(Decimal(0), Decimal("0.1"), Decimal(1000))]
