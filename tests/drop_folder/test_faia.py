"""FAIA and its relatives: the sandbox company read back, openings, controls, and what is refused."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.drop_folder import sandbox_faia
from connectors.sandbox.company import Company, company
from foundation.errors import BadFile
from tests.drop_folder.folders import Read, connector, fill, read


@pytest.fixture(scope="module")
def told() -> Company:
    return company("BE")


@pytest.fixture(scope="module")
def folder(told: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root") / "1042"
    folder.mkdir()
    sandbox_faia.write(folder, told)
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Read:
    return read(folder)


def test_the_lines_are_those_of_the_company(found: Read, told: Company) -> None:
    expected = Counter(
        (
            line.year,
            line.date,
            line.account,
            line.amount,
            line.period,
            line.document,
            line.party,
            line.vat_code,
            line.amount_currency if line.currency != "EUR" else None,
        )
        for line in told.lines
        if line.kind == "normal"
    )
    got = found.rows(
        """SELECT fiscal_year, date, account, debit - credit, period, document, counterparty, vat_code, amount_currency
        FROM books.journal_lines WHERE period_kind = 'normal'"""
    )
    assert Counter(got) == expected


def test_openings_and_the_package_s_balances_come_from_the_accounts(found: Read, told: Company) -> None:
    balances = {key: row for key, row in told.balances().items() if row["opening"] or row["closing"]}
    openings = {
        (year, account): amount
        for year, account, amount in found.rows(
            "SELECT fiscal_year, account, debit - credit FROM books.journal_lines "
            "WHERE period_kind = 'opening' AND debit <> credit"
        )
    }
    assert openings == {key: row["opening"] for key, row in balances.items() if row["opening"]}
    package = {
        (year, account): (opening, closing)
        for year, account, opening, closing in found.rows(
            "SELECT fiscal_year, account, opening, closing FROM books.trial_balances WHERE opening <> 0 OR closing <> 0"
        )
    }
    assert package == {key: (row["opening"], row["closing"]) for key, row in balances.items()}


def test_names_types_and_the_company_arrive(found: Read, told: Company, folder: Path) -> None:
    kinds = dict(found.rows("SELECT number, type FROM books.accounts WHERE type IS NOT NULL"))
    assert {kinds[account.number] for account in told.accounts if account.kind == "income"} == {"income"}
    assert found.rows("SELECT name, country, currency FROM books.dossier") == [(told.name, "LU", "EUR")]
    parties = dict(found.rows("SELECT code, kind FROM books.counterparties"))
    assert parties == {party.code: party.kind for party in told.parties}
    years = found.rows("SELECT start_date, end_date FROM books.fiscal_years ORDER BY 1")
    assert years == [(year.start, year.end) for year in told.years]
    listed = list(connector(folder.parent).discover())
    assert [(dossier.name, dossier.country) for dossier in listed] == [(told.name, "LU")]


def test_a_link_of_totals_gets_the_balances_and_no_lines(folder: Path, told: Company) -> None:
    totals = read(folder, totals_only=True)
    assert totals.value("SELECT count(*) FROM books.journal_lines") == 0
    assert totals.value("SELECT count(DISTINCT fiscal_year) FROM books.trial_balances") == len(told.years)


def test_a_year_by_periods_begins_and_ends_with_its_months(told: Company, tmp_path: Path) -> None:
    year = told.years[-1]
    text = sandbox_faia.text(told, year)
    periods = (
        f"<PeriodStart>1</PeriodStart><PeriodStartYear>{year.start:%Y}</PeriodStartYear>"
        f"<PeriodEnd>12</PeriodEnd><PeriodEndYear>{year.end:%Y}</PeriodEndYear>"
    )
    text = re.sub("<SelectionStartDate>.*</SelectionEndDate>", periods, text)
    got = read(fill(tmp_path / "d", {"export.xml": text}))
    assert got.rows("SELECT start_date, end_date FROM books.fiscal_years") == [
        (date(year.start.year, 1, 1), date(year.end.year, 12, 31))
    ]


def test_elements_of_other_countries_are_matched_by_local_name(told: Company, tmp_path: Path) -> None:
    text = sandbox_faia.text(told, told.years[-1])
    text = text.replace("<AuditFile>", '<n1:AuditFile xmlns:n1="urn:StandardAuditFile-Taxation-Financial:NO">')
    text = re.sub("<(/?)(?=[A-Z])", r"<\1n1:", text)
    got = read(fill(tmp_path / "d", {"saft.xml": text}))
    assert got.value("SELECT count(*) FROM books.journal_lines WHERE period_kind = 'normal'") == sum(
        line.year == told.years[-1].label and line.kind == "normal" for line in told.lines
    )


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (r"<TotalDebit>(\d)", "<TotalDebit>9\\1", "the debit of the transactions adds up to"),
        (r"<DebitAmount><Amount>[\d.]+", "<DebitAmount><Amount>12,3x", "is not an amount"),
        (r"<DebitAmount>(.*?)</DebitAmount>", r"<Side>\1</Side>", "has no DebitAmount or CreditAmount"),
        (r"<SelectionEndDate>", "<SelectionEndDate>x", "the header's enddate"),
        (r"</AuditFile>", "", "the XML is broken"),
        (r"<AuditFile>", '<!DOCTYPE a [<!ENTITY b "c">]><AuditFile>', "declares a document type"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(
    before: str, after: str, cause: str, told: Company, tmp_path: Path
) -> None:
    text = re.sub(before, after, sandbox_faia.text(told, told.years[-1]), count=1)
    with pytest.raises(BadFile, match=cause) as refused:
        read(fill(tmp_path / "d", {"faia.xml": text}))
    assert "faia.xml" in str(refused.value)


@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_an_error_of_ours_or_balances(
    data: st.DataObject, told: Company, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(sandbox_faia.text(told, told.years[0]).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        got = read(fill(tmp_path_factory.mktemp("fuzz") / "d", {"faia.xml": bytes(content)}))
    except BadFile:
        return
    assert got.value("SELECT sum(debit - credit) FROM books.journal_lines") == Decimal(0)
