"""A consent that is about to lapse tells somebody while there is time to sign in: once, not at every look."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import dagster as dg

from registry.store import Connection
from resources.notifier import Notice, NotifierResource
from resources.warehouse import WarehouseResource


def lapsing(connections: Iterable[Connection], now: datetime) -> list[Connection]:
    """The connections whose consent lapses soon, or lapsed and nobody noticed; the first to lapse first."""
    found = [each for each in connections if each.lapse(now)]
    return sorted(found, key=lambda each: (each.expires_at or now, each.id))


def lapse_notice(connections: Sequence[Connection], dossiers: Mapping[str, int], now: datetime) -> Notice:
    """What a person should know of ``connections``; ``dossiers`` is how many are linked to each."""
    lines = ["Sign in again: the dossiers stay linked, and go on with the new consent.", ""]
    for each in connections:
        lines.append(
            f"{each.name} ({each.software}, {each.firm_id}): {each.lapse(now)}; "
            f"dossiers: {dossiers.get(each.id, 0)}. grandlivre reconnect {each.id}"
        )
    one = connections[0]
    subject = f"{one.lapse(now)}: {one.id}" if len(connections) == 1 else f"{len(connections)} consents lapse"
    facts = {"lapses": {each.id: each.expires_at.isoformat() for each in connections if each.expires_at}}
    return Notice(f"Grandlivre: {subject}", "\n".join(lines), facts)


def untold(lapses: Sequence[Connection], told: Collection[str]) -> list[Connection]:
    """Those of ``lapses`` that nobody was told of yet. One that was renewed and comes near its end again is new: it
    was not among the ``lapses`` of every look in between."""
    return [each for each in lapses if each.id not in told]


@dg.sensor(
    name="lapsing_consents_sensor",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells a week ahead of a consent that lapses, so that somebody signs in again in time.",
)
def lapsing_consents_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource, notifier: NotifierResource
) -> dg.SkipReason:
    told = set(filter(None, (context.cursor or "").split(",")))
    with warehouse.open_house() as house:
        now = house.now()
        lapses = lapsing(house.registry.connections(), now)
        fresh = untold(lapses, told)
        dossiers = {each.id: len(house.registry.links(connection_id=each.id)) for each in fresh}
    if fresh:
        notifier.tell(lapse_notice(fresh, dossiers, now))
    context.update_cursor(",".join(sorted(each.id for each in lapses)))
    return dg.SkipReason(
        f"{len(fresh)} of {len(lapses)} lapsing consents were told." if lapses else "None lapses soon."
    )
