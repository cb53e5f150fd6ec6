"""The whole way of a sync, where Odoo's own figures are what finds a change out."""

from __future__ import annotations

from pathlib import Path

from connectors.catalog import package
from connectors.odoo.sandbox import OdooSandbox
from tests.contract.dossier import linked


def test_what_goes_from_a_locked_year_is_found_by_the_sums_and_everything_is_read_again(tmp_path: Path) -> None:
    with linked(package("odoo"), tmp_path) as dossier:
        assert dossier.sync().status == "synced"
        assert isinstance(dossier.sandbox, OdooSandbox)
        entries = dossier.sandbox.vendor.books
        move = next(row["move_id"] for row in entries.lines.values() if row["date"].startswith("2025-05"))
        gone = [key for key, row in entries.lines.items() if row["move_id"] == move]
        entries.delete(gone)
        outcome = dossier.sync()
        assert (outcome.status, outcome.difference) == ("synced", 0), outcome.error
        found = dossier.query("SELECT line_key FROM ledger.deleted_lines")
        assert {int(key) for (key,) in found} == set(gone)
