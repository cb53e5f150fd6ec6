"""Every package's sandbox, read back, is the company: to the cent, for every revision, in every told column."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from lxml import etree

from connectors.catalog import PACKAGES
from connectors.drop_folder.sandbox import _DIALECTS, DropSandbox, open_sandbox
from connectors.sandbox.company import Company, company
from tests.drop_folder.folders import Read, connector, read

SLUGS = tuple(_DIALECTS)


def _company(slug: str, revision: int) -> Company:
    return company(PACKAGES[slug].country or "BE", revision)


def _expected(told: Company, tells: frozenset[str]) -> Counter[tuple[object, ...]]:
    rows: Counter[tuple[object, ...]] = Counter()
    for line in told.lines:
        if line.kind == "closing" and "closing" not in tells:
            continue
        foreign = line.currency != "EUR" and "currency" in tells
        rows[
            line.year,
            line.kind,
            line.date,
            line.account,
            line.debit if "sides" in tells else max(line.amount, line.amount * 0),
            line.credit if "sides" in tells else max(-line.amount, line.amount * 0),
            line.period if "period" in tells or line.kind == "opening" else None,
            line.document if "document" in tells else None,
            line.description if "description" in tells else None,
            line.party if "party" in tells else None,
            line.due_date if "due_date" in tells else None,
            line.vat_code if "vat_code" in tells else None,
            line.currency if foreign else "EUR",
            line.amount_currency if foreign else None,
        ] += 1
    return rows


def _got(found: Read, tells: frozenset[str]) -> Counter[tuple[object, ...]]:
    def told(detail: str, column: str) -> str:
        return column if detail in tells else "NULL"

    period = "period" if "period" in tells else "CASE period_kind WHEN 'opening' THEN period END"
    return Counter(
        found.rows(
            f"""SELECT fiscal_year, period_kind, date, account, debit, credit, {period},
            {told("document", "document")}, {told("description", "description")}, {told("party", "counterparty")},
            {told("due_date", "due_date")}, {told("vat_code", "vat_code")}, currency,
            CASE WHEN currency <> 'EUR' THEN amount_currency END
            FROM books.journal_lines"""
        )
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_a_sandbox_read_back_is_the_company_at_every_revision(slug: str, tmp_path: Path) -> None:
    with open_sandbox(slug, _company(slug, 0), tmp_path) as sandbox:
        # One package per format shows every look; the other dialects show the last one, which holds all changes.
        for revision in (0, 1, 2) if slug in ("expertm", "oras", "briljant", "cegid") else (2,):
            told = _company(slug, revision)
            sandbox.show(told)
            found = read(sandbox.folder, slug)
            assert _got(found, sandbox.tells) == _expected(told, sandbox.tells)
            assert found.value("SELECT count(*) - count(DISTINCT line_key) FROM books.journal_lines") == 0
            _require_balances(found, told, sandbox)
            _require_lists(found, told, sandbox)
            assert not found.notes


def _require_balances(found: Read, told: Company, sandbox: DropSandbox) -> None:
    expected = {
        (year, account, row["opening"], row["closing"])
        for (year, account), row in told.balances(closing="closing" in sandbox.tells).items()
    }
    got = found.rows(
        """SELECT fiscal_year, account, coalesce(sum(debit - credit) FILTER (period_kind = 'opening'), 0),
        sum(debit - credit) FROM books.journal_lines GROUP BY ALL"""
    )
    assert set(got) == expected
    stated = {
        (year, account, row["opening"], row["debit"], row["credit"], row["closing"])
        for (year, account), row in told.balances().items()
    }
    package = found.rows("SELECT fiscal_year, account, opening, debit, credit, closing FROM books.trial_balances")
    assert set(package) == (set() if sandbox.software == "cegid" else stated)


def _require_lists(found: Read, told: Company, sandbox: DropSandbox) -> None:
    years = found.rows("SELECT label, start_date, end_date FROM books.fiscal_years ORDER BY start_date")
    assert years == [(year.label, year.start, year.end) for year in told.years]
    assert found.rows("SELECT name, code, country, currency, vat_number FROM books.dossier") == [
        (told.name, told.code, told.country, "EUR", told.vat_number)
    ]
    used = {line.account for line in told.lines}
    accounts = {
        (account.number, account.name, "balance" if account.on_balance_sheet else "result")
        for account in told.accounts
        if "empty_accounts" in sandbox.tells or account.number in used
    }
    assert set(found.rows("SELECT number, name, statement FROM books.accounts")) == accounts
    names = {line.party for line in told.lines if line.party}
    parties = {(party.code, party.name, party.kind) for party in told.parties if party.code in names}
    assert set(found.rows("SELECT code, name, kind FROM books.counterparties")) >= parties
    if sandbox.software == "wingsonline":  # its files list no journals
        return
    types = dict(found.rows("SELECT code, type FROM books.journals"))
    for journal in told.journals:
        if journal.code in types and journal.kind in ("opening", "closing", "purchase", "bank", "general", "sales"):
            assert types[journal.code] == journal.kind


@pytest.mark.parametrize("slug", ["topaccount", "oras", "cegid"])
def test_line_keys_stay_when_the_books_are_exported_again(slug: str, tmp_path: Path) -> None:
    with open_sandbox(slug, _company(slug, 0), tmp_path) as sandbox:
        before = read(sandbox.folder, slug).rows("SELECT line_key, debit, credit FROM books.journal_lines ORDER BY 1")
        sandbox.show(_company(slug, 0))
        assert read(sandbox.folder, slug).rows(
            "SELECT line_key, debit, credit FROM books.journal_lines ORDER BY 1"
        ) == (before)


@pytest.mark.parametrize(("slug", "schema"), [("oras", "Financieel3.2"), ("briljant", "Financieel4.0")])
def test_the_audit_files_of_the_sandbox_are_valid_against_the_official_schemas(
    slug: str, schema: str, tmp_path: Path
) -> None:
    source = files("pyxaf") / "schemas" / f"XmlAuditfile{schema}.xsd"
    validator = etree.XMLSchema(etree.fromstring(source.read_bytes()))
    with open_sandbox(slug, _company(slug, 2), tmp_path) as sandbox:
        for path in sandbox.folder.glob("*.xaf"):
            document = etree.parse(str(path))
            assert validator.validate(document), validator.error_log


def test_the_first_year_of_eighteen_months_keeps_its_eighteen_periods(tmp_path: Path) -> None:
    for slug in ("expertm", "briljant"):
        with open_sandbox(slug, _company(slug, 0), tmp_path) as sandbox:
            found = read(sandbox.folder, slug)
            periods = found.rows(
                "SELECT fiscal_year, period, start_date, end_date FROM books.periods WHERE period > 0 ORDER BY 1, 2"
            )
            assert periods == sandbox_periods(_company(slug, 0))


def sandbox_periods(told: Company) -> list[tuple[object, ...]]:
    return [(label, number, first, last) for label, number, first, last in told.periods]


def test_rgs_codes_of_a_4_0_file_are_explicit_codes(tmp_path: Path) -> None:
    with open_sandbox("briljant", _company("briljant", 0), tmp_path) as sandbox:
        found = read(sandbox.folder, "briljant")
    assert dict(found.rows("SELECT number, explicit_code FROM books.accounts")) == {
        account.number: account.rgs for account in _company("briljant", 0).accounts
    }


def test_moments_of_change_come_from_the_file_that_states_them(tmp_path: Path) -> None:
    told = _company("verocount", 1)
    with open_sandbox("verocount", told, tmp_path) as sandbox:
        found = read(sandbox.folder, "verocount")
    assert Counter(found.rows("SELECT modified_at FROM books.journal_lines")) == Counter(
        (line.modified_at,) for line in told.lines
    )


def test_a_sandbox_is_discovered_with_its_name_and_numbers(tmp_path: Path) -> None:
    for slug in SLUGS:
        told = _company(slug, 0)
        with open_sandbox(slug, told, tmp_path) as sandbox:
            opened = connector(sandbox.root, slug)
            opened.verify()
            (found,) = opened.discover()
            assert (found.external_id, found.code, found.name) == (told.code, told.code, told.name)
            assert (found.vat_number, found.country) == (told.vat_number, told.country)
            assert [(y.label, y.start, y.end) for y in opened.fiscal_years(told.code)] == [
                (year.label, year.start, year.end) for year in told.years
            ]
