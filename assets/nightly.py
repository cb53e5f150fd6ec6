"""``warehouse/nightly``: what the last 24 hours came to, as numbers that Dagster plots; unpartitioned."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import dagster as dg

from assets.ledgers import ledger_key
from connectors.catalog import available_packages
from foundation.errors import GrandlivreError, kinds
from registry.store import Link, SyncRun
from resources.warehouse import WarehouseResource

NIGHTLY = dg.AssetKey(["warehouse", "nightly"])
SPAN = timedelta(hours=24)
CAUSES = (*kinds(), "crashed", "interrupted")
_SLOWEST = 5


@dataclass(frozen=True)
class Summary:
    """What a number of syncs came to. ``ended`` counts dossiers by how their latest sync ended, ``failed`` the failed
    ones by cause; lines, seconds and calls are sums over all syncs; ``slowest`` are runs, the slowest first."""

    runs: int
    ended: Counter[str]
    failed: Counter[str]
    lines: int
    seconds: float
    calls: Counter[str]
    slowest: list[tuple[SyncRun, float]]

    @property
    def lines_per_second(self) -> float:
        """Lines loaded per second of syncing, syncs at the same time counted each for itself."""
        return self.lines / self.seconds if self.seconds else 0.0


def summary(runs: Iterable[SyncRun], links: Sequence[Link]) -> Summary:
    """Adds finished runs up; those that still run are left out. ``calls`` are per connection of the run's link."""
    connections = {link.link_id: link.connection_id for link in links}
    finished = sorted((run for run in runs if run.finished_at is not None), key=lambda run: run.sync_id)
    latest = {run.dossier_id: run for run in finished}.values()
    spans = [(run, _seconds(run)) for run in finished]
    calls: Counter[str] = Counter()
    for run in finished:
        calls[connections.get(run.link_id, "unknown")] += run.vendor_calls
    return Summary(
        runs=len(finished),
        ended=Counter(run.status for run in latest),
        failed=Counter(run.error_kind or GrandlivreError.kind for run in latest if run.status == "failed"),
        lines=sum(run.rows_loaded for run in finished),
        seconds=sum((seconds for _, seconds in spans), 0.0),
        calls=calls,
        slowest=sorted(spans, key=lambda each: (-each[1], each[0].sync_id))[:_SLOWEST],
    )


def plotted(found: Summary) -> dict[str, dg.MetadataValue]:
    """The summary as metadata. Keys and types never change, so that each is a line over the nights."""
    numbers = {
        "dossiers": found.ended.total(),
        "syncs": found.runs,
        **{status: found.ended[status] for status in ("synced", "unchanged", "parked", "failed")},
        **{f"failed_{cause}": found.failed[cause] for cause in CAUSES},
        "lines": found.lines,
        "vendor_calls": found.calls.total(),
    }
    slowest = [
        dg.TableRecord({"dossier": run.dossier_id, "software": run.software, "seconds": round(seconds, 1)})
        for run, seconds in found.slowest
    ]
    columns = [dg.TableColumn("dossier"), dg.TableColumn("software"), dg.TableColumn("seconds", "float")]
    return {
        **{name: dg.MetadataValue.int(number) for name, number in numbers.items()},
        "lines_per_second": dg.MetadataValue.float(round(found.lines_per_second, 1)),
        "seconds": dg.MetadataValue.float(round(found.seconds, 1)),
        "slowest": dg.MetadataValue.table(slowest, dg.TableSchema(columns)),
        "calls_per_connection": dg.MetadataValue.json(dict(found.calls.most_common())),
    }


@dg.asset(
    key=NIGHTLY,
    deps=[ledger_key(row.slug) for row in available_packages()],
    description="What the last 24 hours came to: dossiers by outcome and cause, the slowest, lines per second and "
    "vendor calls per connection.",
    group_name="warehouse",
    kinds={"sqlite"},
)
def nightly(warehouse: WarehouseResource) -> dg.MaterializeResult:
    with warehouse.open_house() as house:
        runs = house.registry.runs(since=house.now() - SPAN, limit=None)
        found = summary(runs, house.registry.links(active=None))
    return dg.MaterializeResult(metadata=plotted(found))


def _seconds(run: SyncRun) -> float:
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
