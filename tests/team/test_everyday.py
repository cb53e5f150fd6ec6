"""A team's everyday: Dagster keeps its runs in the same Postgres, commands read from it."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import dagster as dg
import psycopg
import pyarrow.parquet as pq
import pytest

from assets.health import figures, reconciliation
from assets.ledgers import ledger_asset, ledger_key
from assets.partitions import add_missing, dossiers_of, range_tags
from assets.published import published_snapshot
from connectors.catalog import package
from portal.instance import dagster_home
from resources.packages import resource_class
from resources.warehouse import WarehouseResource
from tests.contract.dossier import Linked, linked, told_by
from tests.portal.cli import Cli

ROW = package("verocount")


@pytest.fixture
def dossier(team: str, tmp_path: Path) -> Iterator[Linked]:
    with linked(ROW, tmp_path, database=team) as found:
        yield found


def test_a_range_run_in_an_instance_on_postgres(dossier: Linked, team: str) -> None:
    house = dossier.house
    root = Path(dossier.sandbox.settings["root"])
    connection = house.registry.link(dossier.dossier_id).connection_id
    shutil.copytree(root / dossier.sandbox.external_id, root / "second")
    house.registry.add_link(connection, "second", code="2", name="second", dossier_id="second")
    house.registry.add_link(connection, "absent", code="3", name="third", dossier_id="third")
    ids = [dossier.dossier_id, "second", "third"]
    home = str(house.home.root)
    with dg.DagsterInstance.from_config(str(dagster_home(house.home))) as instance:
        add_missing(instance, ROW.slug, ids)
        result = dg.materialize(
            [ledger_asset(ROW)],
            instance=instance,
            resources={ROW.slug: resource_class(ROW)(software=ROW.slug, home=home, dossiers_at_once=2)},
            tags=range_tags(dossier.dossier_id, "third"),
            raise_on_error=False,
        )
        assert not result.success, "the third dossier has no folder"
        status = instance.get_status_by_partition(ledger_key(ROW.slug), ids, dossiers_of(ROW.slug)) or {}
        assert [s.value if s else None for s in status.values()] == ["MATERIALIZED", "MATERIALIZED", "FAILED"]
        published = dg.materialize(
            [published_snapshot], instance=instance, resources={"warehouse": WarehouseResource(home=home)}
        )
    metadata = published.asset_materializations_for_node("warehouse__published_snapshot")[0].metadata
    assert metadata["dossiers"].value == 2
    assert isinstance(metadata["megabytes"].value, float)
    assert figures(reconciliation(house, ROW.slug))["unbalanced"] == {}
    with psycopg.connect(team) as connected:
        assert connected.execute("SELECT count(*) FROM public.runs").fetchall() == [(2,)]
    assert not list(house.home.dagster.rglob("*.db"))


def test_commands_sync_query_and_export(dossier: Linked, tmp_path: Path) -> None:
    cli = Cli(dossier.house.home.root)
    (row,) = cli("sync", dossier.dossier_id, "--json").json
    assert (row["status"], row["difference"]) == ("synced", 0), row
    sql = "SELECT account, closing, sum(closing) OVER () AS total FROM trial_balance_year WHERE fiscal_year = '2025'"
    told = {account: r["closing"] for (year, account), r in told_by(ROW).balances().items() if year == "2025"}
    rows = list(csv.DictReader(io.StringIO(cli("query", sql, "--format", "csv").out)))
    assert {r["account"]: Decimal(r["closing"]) for r in rows} == told
    assert {r["total"] for r in rows} == {"0.0000"}
    cli("query", sql, "--format", "parquet", "--out", str(tmp_path / "out.parquet"))
    table = pq.read_table(tmp_path / "out.parquet")
    assert (table.num_rows, str(table.schema.field("closing").type)) == (len(told), "decimal128(20, 4)")
    assert cli("query", sql, "--format", "json").json[0]["total"] == 0
    assert "the query failed" in cli("query", "DELETE FROM ledger.dossiers", ok=False).err
    assert "the query failed" in cli("query", "SELECT nothing FROM nowhere", "--format", "csv", ok=False).err
    assert cli("mapping", dossier.dossier_id, "--json").json[0]["number"]
    assert [each["status"] for each in cli("dossiers", "--json").json] == ["synced"]


def test_exports_are_those_of_an_embedded_installation(dossier: Linked, tmp_path: Path) -> None:
    dossier.sync()
    (tmp_path / "embedded").mkdir()
    written: list[dict[str, bytes]] = []
    with linked(ROW, tmp_path / "embedded") as other:
        other.sync()
        for each in (dossier, other):
            out = each.house.home.root / "out"
            out.mkdir()
            with each.house.warehouse.reader() as db:
                from portal import export

                for kind in ("fec", "csv", "xaf"):
                    export.write(db, each.dossier_id, kind, "2025", out / kind)
                export.write(db, each.dossier_id, "parquet", None, out / "parquet")
            table = pq.read_table(out / "parquet")
            left_out = [name for name in ("sync_id",) if name in table.column_names]
            lines = sorted(map(repr, table.drop_columns(left_out).to_pylist()))
            files = {kind: (out / kind).read_text().replace(each.house.home.root.name, "") for kind in ("fec", "xaf")}
            written.append({"lines": "\n".join(lines).encode(), **{k: v.encode() for k, v in files.items()}})
    assert written[0]["lines"] == written[1]["lines"]
    assert written[0]["fec"] == written[1]["fec"]
    assert written[0]["xaf"] == written[1]["xaf"]
