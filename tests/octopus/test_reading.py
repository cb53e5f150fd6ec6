"""Full, cut short and incremental reads: the documents that stand, and how few calls they take."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import ExtractRequest
from connectors.octopus import Octopus
from connectors.octopus.sandbox import OctopusSandbox
from connectors.sandbox.company import company
from foundation.errors import RateLimited, WrongInput
from tests.landed import Clock, Landed, books, take_in

from .landed import DOSSIER, asked, connect, expected, read, told

REVISIONS = [company("BE", revision, entries_per_month=2) for revision in range(3)]


def test_a_full_read_asks_each_bookyear_and_type_once_and_then_what_changed_meanwhile(
    connector: Octopus, sandbox: OctopusSandbox
) -> None:
    calls = asked(sandbox, "bookings/modified")
    landed = read(connector)
    assert calls() == 3 * 4 + 1
    assert told(connector, landed) == expected(REVISIONS[0])


def test_nothing_new_is_unchanged_for_one_call_about_documents(
    connector: Octopus, sandbox: OctopusSandbox, clock: Clock
) -> None:
    landed = read(connector)
    clock.pass_by(days=5)
    calls, everything = asked(sandbox, "bookings/modified"), asked(sandbox, "")
    again = read(connector, landed)
    assert again.unchanged
    assert again.rows == {}
    assert calls() == 1
    assert everything() <= 8


def test_changes_deletions_and_back_dated_documents_arrive_whenever_they_are_asked_for(
    connector: Octopus, sandbox: OctopusSandbox, clock: Clock
) -> None:
    landed = read(connector)
    for later in REVISIONS[1:]:
        clock.pass_by(days=2)
        sandbox.show(later)
        clock.pass_by(hours=8)
        landed = read(connector, landed)
        assert not landed.unchanged
        assert told(connector, landed) == expected(later)
        assert read(connector, landed).unchanged


def test_the_stamp_moves_on_so_that_not_ever_more_is_sent_again(
    connector: Octopus, sandbox: OctopusSandbox, clock: Clock
) -> None:
    landed = read(connector)
    sandbox.show(REVISIONS[1])
    clock.pass_by(days=2)
    landed = read(connector, landed)
    calls = asked(sandbox, "modifiedTimeStamp=2026-11-26%2005%3A00%3A00.000")
    assert read(connector, landed).unchanged
    assert calls() == 1


def test_a_document_that_lost_a_line_keeps_only_the_lines_it_has(connector: Octopus, sandbox: OctopusSandbox) -> None:
    landed = read(connector)
    key, lines = next(iter(sandbox.vendor.books.documents.items()))
    lines.pop()
    sandbox.vendor.books.modified[key] = sandbox.vendor.now()
    found = told(connector, read(connector, landed))
    assert len(found) == len(expected(REVISIONS[0])) - 1
    assert sum(document == str(key[3]) for _, document, _ in found) == len(lines)


def test_a_number_that_was_given_again_stands(connector: Octopus, sandbox: OctopusSandbox) -> None:
    landed = read(connector)
    vendor = sandbox.vendor
    key = next(iter(vendor.books.documents))
    vendor.books.modified[key] = vendor.books.deleted[key] = vendor.now()
    assert told(connector, read(connector, landed)) == expected(REVISIONS[0])


def test_what_is_deleted_while_a_full_read_goes_on_is_not_in_it(connector: Octopus, sandbox: OctopusSandbox) -> None:
    landed = Landed()
    events = connector.extract(ExtractRequest(DOSSIER))
    for event in events:
        take_in(landed, iter([event]))
        if landed.checkpoint and len(landed.checkpoint["done"]) == 11:
            sandbox.show(REVISIONS[1])
    for resource in connector.resources:
        landed.tables.setdefault(resource.name, resource.schema.empty_table())
    assert told(connector, landed) == expected(REVISIONS[1])


def test_a_full_read_that_the_day_does_not_allow_goes_on_the_next_day(sandbox: OctopusSandbox, clock: Clock) -> None:
    sandbox.knobs.calls_a_day["bookings/modified"] = 9
    connector = connect(sandbox, clock, budgets=LocalBudgets())
    kept = Landed()
    with pytest.raises(RateLimited) as parked:
        take_in(kept, connector.extract(ExtractRequest(DOSSIER)))
    assert parked.value.resume_at is not None
    assert parked.value.resume_at.hour == 23, "the vendor's day is Belgium's"
    assert kept.checkpoint is not None
    clock.pass_by(days=1)
    calls = asked(sandbox, "bookings/modified")
    landed = read(connector, kept=kept)
    assert landed.resumed
    assert calls() == 3 + 1
    assert told(connector, landed) == expected(REVISIONS[0])


def test_a_read_that_was_cut_short_starts_anew_when_the_bookyears_are_others(connector: Octopus) -> None:
    kept = Landed(checkpoint={"form": 1, "started": "2026-11-24T08:00:00+00:00", "done": [[99, 1]]})
    landed = read(connector, kept=kept)
    assert not landed.resumed
    assert told(connector, landed) == expected(REVISIONS[0])


def test_the_declared_calls_of_a_day_are_kept_for_each_list_of_changes_by_itself(
    sandbox: OctopusSandbox, clock: Clock
) -> None:
    budgets = LocalBudgets(package("octopus").limits)
    connector = connect(sandbox, clock, budgets=budgets)
    for _ in range(3):
        read(connector)
    with pytest.raises(RateLimited):
        read(connector)
    calls = [sum(name in request for request in sandbox.vendor.requests) for name in ("bookings/", "accounts/mod")]
    assert calls[0] == 48
    assert calls[1] == 4
    other = connect(sandbox, clock, budgets=budgets)
    assert other.fiscal_years(DOSSIER), "what has no limit is not held back"


def test_everything_is_read_again_after_a_month(connector: Octopus, sandbox: OctopusSandbox, clock: Clock) -> None:
    landed = read(connector)
    clock.pass_by(days=31)
    calls = asked(sandbox, "bookings/modified")
    assert not read(connector, landed).unchanged
    assert calls() == 13


def test_from_a_date_on_the_years_before_are_one_opening(connector: Octopus, sandbox: OctopusSandbox) -> None:
    since, told_company = date(2026, 1, 1), REVISIONS[0]
    db = books(connector, read(connector, since=since))
    rows = db.execute(
        "SELECT account, sum(debit - credit) FROM books.journal_lines WHERE period_kind = 'opening' GROUP BY 1"
    ).fetchall()
    opening: dict[str, Decimal] = {
        account: row["opening"] for (year, account), row in told_company.balances().items() if year == "2026"
    }
    assert {account: amount for account, amount in rows if amount} == {k: v for k, v in opening.items() if v}
    assert db.execute("SELECT DISTINCT fiscal_year FROM books.journal_lines").fetchall() == [("2026",)]


def test_a_date_after_all_bookyears_is_refused(connector: Octopus) -> None:
    with pytest.raises(WrongInput, match="no bookyear"):
        read(connector, since=date(2030, 1, 1))
