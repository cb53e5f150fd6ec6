"""The contract that every available package keeps: link, sync, and the warehouse tells the same company back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import pytest

from connectors.catalog import available_packages
from connectors.package import Package
from portal.operations.dossiers import refuse_mid_year
from tests.contract.dossier import Linked, assert_tells, linked, told_by

ROWS = [row for row in available_packages() if row.kind == "ledger"]

FIRST_LOOK = {"closed_years_stand", "opening_stands", "mapping_rules_apply", "revaluation"}
"""Checks that nothing can prove here: nothing stood before, people made no rules, revaluations are booked."""


@pytest.fixture(params=ROWS, ids=[row.slug for row in ROWS])
def row(request: pytest.FixtureRequest) -> Package:
    return request.param


@pytest.fixture
def dossier(row: Package, tmp_path: Path) -> Iterator[Linked]:
    with linked(row, tmp_path) as found:
        yield found


def test_a_full_sync_tells_the_company_to_the_cent(dossier: Linked) -> None:
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    told = told_by(dossier.row)
    assert outcome.lines == sum(dossier.query("SELECT count(*) FROM ledger.journal_lines")[0])
    assert_tells(dossier, told)
    failed = [check for check in outcome.checks if check.severity == "error" and check.passed is False]
    assert failed == []
    if "package_trial_balance" in dossier.row.capabilities and outcome.difference is not None:
        assert outcome.difference == 0


def test_the_dossier_s_facts_years_and_names_arrive(dossier: Linked) -> None:
    dossier.sync()
    told = told_by(dossier.row)
    software, external_id, currency, first_end = dossier.query(
        "SELECT software, external_id, currency, first_year_end FROM ledger.dossiers"
    )[0]
    assert (software, external_id, currency) == (dossier.row.slug, dossier.sandbox.external_id, "EUR")
    assert first_end == told.years[0].end
    years = dossier.query("SELECT start_date, end_date FROM ledger.fiscal_years ORDER BY start_date")
    assert years == [(year.start, year.end) for year in told.years]
    registered = dossier.house.registry.fiscal_years(dossier.dossier_id)
    assert [(y.start_date, y.end_date) for y in registered] == years
    names = dict(dossier.query("SELECT number, name FROM ledger.accounts WHERE NOT stub"))
    used = {line.account for line in told.lines} | {line.party for line in told.lines}
    unused_too = "empty_accounts" in dossier.sandbox.tells
    expected = {a.number: a.name for a in told.accounts if a.number in used or unused_too}
    assert {number: names.get(number) for number in expected} == expected
    if "party" in dossier.sandbox.tells:
        parties = dict(dossier.query("SELECT code, name FROM ledger.counterparties"))
        expected = {p.code: p.name for p in told.parties if p.code in used or unused_too}
        assert {code: parties.get(code) for code in expected} == expected


def test_every_posted_account_has_a_code_of_the_common_chart(dossier: Linked) -> None:
    dossier.sync()
    unmapped = dossier.query(
        "SELECT DISTINCT a.number, a.package_type FROM ledger.accounts a JOIN ledger.journal_lines l "
        "ON l.dossier_id = a.dossier_id AND l.account = a.number WHERE a.mapping_rule = 'unmapped'"
    )
    assert unmapped == []


def test_nothing_new_is_unchanged_and_later_changes_and_deletions_arrive(dossier: Linked) -> None:
    assert dossier.sync().status == "synced"
    again = dossier.sync()
    assert again.status == "unchanged", again.error
    for revision in (1, 2):
        later = told_by(dossier.row, revision)
        dossier.sandbox.show(later)
        outcome = dossier.sync()
        assert outcome.status == "synced", outcome.error
        assert_tells(dossier, later)


def test_nothing_passes_without_evidence(dossier: Linked) -> None:
    """Sound books fail no check, and what cannot be proven is said to be without evidence rather than ticked."""
    outcome = dossier.sync()
    failed = {check.name for check in outcome.checks if check.passed is False}
    assert failed == dossier.sandbox.left_behind
    tells, without = dossier.sandbox.tells, set(FIRST_LOOK)
    without |= set() if "counts" in tells else {"counts_complete"}
    without |= set() if "balances" in tells else {"equals_package", "package_adds_up"}
    without |= {"package_adds_up"} if "net_balances" in tells else set()
    unproven = {check.name for check in outcome.checks if check.passed is None}
    assert unproven == without
    shown = dossier.query("SELECT check_name FROM ledger.reconciliation WHERE state = 'no evidence'")
    assert {name for (name,) in shown} == unproven


def test_what_was_deleted_is_in_no_total_and_stays_known(dossier: Linked) -> None:
    dossier.sync()
    later, started = told_by(dossier.row, 1), dossier.house.now()
    dossier.sandbox.show(later)
    outcome = dossier.sync()
    found = dossier.query(
        "SELECT date, account, amount, debit, credit, seen_at, sync_id, line_key FROM ledger.deleted_lines"
    )
    sides = "sides" in dossier.sandbox.tells
    if "lasting_keys" not in dossier.sandbox.tells:
        assert len(found) >= len(later.deleted)
        return assert_tells(dossier, later)
    assert Counter(row[: 5 if sides else 3] for row in found) == Counter(
        (line.date, line.account, line.amount, *((line.debit, line.credit) if sides else ())) for line in later.deleted
    )
    assert len(found) == len(later.deleted) == (0 if later.corrects_by_entries else 3)
    for *_, seen_at, sync_id, key in found:
        assert started <= seen_at.replace(tzinfo=UTC) <= dossier.house.now()
        assert sync_id == outcome.sync_id
        assert dossier.query("SELECT count(*) FROM ledger.general_ledger WHERE line_key = ?", key) == [(0,)]
    assert_tells(dossier, later)


def test_a_booking_in_a_closed_year_is_told_with_what_was_and_what_is(dossier: Linked) -> None:
    before, after = told_by(dossier.row, 1), told_by(dossier.row, 2)
    dossier.sandbox.show(before)
    assert dossier.sync().status == "synced"
    dossier.sandbox.show(after)
    assert dossier.sync().status == "synced"
    old, new = before.balances(), after.balances()
    year = before.years[1]
    moved = [
        (year.start, account, old[label, account]["closing"], row["closing"])
        for (label, account), row in sorted(new.items())
        if label == year.label and row["closing"] != old[label, account]["closing"]
    ]
    assert len(moved) == 2
    told = "SELECT y.start_date, c.account, c.old_closing, c.new_closing FROM {} c JOIN ledger.fiscal_years y "
    told += "ON y.dossier_id = c.dossier_id AND y.label = c.fiscal_year WHERE c.fiscal_year IN "
    told += "(SELECT label FROM ledger.fiscal_years WHERE start_date = ?) ORDER BY c.account"
    assert dossier.query(told.format("ledger.balance_changes"), year.start) == moved
    events = dossier.query(told.format("ledger.closed_year_changes"), year.start)
    assert events == (moved if "closed_years" in dossier.sandbox.tells else [])
    everything = dossier.query("SELECT count(*) FROM ledger.closed_year_changes")
    assert everything == [(len(events),)]


def test_what_was_synced_in_steps_equals_what_is_synced_at_once(dossier: Linked, tmp_path: Path) -> None:
    dossier.sync()
    dossier.sandbox.show(told_by(dossier.row, 2))
    dossier.sync()
    columns = "* EXCLUDE (dossier_id, link_id, sync_id, modified_at)"
    steps = dossier.query(f"SELECT {columns} FROM ledger.journal_lines ORDER BY line_key")
    (tmp_path / "once").mkdir()
    with linked(dossier.row, tmp_path / "once", told_by(dossier.row, 2)) as once:
        assert once.sync().status == "synced"
        assert once.query(f"SELECT {columns} FROM ledger.journal_lines ORDER BY line_key") == steps


def test_from_landing_calls_no_vendor_and_gives_the_same_figures(dossier: Linked) -> None:
    dossier.sync()
    before = dossier.query("SELECT * EXCLUDE (sync_id) FROM ledger.journal_lines ORDER BY line_key")
    as_of = dossier.query("SELECT last_synced_at FROM ledger.dossiers")
    calls = dossier.sandbox.calls
    dossier.sandbox.show(told_by(dossier.row, 1))
    outcome = dossier.sync(from_landing=True)
    assert outcome.status == "synced", outcome.error
    assert outcome.vendor_calls == 0
    assert dossier.sandbox.calls == calls
    assert dossier.query("SELECT last_synced_at FROM ledger.dossiers") == as_of, "the figures are as old as they were"
    assert dossier.query("SELECT * EXCLUDE (sync_id) FROM ledger.journal_lines ORDER BY line_key") == before


def test_from_a_date_takes_the_years_from_there_with_their_opening(row: Package, tmp_path: Path) -> None:
    since = date(2025, 1, 1)
    with linked(row, tmp_path) as dossier:
        registry, link = dossier.house.registry, dossier.house.registry.link(dossier.dossier_id)
        refuse_mid_year(since, list(told_by(row).years))
        registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="from_date", transfer_date=since)
        outcome = dossier.sync()
        assert outcome.status == "synced", outcome.error
        assert_tells(dossier, told_by(row), since)
        dossier.sandbox.show(told_by(row, 1))
        assert dossier.sync().status == "synced"
        assert_tells(dossier, told_by(row, 1), since)


def test_discover_names_the_dossier_and_search_finds_it(dossier: Linked, tmp_path: Path) -> None:
    from portal.operations.connections import matches

    work = tmp_path / "work"
    work.mkdir()
    connection = dossier.house.registry.link(dossier.dossier_id).connection_id
    with dossier.house.connector(connection, work=work) as connector:
        refs = list(connector.discover())
    ours = [ref for ref in refs if ref.external_id == dossier.sandbox.external_id]
    assert len(ours) == 1
    assert [ref for ref in refs if matches(ref, ours[0].name.upper())] == ours
