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


def arrivals(links: Iterable[Link], partitions: Collection[str]) -> Arrivals:
    """Decides, from the links of one package and its partitions."""
    links, present = list(links), set(partitions)
    return Arrivals(
        [link.dossier_id for link in links if link.dossier_id not in present],
        [link for link in links if link.wanted_first_sync],
    )


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
        links = {row.slug: house.registry.links(software=row.slug) for row in available_packages()}
    requests: list[dg.RunRequest] = []
    additions = []
    for row in available_packages():
        found = arrivals(links[row.slug], context.instance.get_dynamic_partitions(f"{row.slug}_dossiers"))
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
