"""Packages synced into Postgres tell the same company as they do embedded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.package import Package
from tests.contract.dossier import Linked, assert_tells, linked, told_by


@pytest.fixture(params=["exact_online_be", "winbooks", "cegid"])
def row(request: pytest.FixtureRequest) -> Package:
    return package(request.param)


@pytest.fixture
def dossier(row: Package, address: str, tmp_path: Path) -> Iterator[Linked]:
    with linked(row, tmp_path, database=address) as found:
        yield found


def test_syncs_and_later_changes_and_deletions_arrive(dossier: Linked) -> None:
    first = dossier.sync()
    assert first.status == "synced", first.error
    assert_tells(dossier, told_by(dossier.row))
    again = dossier.sync()
    assert again.status == "unchanged", again.error
    for revision in (1, 2):
        dossier.sandbox.show(told_by(dossier.row, revision))
        outcome = dossier.sync()
        assert outcome.status == "synced", outcome.error
        assert_tells(dossier, told_by(dossier.row, revision))
    assert not dossier.house.home.registry.exists()
    assert list(dossier.house.home.warehouse.iterdir()) == []


def test_from_landing_gives_the_same_figures_and_calls_no_vendor(dossier: Linked) -> None:
    dossier.sync()
    columns = "line_key, account, debit, credit, period, fiscal_year, description"
    before = dossier.query(f"SELECT {columns} FROM ledger.journal_lines ORDER BY line_key")
    dossier.sandbox.show(told_by(dossier.row, 1))
    outcome = dossier.sync(from_landing=True)
    assert (outcome.status, outcome.vendor_calls) == ("synced", 0), outcome.error
    assert dossier.query(f"SELECT {columns} FROM ledger.journal_lines ORDER BY line_key") == before


def test_from_a_date_takes_the_years_from_there(dossier: Linked) -> None:
    since, told = date(2025, 1, 1), told_by(dossier.row)
    registry, link = dossier.house.registry, dossier.house.registry.link(dossier.dossier_id)
    registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="from_date", transfer_date=since)
    for revision in (0, 1):
        dossier.sandbox.show(told_by(dossier.row, revision))
        assert dossier.sync().status == "synced"
        assert_tells(dossier, told_by(dossier.row, revision), since)
    assert told.years[0].start < since
