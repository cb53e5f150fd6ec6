"""Fifteen faults in a vendor's data, end to end: each is found by the check that is there for it, and by no other.

Yesterday's figures stand when a fault is planted. It then is ``blocked`` by one check, ``refused`` before any check
with one kind of error, or ``warned`` of by one check while its history is kept; or the sync is ``mended``: one check
finds that changes alone do not add up, and everything is read. ``pain`` names the rows of what must not fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from assets.sync import Outcome
from connectors.catalog import package
from connectors.contract import Connector, Event, ExtractRequest, NextCursor, Note
from connectors.drop_folder.sandbox import DropSandbox
from connectors.exact_online.sandbox import ExactSandbox, Fault
from connectors.sandbox.chart import Account
from connectors.sandbox.company import Company, Line, company
from resources.house import House, Report, silent
from tests.contract.dossier import Linked, assert_tells, linked, told_by

YESTERDAY = 1
"""The company's revision that was synced well; the next one adds an entry to a closed year, and nothing else."""
OPENED = date(2026, 1, 1)
LINES = "Financial/TransactionLines?"


@dataclass(frozen=True)
class Retold(Company):
    """The company with other lines than its own, and without one account in its chart."""

    told: tuple[Line, ...] = ()
    unlisted: str = ""

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(account for account in super().accounts if account.number != self.unlisted)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return self.told


def retell(dossier: Linked, change: Callable[[list[Line]], list[Line]], *, balances: bool = True) -> None:
    """Shows the company with its lines changed; without ``balances`` the package's own stay those of yesterday."""
    told = told_by(dossier.row, YESTERDAY)
    kept: dict[Path, bytes] = {}
    if not balances:
        folder = cast(DropSandbox, dossier.sandbox).folder
        kept = {path: path.read_bytes() for path in folder.glob("trial_balance*")}
    dossier.sandbox.show(Retold(told.country, YESTERDAY, told=tuple(change(list(told.lines)))))
    for path, content in kept.items():
        path.write_bytes(content)


def an_entry(lines: list[Line]) -> int:
    """An entry of the open year, nothing special."""
    return next(line.entry for line in lines if line.year == "2026" and line.journal == "ACH")


def exact(dossier: Linked) -> ExactSandbox:
    return cast(ExactSandbox, dossier.sandbox)


# How each fault is planted.


def an_amount_is_doubled(dossier: Linked) -> None:
    def change(lines: list[Line]) -> list[Line]:
        entry = an_entry(lines)
        return [
            replace(line, debit=line.debit * 2, credit=line.credit * 2) if line.entry == entry else line
            for line in lines
        ]

    retell(dossier, change, balances=False)


def a_line_is_lost(dossier: Linked) -> None:
    retell(dossier, lambda lines: [line for line in lines if (line.entry, line.line_no) != (an_entry(lines), 1)])


def an_export_tells_an_entry_twice(dossier: Linked) -> None:
    retell(dossier, lambda lines: lines + [li for li in lines if li.entry == an_entry(lines)], balances=False)


def nothing_is_left(dossier: Linked) -> None:
    retell(dossier, lambda lines: [])


def most_is_gone(dossier: Linked) -> None:
    dossier.sandbox.show(company(told_by(dossier.row).country, YESTERDAY, entries_per_month=1))


def a_year_begins_late(dossier: Linked) -> None:
    path = cast(DropSandbox, dossier.sandbox).folder / "auditfile_2025.xaf"
    text = path.read_text(encoding="utf-8")
    assert text.count("<startDate>2025-01-01<") == 1
    path.write_text(text.replace("<startDate>2025-01-01<", "<startDate>2025-02-01<"), encoding="utf-8")


def a_booking_comes_into_a_closed_year(dossier: Linked) -> None:
    dossier.sandbox.show(told_by(dossier.row, YESTERDAY + 1))


def the_package_revalues(dossier: Linked, accounts: tuple[str, str] = ("400000", "654000")) -> None:
    """100 from one account to the other, in the package's own balances and nowhere else."""
    path = cast(DropSandbox, dossier.sandbox).folder / "trial_balance_2026.csv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    shown = dict(zip(accounts, (Decimal(100), Decimal(-100)), strict=True))
    for row in rows:
        if row[0] in shown:
            for column, amount in ((3, max(shown[row[0]], 0)), (4, max(-shown[row[0]], 0)), (5, shown[row[0]])):
                row[column] = f"{Decimal(row[column].replace(',', '.')) + amount}".replace(".", ",")
    path.write_text("".join("\t".join(row) + "\r\n" for row in rows), encoding="utf-8")


def an_entry_is_booked(dossier: Linked) -> None:
    exact(dossier).vendor.books.add_entry(2026, 5, date(2026, 5, 4), [("613200", "10.10"), ("440000", "-10.10")])


def an_opening_changes(dossier: Linked) -> None:
    books = exact(dossier).vendor.books
    for account, amount in (("550000", Decimal(5)), ("400000", Decimal(-5))):
        key = next(
            key
            for key, row in books.lines.items()
            if (row["FinancialYear"], row["Type"], row["GLAccountCode"]) == (2026, 328, account)
        )
        books.change_line(key, AmountDC=books.lines[key]["AmountDC"] + amount)


def the_feed_hides_a_deletion(dossier: Linked) -> None:
    an_entry_is_booked(dossier)
    for key in lines_of_an_entry(dossier):
        del exact(dossier).vendor.books.lines[key]
    exact(dossier).vendor.books.version += 1


def the_feed_hides_a_change(dossier: Linked) -> None:
    an_entry_is_booked(dossier)
    books = exact(dossier).vendor.books
    for key in lines_of_an_entry(dossier):
        books.lines[key] = books.lines[key] | {"AmountDC": books.lines[key]["AmountDC"] * 2}
    books.version += 1


def lines_of_an_entry(dossier: Linked) -> list[str]:
    rows = exact(dossier).vendor.books.lines
    entry = next(row["EntryID"] for row in rows.values() if (row["FinancialYear"], row["Type"]) == (2026, 30))
    return [key for key, row in rows.items() if row["EntryID"] == entry]


def pages_are_cut_off(dossier: Linked) -> None:
    an_entry_is_booked(dossier)
    exact(dossier).knobs.faults = [Fault("truncated", path=LINES, times=-1)]


def rows_are_capped(dossier: Linked) -> None:
    """A full read, because the division moved; the vendor sends 5 lines fewer than it counts."""
    exact(dossier).vendor.books.division_fields["DivisionMoveDate"] = "/Date(1764000000000)/"
    exact(dossier).knobs.hidden_lines = 5


def the_chart_lacks_an_account(dossier: Linked) -> None:
    told = told_by(dossier.row, YESTERDAY)
    dossier.sandbox.show(Retold(told.country, YESTERDAY, told=told.lines, unlisted="613200"))


# What must be on record of those that are loaded.


def opening_changes_are_on_record(dossier: Linked) -> None:
    balances = told_by(dossier.row, YESTERDAY).balances()
    changed = {
        account: (balances["2026", account]["opening"], balances["2026", account]["opening"] + amount)
        for account, amount in (("550000", Decimal(5)), ("400000", Decimal(-5)))
    }
    found = dossier.query(
        "SELECT fiscal_year, year_closed, account, old_opening, new_opening FROM ledger.balance_changes"
    )
    assert sorted(found) == sorted(("2026", False, account, *both) for account, both in changed.items())


def closed_year_changes_are_on_record(dossier: Linked) -> None:
    before, after = (told_by(dossier.row, revision).balances() for revision in (YESTERDAY, YESTERDAY + 1))
    changed = [
        (*key, before[key]["closing"], after[key]["closing"])
        for key in sorted(before)
        if key[0] == "2025" and before[key]["closing"] != after[key]["closing"]
    ]
    assert len(changed) == 2
    assert changed == dossier.query(
        "SELECT fiscal_year, account, old_closing, new_closing FROM ledger.balance_changes WHERE year_closed "
        "ORDER BY account"
    )


def the_revaluation_is_a_line_of_its_own(dossier: Linked) -> None:
    found = dossier.query(
        "SELECT fiscal_year, account, what, difference, cause FROM ledger.balance_differences ORDER BY account, what"
    )
    assert found == [
        ("2026", account, what, amount, "revaluation")
        for account, amount in (("400000", Decimal(-100)), ("654000", Decimal(100)))
        for what in ("closing", "movement")
    ]
    assert_tells(dossier, told_by(dossier.row, YESTERDAY))


def the_account_is_a_stub(dossier: Linked) -> None:
    assert dossier.query("SELECT number FROM ledger.accounts WHERE stub") == [("613200",)]
    assert_tells(dossier, told_by(dossier.row, YESTERDAY))


def the_deletion_is_on_record(dossier: Linked) -> None:
    deleted = {key for (key,) in dossier.query("SELECT line_key FROM ledger.deleted_lines")}
    assert len(deleted) == 3
    assert not deleted & set(told_by_vendor(dossier))


def nothing(dossier: Linked) -> None:
    """Nothing need be on record."""


Answer = Literal["blocked", "refused", "warned", "mended"]


@dataclass(frozen=True)
class Planted:
    """A fault. ``by`` is the one check that finds it, or the kind of error with which it is refused."""

    name: str
    pain: str
    software: str
    plant: Callable[[Linked], None]
    answer: Answer
    by: str
    on_record: Callable[[Linked], None] = nothing
    since: date | None = None


EXACT = "exact_online_be"
# fmt: off
FAULTS = (
    Planted("an amount is not the package's", "P1", "expertm", an_amount_is_doubled, "blocked", "equals_package"),
    Planted("a line is lost", "P1", "winbooks", a_line_is_lost, "blocked", "entries_balance"),
    Planted("a deletion is not told", "P3", EXACT, the_feed_hides_a_deletion, "mended", "equals_package",
            the_deletion_is_on_record),
    Planted("a booking comes into a closed year", "P3 P10", "cegid", a_booking_comes_into_a_closed_year, "warned",
            "closed_years_stand", closed_year_changes_are_on_record),
    Planted("an answer is cut off", "P4", EXACT, pages_are_cut_off, "refused", "vendor_down"),
    Planted("a dossier turns empty", "P4", "adsolut", nothing_is_left, "refused", "empty"),
    Planted("a dossier shrinks", "P4", "winbooks", most_is_gone, "refused", "empty"),
    Planted("a revaluation is not booked", "P6", "wings", the_package_revalues, "warned", "revaluation",
            the_revaluation_is_a_line_of_its_own),
    Planted("a month lies in no year", "P7", "oras", a_year_begins_late, "blocked", "years_continuous"),
    Planted("a year opens otherwise than it closed", "P7", EXACT, an_opening_changes, "warned", "opening_continues",
            opening_changes_are_on_record),
    Planted("the opening at the date changes", "P8", EXACT, an_opening_changes, "warned", "opening_stands",
            opening_changes_are_on_record, since=OPENED),
    Planted("a change is not told", "P10", EXACT, the_feed_hides_a_change, "mended", "equals_package"),
    Planted("rows are capped", "P11", EXACT, rows_are_capped, "refused", "vendor_down"),
    Planted("an entry comes twice", "P12", "popsy", an_export_tells_an_entry_twice, "blocked", "equals_package"),
    Planted("an account is not in the chart", "P13", EXACT, the_chart_lacks_an_account, "warned", "accounts_known",
            the_account_is_a_stub),
)
# fmt: on


@dataclass(frozen=True)
class RevaluersHouse(House):
    """A house whose packages show revaluations that they have not booked, and say so."""

    @contextmanager
    def connector(
        self, connection_id: str, *, work: Path, report: Report = silent, **asked: Any
    ) -> Iterator[Connector]:
        with House.connector(self, connection_id, work=work, report=report, **asked) as connector:
            yield cast(Connector, _Revaluer(connector))


@dataclass
class _Revaluer:
    inner: Connector

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        for event in self.inner.extract(request):
            if isinstance(event, NextCursor) and not event.unchanged:
                yield Note("revaluation_not_booked", "foreign balances are shown at the rate of the day")
            yield event


@contextmanager
def synced(
    software: str, folder: Path, *, since: date | None = None, revalues: bool = False
) -> Iterator[tuple[Linked, Outcome]]:
    """A dossier that was synced well yesterday, and how that went. Waiting takes no time."""
    row = package(software)
    with linked(row, folder, told_by(row, YESTERDAY)) as dossier:
        house = dossier.house
        make = RevaluersHouse if revalues else House
        dossier.house = make(
            house.home, house.registry, house.landing, house.warehouse, house.now, lambda seconds: None
        )
        if since:
            link = house.registry.link(dossier.dossier_id)
            house.registry.relink(
                dossier.dossier_id, link.connection_id, link.external_id, mode="from_date", transfer_date=since
            )
        yesterday = dossier.sync()
        assert yesterday.status == "synced", yesterday.error
        assert_tells(dossier, told_by(row, YESTERDAY), since)
        yield dossier, yesterday


def published(dossier: Linked) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that analysts see."""
    tables = dossier.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ledger' AND table_type = 'BASE TABLE'"
    )
    return {table: dossier.query(f"SELECT * FROM ledger.{table} ORDER BY ALL") for (table,) in tables}


def failed(outcome: Outcome) -> set[str]:
    return {check.name for check in outcome.checks if check.passed is False}


def named(text: str) -> list[str]:
    """The checks that a refusal names, in its order."""
    return re.findall(r"(?:^|; )([a-z_]+): ", text)


def told_by_vendor(dossier: Linked) -> dict[str, Decimal]:
    return {key: row["AmountDC"] for key, row in exact(dossier).vendor.books.lines.items()}


def loaded(dossier: Linked) -> dict[str, Decimal]:
    return dict(dossier.query("SELECT line_key, amount FROM ledger.journal_lines"))


def test_there_are_fifteen_and_each_pain_has_one() -> None:
    assert len({fault.name for fault in FAULTS}) == 15
    pains = {pain for fault in FAULTS for pain in fault.pain.split()}
    assert pains == {"P1", "P3", "P4", "P6", "P7", "P8", "P10", "P11", "P12", "P13"}


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_is_found_by_what_is_there_for_it_alone(
    fault: Planted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    revalues = fault.by == "revaluation"
    with synced(fault.software, tmp_path, since=fault.since, revalues=revalues) as (dossier, yesterday):
        before = published(dossier)
        assert len(before["journal_lines"]) > 100
        assert fault.by not in failed(yesterday)
        fault.plant(dossier)
        caplog.clear()
        outcome = dossier.sync()
        afresh = [record.getMessage() for record in caplog.records if "reading everything" in record.getMessage()]
        match fault.answer:
            case "blocked" | "refused":
                assert outcome.status == "failed"
                assert outcome.error is not None
                checks = named(outcome.error.cause) if outcome.error.kind == "checks_failed" else [outcome.error.kind]
                assert checks == [fault.by]
                assert published(dossier) == before
            case "warned":
                assert outcome.status == "synced", outcome.error
                assert failed(outcome) - failed(yesterday) == {fault.by}
                assert published(dossier)["dossiers"] != before["dossiers"]
            case "mended":
                assert outcome.status == "synced", outcome.error
                assert [named(message.partition(": ")[2]) for message in afresh] == [[fault.by]]
                assert failed(outcome) == failed(yesterday)
                assert loaded(dossier) == told_by_vendor(dossier)
        fault.on_record(dossier)


def test_a_deletion_that_is_told_leaves_the_totals_and_stays_known(tmp_path: Path) -> None:
    with synced(EXACT, tmp_path) as (dossier, _):
        before, keys = loaded(dossier), lines_of_an_entry(dossier)
        exact(dossier).vendor.books.delete_lines(keys)
        outcome = dossier.sync()
        assert (outcome.status, failed(outcome), outcome.difference) == ("synced", set(), 0)
        assert loaded(dossier) == {key: amount for key, amount in before.items() if key not in keys}
        tombstones = dossier.query("SELECT line_key, amount, seen_at, sync_id FROM ledger.deleted_lines")
        assert {row[0]: row[1] for row in tombstones} == {key: before[key] for key in keys}
        assert {row[3] for row in tombstones} == {outcome.sync_id}
        assert None not in {row[2] for row in tombstones}
        an_entry_is_booked(dossier)
        assert dossier.sync().status == "synced"
        assert dossier.query("SELECT line_key, amount, seen_at, sync_id FROM ledger.deleted_lines") == tombstones


def test_a_page_that_is_told_twice_changes_nothing(tmp_path: Path) -> None:
    with synced(EXACT, tmp_path) as (dossier, _):
        before = loaded(dossier)
        exact(dossier).vendor.books.division_fields["DivisionMoveDate"] = "/Date(1764000000000)/"
        exact(dossier).knobs.page_size = 50
        exact(dossier).knobs.duplicate_rows = True
        outcome = dossier.sync()
        assert (outcome.status, failed(outcome)) == ("synced", set()), outcome.error
        assert loaded(dossier) == before
        assert dossier.query("SELECT count(*) FROM ledger.line_changes") == [(0,)]


def test_an_empty_answer_is_not_taken_for_an_empty_ledger(tmp_path: Path) -> None:
    """The lines are not told, their number and their balances are: neither the changes nor a full read will do."""
    with synced(EXACT, tmp_path) as (dossier, _):
        an_entry_is_booked(dossier)
        assert dossier.sync().status == "synced"
        before = published(dossier)
        an_entry_is_booked(dossier)
        exact(dossier).knobs.faults = [Fault("empty", path=LINES, times=-1)]
        outcome = dossier.sync()
        assert outcome.error is not None
        assert outcome.error.kind == "vendor_down"
        assert published(dossier) == before


def test_a_revaluation_excuses_no_difference_elsewhere(tmp_path: Path) -> None:
    """Wages and a bank account in euros: no rate of exchange explains what is off there, though it cancels out."""
    with synced("wings", tmp_path, revalues=True) as (dossier, _):
        before = published(dossier)
        the_package_revalues(dossier)
        the_package_revalues(dossier, ("550000", "620200"))
        outcome = dossier.sync()
        assert outcome.error is not None
        assert named(outcome.error.cause) == ["equals_package"]
        assert "550000" in outcome.error.cause
        assert "400000" not in outcome.error.cause
        assert published(dossier) == before
