"""The UI as people run it: webserver, daemon and code location in processes of their own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from connectors.catalog import package
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.pipelines.ui import Ui, running, until
from tests.portal.cli import Cli

ASSET = """
query Asset { assetNodeOrError(assetKey: {path: ["exact_online_be", "ledger"]}) {
  ... on AssetNode { pools partitionStats { numMaterialized numFailed numPartitions } } } }"""


def test_a_new_link_syncs_by_itself_and_a_person_can_materialize_one_partition(tmp_path: Path) -> None:
    row = package("exact_online_be")
    with linked(row, tmp_path) as dossier, running(dossier.house.home, tmp_path / "ui.log") as ui:
        registry = dossier.house.registry
        first = until("the first sync of the new link", lambda: registry.last_good_run(dossier.dossier_id))
        assert first.trigger == "link"
        assert_tells(dossier, told_by(row))
        dossier.sandbox.show(told_by(row, 1))
        assert ui.materialize(row.slug, dossier.dossier_id) == "SUCCESS"
        assert_tells(dossier, told_by(row, 1))
        node = ui.ask(ASSET)["assetNodeOrError"]
        assert node["pools"] == [row.slug]
        assert node["partitionStats"] == {"numMaterialized": 1, "numFailed": 0, "numPartitions": 1}
        run = registry.last_good_run(dossier.dossier_id)
        assert run is not None
        assert run.dagster_run_id
        correct_the_first_year(dossier, ui)


def correct_the_first_year(dossier: Linked, ui: Ui) -> None:
    """As support does it: the package has the first year too long; it is corrected and the dossier is made again from
    what is landed, first in the UI, then on the command line. The vendor hears nothing of it."""
    registry, calls = dossier.house.registry, dossier.sandbox.calls
    years = "SELECT label, start_date, end_date, source, package_end_date FROM ledger.fiscal_years ORDER BY start_date"
    before = dossier.query(years)
    end = date(2024, 6, 30)
    registry.set_override(
        dossier.dossier_id, "2024", before[0][1], end, why="deed", who="support", move_neighbours=True
    )
    assert ui.materialize(dossier.row.slug, dossier.dossier_id, from_landing=True) == "SUCCESS"
    assert_years_hold_their_dates(dossier, end)
    first, second, _ = dossier.query(years)
    assert first[2:] == (end, "override", before[0][2]), "the package's own value is still shown"
    assert second[1:4] == (end + timedelta(days=1), before[1][2], "override")
    run = registry.last_good_run(dossier.dossier_id)
    assert run is not None
    assert run.vendor_calls == 0
    cli = Cli(dossier.house.home.root)
    cli("fiscal-year", dossier.dossier_id, "2024", "--reset")
    (told,) = cli("sync", dossier.dossier_id, "--from-landing", "--json").json
    assert (told["status"], told["vendor_calls"]) == ("synced", 0)
    assert dossier.query(years) == before
    assert_tells(dossier, told_by(dossier.row, 1))
    assert dossier.sandbox.calls == calls


def assert_years_hold_their_dates(dossier: Linked, first_end: date) -> None:
    """Every booking lies in the year of its date, and the corrected year closes with what was booked until then."""
    strays = dossier.query(
        "SELECT count(*) FROM ledger.journal_lines l JOIN ledger.fiscal_years y ON y.dossier_id = l.dossier_id "
        "AND y.label = l.fiscal_year WHERE l.period_kind = 'normal' AND l.date NOT BETWEEN y.start_date AND y.end_date"
    )
    assert strays == [(0,)]
    told = told_by(dossier.row, 1).balances(first_end)
    expected = {account: row["closing"] for (year, account), row in told.items() if year == "2024" and row["closing"]}
    found = dossier.query(
        "SELECT account, closing FROM ledger.trial_balance_year WHERE fiscal_year = '2024' AND closing <> 0"
    )
    assert dict(found) == expected
