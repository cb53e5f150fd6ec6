"""A new link becomes a partition and gets its first sync, within half a minute and without anybody's click."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import dagster as dg

from assets.jobs import ledger_job_name, ledger_jobs
from assets.ledgers import TRIGGER_TAG
from assets.partitions import dossiers_of
from connectors.catalog import available_packages
from registry.store import Link
from resources.warehouse import WarehouseResource

_FIRST_SYNCS_AT_ONCE = 50


@dataclass(frozen=True)
class Arrivals:
    """What a tick has to do for one package: keys without a partition, and links without a first sync."""

    keys: list[str]
    first_syncs: list[Link]


def arrivals(dossier_ids: Iterable[str], partitions: Collection[str], waiting: Iterable[Link]) -> Arrivals:
    """Decides, from a package's linked dossiers, its partitions, and the links that wait for a first sync."""
    present = set(partitions)
    return Arrivals([dossier_id for dossier_id in dossier_ids if dossier_id not in present], list(waiting))


@dg.sensor(
    name="new_links_sensor",
    jobs=list(ledger_jobs().values()),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Turns a new link into a partition and a first sync.",
)
def new_links_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    with warehouse.open_house() as house:
        linked = {row.slug: house.registry.dossier_ids(row.slug) for row in available_packages()}
        waiting = house.registry.links(wanted_first_sync=True)
    requests: list[dg.RunRequest] = []
    additions = []
    for row in available_packages():
        partitions = context.instance.get_dynamic_partitions(f"{row.slug}_dossiers")
        found = arrivals(linked[row.slug], partitions, (link for link in waiting if link.software == row.slug))
        if found.keys:
            additions.append(dossiers_of(row.slug).build_add_request(found.keys[:1000]))
        for link in found.first_syncs[: _FIRST_SYNCS_AT_ONCE - len(requests)]:
            requests.append(
                dg.RunRequest(
                    run_key=f"first-{link.link_id}",
                    job_name=ledger_job_name(row.slug),
                    partition_key=link.dossier_id,
                    tags={TRIGGER_TAG: "link", "dagster/priority": "5"},
                )
            )
    if not requests and not additions:
        return dg.SkipReason("No new links.")
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=additions)
