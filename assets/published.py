"""``warehouse/published_snapshot``: what analysts open. Unpartitioned, in a job of its own, after the night."""

import dagster as dg

from assets.ledgers import ledger_key
from connectors.catalog import available_packages
from resources.warehouse import WarehouseResource

PUBLISHED = dg.AssetKey(["warehouse", "published_snapshot"])


@dg.asset(
    key=PUBLISHED,
    deps=[ledger_key(row.slug) for row in available_packages()],
    description="What analysts read: a read-only snapshot replaced by an atomic rename (on Postgres, what was "
    "committed). Every sync publishes too; this asset makes sure that the night's last word is out, and tells its "
    "size.",
    group_name="warehouse",
    kinds={"duckdb"},
)
def published_snapshot(warehouse: WarehouseResource) -> dg.MaterializeResult:
    with warehouse.open_house() as house:
        store = house.warehouse
    store.publish()
    with store.reader() as db:
        dossiers, lines = db.execute(
            "SELECT (SELECT count(*) FROM ledger.dossiers), (SELECT count(*) FROM ledger.journal_lines)"
        ).fetchall()[0]
    return dg.MaterializeResult(
        metadata={
            "dossiers": dossiers,
            "lines": lines,
            "megabytes": round(store.size() / 1e6, 3),
        }
    )
