"""Every package that offers totals tells the same balances without a line, and every view says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.catalog import available_packages
from connectors.package import Package
from tests.contract.dossier import linked, told_by

LINES_ALONE = {"cegid"}  # a FEC holds no balances
ROWS = [row for row in available_packages() if "totals" in row.capabilities]


@pytest.mark.parametrize("row", ROWS, ids=[row.slug for row in ROWS])
def test_totals_are_the_package_s_own_balances(row: Package, tmp_path: Path) -> None:
    with linked(row, tmp_path) as dossier:
        registry, link = dossier.house.registry, dossier.house.registry.link(dossier.dossier_id)
        if link.mode != "totals":
            registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="totals")
        if row.slug in LINES_ALONE:
            outcome = dossier.sync()
            assert outcome.status == "failed"
            assert "balance" in str(outcome.error)
            return
        for revision in (0, 1):
            told = told_by(row, revision)
            dossier.sandbox.show(told)
            outcome = dossier.sync()
            assert outcome.status == "synced", outcome.error
            assert dossier.query("SELECT * FROM ledger.journal_lines") == []
            starts = {year.label: year.start for year in told.years}
            expected = {
                (starts[year], account, balance["closing"])
                for (year, account), balance in told.balances().items()
                if balance["closing"]
            }
            found = dossier.query(
                "SELECT y.start_date, t.account, t.closing FROM ledger.trial_balance_year t JOIN ledger.fiscal_years y "
                "ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year WHERE t.closing <> 0"
            )
            assert set(found) == expected
            assert dossier.query("SELECT DISTINCT sync_mode FROM ledger.trial_balance") == [("totals",)]
        assert dossier.sync().good
