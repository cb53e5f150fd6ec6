"""Changes that do not add up are mended by reading everything, once, before anybody is troubled."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from connectors.catalog import package
from tests.contract.dossier import linked


def test_a_deletion_that_the_feed_missed_is_found_by_the_package_s_balances(tmp_path: Path) -> None:
    with linked(package("exact_online_be"), tmp_path) as dossier:
        first = dossier.sync()
        books: Any = dossier.sandbox.vendor.books  # type: ignore[attr-defined]
        added = books.add_entry(2026, 5, date(2026, 5, 5), [("613200", "10.00"), ("440000", "-10.00")])
        sales = (row for row in books.lines.values() if row["JournalCode"] == "VEN" and row["FinancialYear"] == 2026)
        entry = next(sales)["EntryID"]
        lost = [key for key, row in books.lines.items() if row["EntryID"] == entry]
        books.delete_lines(lost)
        books.deleted.clear()
        outcome = dossier.sync()
        assert outcome.status == "synced", outcome.error
        assert outcome.difference == 0
        assert outcome.lines == first.lines + len(added) - len(lost)


def test_failed_syncs_do_not_pile_up_snapshots(tmp_path: Path) -> None:
    with linked(package("exact_online_be"), tmp_path) as dossier:
        dossier.sync()
        standing = dossier.query("SELECT snapshot_id FROM ledger.dossiers")[0][0]
        books: Any = dossier.sandbox.vendor.books  # type: ignore[attr-defined]
        books.add_entry(2026, 5, date(2026, 5, 5), [("613200", "10.00"), ("440000", "-9.00")])
        for _ in range(4):
            outcome = dossier.sync()
            assert outcome.status == "failed"
            assert outcome.error is not None
            assert outcome.error.kind == "checks_failed"
        landed = dossier.house.home.landing / "exact_online_be" / dossier.dossier_id
        names = sorted(folder.name for folder in landed.iterdir())
        assert standing in names
        assert len(names) <= 4
