"""What the on-premise services are asked for at night, and what they delivered is loaded, at any hour.

* From midnight on each service is asked for the linked dossiers that it was not asked for since: what it delivers is
  there when the night's runs come, or soon after.
* What arrived and no sync has used is loaded in runs of many dossiers. A run covers a range of keys, so it goes over
  dossiers between them, too, when their figures are good: those are skipped.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, time, timedelta

import dagster as dg

from assets.freshness import ARRIVED, CUT_OFF, cut_off
from assets.jobs import ledger_job_name, ledger_jobs
from assets.ledgers import TRIGGER_TAG
from assets.partitions import dossiers_per_run, range_tags
from connectors.catalog import available_packages
from connectors.package import AGENT
from registry.models import GOOD
from registry.store import AgentDelivery, Link, Registry, Wanted
from resources.warehouse import WarehouseResource

MORNING = time(6)
ASK_AGAIN = timedelta(hours=1)
"""When a run that was asked for and did nothing is asked for again."""
GAP = 100  # dossiers that are skipped cost a fiftieth of a second each, and another run five seconds
_AT_ONCE = 200


def is_night(now: datetime) -> bool:
    """Whether it is between midnight and six where the firms are."""
    return now.astimezone(CUT_OFF.tzinfo).time() < MORNING


def wanted_by(link: Link, agent_id: str) -> Wanted:
    """A linked dossier, in the way in which its link reads it."""
    return Wanted(agent_id, link.connection_id, link.external_id, link.transfer_date, link.mode == "totals")


def ask_for_the_night(registry: Registry, now: datetime) -> int:
    """Asks every service for its linked dossiers that it was not asked for since midnight; returns how many."""
    count = 0
    firms = {agent.agent_id: agent.firm_id for agent in registry.agents() if agent.revoked_at is None}
    for connection in registry.connections():
        agent_id = connection.settings.get(AGENT)
        if agent_id is None or firms.get(agent_id) != connection.firm_id:
            continue
        asked = registry.asked_since(agent_id, cut_off(now))
        links = registry.links(connection_id=connection.id)
        wanted = [each for each in (wanted_by(link, agent_id) for link in links) if each not in asked]
        for start in range(0, len(wanted), _AT_ONCE):
            count += len(registry.ask_agents(wanted[start : start + _AT_ONCE]))
    return count


def to_load(
    arrived: Sequence[tuple[Link, AgentDelivery]], running: Collection[str], now: datetime
) -> list[tuple[Link, AgentDelivery]]:
    """Those of ``arrived`` that a run should be asked for: none was lately, and no sync of the dossier is at work."""
    return [
        (link, delivery)
        for link, delivery in arrived
        if link.dossier_id not in running
        and (delivery.load_asked_at is None or now - delivery.load_asked_at >= ASK_AGAIN)
    ]


def spans(
    partitions: Sequence[str], arrived: Collection[str], good: Collection[str], size: int
) -> Iterator[tuple[str, str]]:
    """First and last key of each run over the ``arrived``; between them lie only ``good`` ones, and not too many."""
    run: list[str] = []
    gap: list[str] = []
    for key in partitions:
        if key in arrived and run and len(run) + len(gap) < size:
            run, gap = [*run, *gap, key], []
        elif key in arrived:
            if run:
                yield run[0], run[-1]
            run, gap = [key], []
        elif run and key in good and len(gap) < GAP:
            gap.append(key)
        elif run:
            yield run[0], run[-1]
            run, gap = [], []
    if run:
        yield run[0], run[-1]


@dg.sensor(
    name="deliveries_sensor",
    jobs=list(ledger_jobs().values()),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks the on-premise services for the night's dossiers, and loads what they delivered.",
)
def deliveries_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    with warehouse.open_house() as house:
        registry, now = house.registry, house.now()
        asked = ask_for_the_night(registry, now) if is_night(now) else 0
        arrived = registry.arrived()
        running = {run.dossier_id for run in registry.running(now - timedelta(days=1))} if arrived else set()
        due = to_load(arrived, running, now)
        requests: list[dg.RunRequest] = []
        for row in available_packages():
            keys = {link.dossier_id for link, _ in due if link.software == row.slug}
            if not keys:
                continue
            partitions = context.instance.get_dynamic_partitions(f"{row.slug}_dossiers")
            latest = registry.latest_runs(software=row.slug)
            good = {key for key, run in latest.items() if run.status in GOOD}
            for first, last in spans(partitions, keys, good, dossiers_per_run()):
                requests.append(
                    dg.RunRequest(
                        run_key=f"{ARRIVED}-{first}-{now:%Y%m%dT%H%M%S}",
                        job_name=ledger_job_name(row.slug),
                        tags={**range_tags(first, last), TRIGGER_TAG: ARRIVED, "dagster/priority": "-1"},
                    )
                )
            present = set(partitions)
            registry.note_load_asked([each for link, each in due if link.dossier_id in keys & present])
    if requests:
        return dg.SensorResult(run_requests=requests)
    return dg.SkipReason(f"{asked} dossiers were asked for." if asked else "Nothing arrived.")
