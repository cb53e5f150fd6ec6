"""The UI as people run it: webserver, daemon and code location in processes of their own."""

from __future__ import annotations

from pathlib import Path

from connectors.catalog import package
from tests.contract.dossier import assert_tells, linked, told_by
from tests.pipelines.ui import running, until

ASSET = """
query Asset { assetNodeOrError(assetKey: {path: ["verocount", "ledger"]}) {
  ... on AssetNode { pools partitionStats { numMaterialized numFailed numPartitions } } } }"""


def test_a_new_link_syncs_by_itself_and_a_person_can_materialize_one_partition(tmp_path: Path) -> None:
    row = package("verocount")
    with linked(row, tmp_path) as dossier, running(dossier.house.home, tmp_path / "ui.log") as ui:
        registry = dossier.house.registry
        first = until("the first sync of the new link", lambda: registry.last_good_run(dossier.dossier_id))
        assert first.trigger == "link"
        assert_tells(dossier, told_by(row))
        dossier.sandbox.show(told_by(row, 1))
        assert ui.materialize("verocount", dossier.dossier_id) == "SUCCESS"
        assert_tells(dossier, told_by(row, 1))
        node = ui.ask(ASSET)["assetNodeOrError"]
        assert node["pools"] == ["verocount"]
        assert node["partitionStats"] == {"numMaterialized": 1, "numFailed": 0, "numPartitions": 1}
        run = registry.last_good_run(dossier.dossier_id)
        assert run is not None
        assert run.dagster_run_id
