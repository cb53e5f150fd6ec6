"""What is not granted, limits, and answers that cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.contract import ExtractRequest
from connectors.sandbox.vendor import Fault
from connectors.xero import Xero
from connectors.xero.sandbox import Knobs, XeroSandbox, open_sandbox
from foundation.errors import AskForAccess, Incomplete, RateLimited, ReportABug, SignInAgain
from tests.contract.dossier import Linked, assert_tells, linked
from tests.landed import Clock
from tests.reader import Reader, company_sums

from .landed import connect, told

JOURNALS, REPORTS = "Journals", "Reports/TrialBalance"


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    """Xero, linked to be read with its lines, in a house of its own."""
    with linked(package("xero"), tmp_path) as found:
        yield found


def knobs(dossier: Linked) -> Knobs:
    sandbox = dossier.sandbox
    assert isinstance(sandbox, XeroSandbox)
    return sandbox.knobs


@pytest.mark.parametrize("refusal", ["ungranted", "refused"])
def test_where_journals_are_not_granted_totals_stand_for_them_and_say_so(dossier: Linked, refusal: str) -> None:
    getattr(knobs(dossier), refusal).add(JOURNALS)
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert [check.passed for check in outcome.checks if check.name == "totals_only"] == [False]
    assert dossier.query("SELECT DISTINCT sync_mode FROM ledger.trial_balance_year") == [("totals",)]
    assert dossier.query("SELECT count(*) FROM ledger.journal_lines") == [(0,)]
    closing = "SELECT sum(abs(closing)) FROM ledger.trial_balance_year WHERE fiscal_year = '2025'"
    expected = sum(abs(row["closing"]) for (year, _), row in told().balances().items() if year == "2025")
    assert dossier.query(closing) == [(expected,)]
    assert dossier.sync().status == "unchanged"
    assert dossier.sync(from_landing=True).status == "synced"
    assert dossier.query("SELECT DISTINCT sync_mode FROM ledger.trial_balance_year") == [("totals",)]


def test_once_granted_the_lines_come(dossier: Linked) -> None:
    knobs(dossier).ungranted.add(JOURNALS)
    dossier.sync()
    knobs(dossier).ungranted.clear()
    outcome = dossier.sync()
    assert (outcome.status, outcome.difference) == ("synced", 0), outcome.error
    assert dossier.query("SELECT DISTINCT sync_mode FROM ledger.trial_balance_year") == [("replace",)]
    assert dossier.query("SELECT count(*) > 0 FROM ledger.journal_lines") == [(True,)]
    knobs(dossier).ungranted.add(JOURNALS)
    assert dossier.sync().status == "synced", "and totals again, when the right is taken away"
    assert dossier.query("SELECT count(*) FROM ledger.journal_lines") == [(0,)]


def test_from_a_date_nothing_stands_for_journals(reader: Reader, sandbox: XeroSandbox) -> None:
    sandbox.knobs.ungranted.add(JOURNALS)
    with pytest.raises(AskForAccess, match="--totals"):
        reader.read(since=date(2025, 1, 1))


def test_without_reports_lines_come_without_a_comparison(reader: Reader, sandbox: XeroSandbox) -> None:
    sandbox.knobs.ungranted |= {REPORTS, "Contacts"}
    reader.read()
    assert reader.codes() == {"no_trial_balance", "no_contacts"}
    assert reader.sums() == company_sums(told())
    assert reader.rows("SELECT count(*) FROM books.trial_balances") == [(0,)]
    sandbox.knobs.ungranted.clear()
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "1.00"), ("bank", "-1.00")])
    reader.read()
    years = reader.rows("SELECT DISTINCT fiscal_year FROM books.trial_balances ORDER BY 1")
    assert years == [("2024",), ("2025",), ("2026",)], "once granted, all years are compared"


def test_totals_without_reports_are_no_access(totals: Reader, sandbox: XeroSandbox) -> None:
    sandbox.knobs.ungranted.add(REPORTS)
    with pytest.raises(AskForAccess, match="reach so far"):
        totals.read()


def test_an_unrealised_gain_is_a_line_of_its_own(dossier: Linked) -> None:
    knobs(dossier).revaluation = Decimal("42.10")
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    found = dossier.query(
        "SELECT DISTINCT account, package - computed, cause FROM ledger.balance_differences "
        "WHERE fiscal_year = '2025' AND what = 'closing' ORDER BY 1"
    )
    assert found == [
        ("140000", Decimal("-42.10"), "revaluation"),
        ("550100", Decimal("84.20"), "revaluation"),
        ("754000", Decimal("-42.10"), "revaluation"),
    ]
    assert [check.passed for check in outcome.checks if check.name == "revaluation"] == [False]


def test_a_balance_that_differs_for_no_such_reason_blocks(dossier: Linked) -> None:
    sandbox = dossier.sandbox
    assert isinstance(sandbox, XeroSandbox)
    sandbox.vendor.unlisted = {sandbox.vendor.books.journals[20].number}
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert "equals_package" in str(outcome.error)


@pytest.mark.parametrize("lost", [1, -1, -2])
def test_a_report_that_is_cut_off_is_not_taken(totals: Reader, sandbox: XeroSandbox, lost: int) -> None:
    sandbox.vendor.lost_rows = lost
    with pytest.raises(Incomplete, match="sum up"):
        totals.read()


def test_the_minute_is_sat_out_and_the_day_parks(sandbox: XeroSandbox, clock: Clock, totals: Reader) -> None:
    sandbox.knobs.faults = [Fault("429_minute", path="2025-03"), Fault("429_bare", path="2025-04")]
    totals.read()
    assert clock.slept
    assert sum(clock.slept) < 60
    sandbox.knobs.faults = [Fault("429_day", path="2026-12")]
    with pytest.raises(RateLimited) as raised:
        totals.read()
    assert raised.value.resume_at is not None
    assert raised.value.resume_at - clock() > timedelta(hours=6)


def test_the_minute_limit_is_respected_before_it_is_hit(clock: Clock, tmp_path: Path) -> None:
    with open_sandbox("xero_tb", told(), knobs=Knobs(minute_limit=10), now=clock) as sandbox:
        opened = connect(sandbox, clock, "xero_tb")
        Reader(opened, tmp_path, sandbox.external_id).read()
        opened.close()
        assert sandbox.vendor.limits.refused <= 4
        assert clock.slept


def test_a_dropped_token_is_renewed_and_a_withdrawn_consent_asked_for_again(
    connector: Xero, sandbox: XeroSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("401", path="Journals", skip=1)]
    request = ExtractRequest(sandbox.external_id)
    list(connector.extract(request))
    assert sandbox.vendor.desk.log == ["refresh_token", "refresh_token"]
    sandbox.vendor.desk.void_refresh_token()
    clock.pass_by(minutes=31)
    with pytest.raises(SignInAgain, match="no longer accepts"):
        list(connector.extract(request))


def test_an_organisation_without_a_year_end_is_reported(reader: Reader, sandbox: XeroSandbox) -> None:
    sandbox.vendor.books.year_end = (0, 31)
    with pytest.raises(ReportABug, match="years end"):
        reader.read()


def test_a_page_that_holds_nothing_although_there_is_more_is_told_by_the_comparison(dossier: Linked) -> None:
    knobs(dossier).faults = [Fault("empty", path="Journals", skip=1)]
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert dossier.query("SELECT count(*) FROM ledger.journal_lines") == [(0,)]


def test_a_first_read_that_the_day_cuts_short_goes_on_behind_the_last_page(dossier: Linked) -> None:
    clock = Clock(dossier.house.now())
    dossier = replace(dossier, house=replace(dossier.house, now=clock, sleep=clock.sleep))
    sandbox = dossier.sandbox
    assert isinstance(sandbox, XeroSandbox)
    sandbox.knobs.journals_per_page = 30
    sandbox.knobs.faults = [Fault("429_day", path="Journals", skip=4)]
    assert dossier.sync().status == "parked"
    clock.pass_by(hours=8)
    before = len(sandbox.vendor.requests)
    assert dossier.sync().status == "synced"
    offsets = [int(each.partition("offset=")[2]) for each in sandbox.vendor.requests[before:] if "offset" in each]
    assert min(offsets) >= 90, "what is kept is not asked for again"
    assert_tells(dossier, told())
    assert dossier.sync().status == "unchanged"
