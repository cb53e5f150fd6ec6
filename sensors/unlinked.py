"""A dossier that left a package loses its partition; not while a run covers it, and never many without a person."""

import dagster as dg

from assets.partitions import dossiers_of
from assets.pruning import removals_of
from connectors.catalog import available_packages
from resources.warehouse import WarehouseResource


@dg.sensor(
    name="unlinked_dossiers_sensor",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Removes the partitions of dossiers that are no longer linked; many at once only by a person's word.",
)
def unlinked_dossiers_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    requests, told = [], []
    with warehouse.open_house() as house:
        for row in available_packages():
            found = removals_of(house.registry, context.instance, row.slug)
            if found.now:
                requests.append(dossiers_of(row.slug).build_delete_request(found.now))
            if found.held:
                told.append(
                    f"{len(found.held)} partitions of {row.slug} wait for a person ({found.why}): "
                    f"`grandlivre prune-partitions {row.slug} --yes` removes them."
                )
            if found.busy:
                told.append(f"{len(found.busy)} partitions of {row.slug} wait for a run to end.")
    if told:
        context.log.warning(" ".join(told))
    if not requests:
        return dg.SkipReason(" ".join(told) or "Every partition has a linked dossier.")
    return dg.SensorResult(dynamic_partitions_requests=requests)
