"""What is not granted, limits, and answers that cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.contract import ExtractRequest
from connectors.sage_accounting import SageAccounting
from connectors.sage_accounting.sandbox import Knobs, SageSandbox, open_sandbox
from connectors.sage_accounting.sandbox.vendor import EMPTY, LAPSED
from connectors.sage_accounting.wire import Settings, _money
from connectors.sandbox.vendor import Fault
from foundation.errors import AskForAccess, Incomplete, RateLimited, ReportABug, VendorDown, WrongInput
from tests.contract.dossier import Linked, assert_tells, linked
from tests.landed import Clock
from tests.reader import Reader, company_sums

from .landed import SLUG, asked, connect, told


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    with linked(package(SLUG), tmp_path) as found:
        yield found


def sandbox_of(dossier: Linked) -> SageSandbox:
    assert isinstance(dossier.sandbox, SageSandbox)
    return dossier.sandbox


def test_without_contacts_and_the_report_lines_come_and_say_so(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.knobs.refused = {"/contacts", "/trial_balance"}
    reader.read()
    assert reader.codes() == {"no_contacts", "no_trial_balance"}
    assert reader.sums() == company_sums(told())
    named = reader.rows("SELECT name, kind FROM books.counterparties WHERE name LIKE 'Dupont%'")
    assert named == [("Dupont & Fils SRL (DUPONT)", "other")], "entries name them"
    assert reader.read().unchanged
    sandbox.knobs.refused.clear()
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "1.00"), ("bank", "-1.00")])
    reader.read()
    years = reader.rows("SELECT DISTINCT fiscal_year FROM books.trial_balances ORDER BY 1")
    assert years == [("2024",), ("2025",), ("2026",)], "once granted, all years are compared"


def test_without_entries_there_are_no_lines_and_no_totals_without_the_report(
    reader: Reader, sandbox: SageSandbox
) -> None:
    sandbox.knobs.refused = {"/ledger_entries"}
    with pytest.raises(AskForAccess, match="ledger_entries"):
        reader.read()
    sandbox.knobs.refused = {"/trial_balance"}
    with pytest.raises(AskForAccess, match="trial_balance"):
        reader.read(totals_only=True)


def test_a_subscription_that_ended_is_told_as_such_and_costs_no_token(
    connector: SageAccounting, sandbox: SageSandbox
) -> None:
    with pytest.raises(AskForAccess, match="no active subscription"):
        list(connector.extract(ExtractRequest(LAPSED)))
    assert sandbox.vendor.desk.log == ["refresh_token"]


def test_a_business_without_entries_has_books_without_lines(connector: SageAccounting, tmp_path: Path) -> None:
    reader = Reader(connector, tmp_path / "empty", EMPTY)
    reader.read()
    assert reader.rows("SELECT count(*) FROM books.journal_lines") == [(0,)]
    assert reader.rows("SELECT count(*) FROM books.accounts") == [(0,)]
    assert reader.rows("SELECT label FROM books.fiscal_years") == [("2026",)]
    assert reader.read().unchanged


def test_a_balance_that_differs_blocks(dossier: Linked) -> None:
    sandbox_of(dossier).knobs.lag = 10 * 365 * 86_400.0  # as if nothing had reached the report
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert "equals_package" in str(outcome.error)


def test_changes_without_their_rows_leave_yesterday_s_figures(dossier: Linked) -> None:
    sandbox = sandbox_of(dossier)
    assert dossier.sync().status == "synced"
    sandbox.show(told(1))
    sandbox.knobs.faults = [Fault("empty", path="ledger_entries?attributes", times=-1)]
    dossier.sync()
    assert_tells(dossier, told())
    sandbox.knobs.faults = []
    assert dossier.sync().status == "synced"
    assert_tells(dossier, told(1))


def test_a_page_without_its_rows_fails_the_read(connector: SageAccounting, sandbox: SageSandbox) -> None:
    sandbox.knobs.faults = [Fault("empty", path="ledger_entries?attributes=all&items_per_page=200&page=2")]
    with pytest.raises(Incomplete, match="ledger entries"):
        list(connector.extract(ExtractRequest(sandbox.external_id)))


def test_the_minute_is_sat_out_and_the_day_parks(reader: Reader, sandbox: SageSandbox, clock: Clock) -> None:
    sandbox.knobs.faults = [Fault("429_minute", path="ledger_entries"), Fault("429_bare", path="transactions")]
    reader.read()
    assert sum(clock.slept) < 60
    sandbox.knobs.faults = [Fault("429_day", path="ledger_accounts")]
    with pytest.raises(RateLimited) as raised:
        reader.read()
    assert raised.value.resume_at is not None
    assert raised.value.resume_at - clock() > timedelta(hours=6)


def test_the_minute_limit_is_respected_before_it_is_hit(clock: Clock, tmp_path: Path) -> None:
    with open_sandbox(SLUG, told(), knobs=Knobs(minute_limit=7), now=clock) as sandbox:
        opened = connect(sandbox, clock)
        reader = Reader(opened, tmp_path, sandbox.external_id)
        reader.read()
        opened.close()
        assert reader.sums() == company_sums(told())
        assert clock.slept
        assert sandbox.vendor.limits.refused == 0


def test_the_limits_are_those_of_the_catalog_unless_a_person_knows_better(sandbox: SageSandbox, clock: Clock) -> None:
    limits = {limit.window: limit for limit in package(SLUG).limits}
    assert (limits["minute"].calls, limits["day"].calls) == (100, 2500)
    assert all(limit.inferred for limit in limits.values())
    with pytest.raises(WrongInput, match="calls_per_day"):
        connect(sandbox, clock, calls_per_day="many")


def test_a_token_that_ends_on_the_way_is_renewed_once(connector: SageAccounting, sandbox: SageSandbox) -> None:
    sandbox.knobs.faults = [Fault("401", path="ledger_entries", skip=1)]
    list(connector.extract(ExtractRequest(sandbox.external_id)))
    assert sandbox.vendor.desk.log == ["refresh_token", "refresh_token"]


def test_an_outage_is_no_reason_to_call_for_ever(connector: SageAccounting, sandbox: SageSandbox) -> None:
    sandbox.knobs.faults = [Fault("503", path="ledger_entries?attributes", times=-1)]
    with pytest.raises(VendorDown):
        list(connector.extract(ExtractRequest(sandbox.external_id)))
    assert len(asked(sandbox, "ledger_entries?attributes")) <= 15


@pytest.mark.parametrize("day", ["", None])
def test_a_business_without_a_year_end_is_reported(day: str | None) -> None:
    with pytest.raises(ReportABug, match="years end"):
        assert Settings({"year_end_date": day}).year_end


@pytest.mark.parametrize(("told_amount", "expected"), [("120.0", 120), ("", 0), (None, 0), ("-.5", -0.5), (3, 3)])
def test_amounts_of_the_report_are_read_whatever_their_form(told_amount: object, expected: float) -> None:
    assert float(_money(told_amount)) == expected


def test_an_amount_that_is_none_is_reported() -> None:
    with pytest.raises(ReportABug, match="for an amount"):
        _money("12,00")
