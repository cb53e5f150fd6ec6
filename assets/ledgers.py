"""``<software>/ledger``: one asset per package, one partition per dossier, made from the catalog. The client list of an
administrative package is a dossier, too.

A run may cover one dossier (Materialize in the UI, ``grandlivre sync``) or a range of them (the night). The asset
never yields an output by itself: it logs a materialization per good dossier and an observation with the error per
bad one, and fails once at the end when any failed. Dagster then shows exactly the bad ones as failed.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from datetime import timedelta
from typing import Any

import dagster as dg

from assets.night import Night, fresh_since
from assets.partitions import dossiers_of
from assets.sync import Outcome, SyncOptions, told
from connectors.catalog import available_packages
from connectors.package import Package
from foundation.errors import GrandlivreError
from resources.house import House, Report, silent
from resources.packages import PackageResource

FROM_LANDING_TAG = "grandlivre/from_landing"
ACCEPT_EMPTY_TAG = "grandlivre/accept_empty"
TRIGGER_TAG = "grandlivre/trigger"
PUBLISH_EVERY = timedelta(minutes=1)  # a long run publishes now and then
PUBLISH_SHARE = 10  # and works ten times as long as publishing took, before it does so again
_ABOUT = {"administrative": "The clients that {} lists, one partition per connection."}


class LedgerConfig(dg.Config):
    """What a person may set in the launchpad before pressing Materialize."""

    from_landing: bool = False
    accept_empty: bool = False


def ledger_key(software: str) -> dg.AssetKey:
    """``<software>/ledger``."""
    return dg.AssetKey([software, "ledger"])


def ledger_asset(
    row: Package,
    report_for: Callable[[str], Report] = lambda dossier_id: silent,
    hear: Callable[[Outcome], None] = lambda outcome: None,
) -> dg.AssetsDefinition:
    """The asset of one package. The command line passes ``report_for``, a listener for each dossier's progress, and
    ``hear``, which is told every outcome."""

    def ledger(context: dg.AssetExecutionContext, config: LedgerConfig) -> Iterator[dg.Output]:
        # A generator that yields nothing: returning None would materialize every partition a second time.
        yield from ()
        resource: PackageResource = getattr(context.resources, row.slug)
        tags, keys = context.run.tags, list(context.partition_keys)
        since = fresh_since(tags)
        options = SyncOptions(
            trigger=tags.get(TRIGGER_TAG, "manual"),
            from_landing=config.from_landing or tags.get(FROM_LANDING_TAG) == "true",
            accept_empty=config.accept_empty or tags.get(ACCEPT_EMPTY_TAG) == "true",
            dagster_run_id=context.run.run_id,
            publish=len(keys) == 1,
        )
        bad = []
        with resource.open_house() as house, house.registry.locks.run(context.run.run_id):
            night = Night(house, row.slug, options, since)
            outcomes = in_parallel(lambda key: night.sync(key, report_for(key)), keys, resource.dossiers_at_once)
            looked, pause = house.now(), PUBLISH_EVERY
            with closing(outcomes):
                for outcome in outcomes:
                    hear(outcome)
                    if not _tell(context, row, outcome):
                        bad.append(outcome)
                    if house.now() - looked > pause:
                        looked = house.now()
                        if _snapshot_age(house) > pause:
                            _publish(context, house)
                            pause = max(PUBLISH_EVERY, PUBLISH_SHARE * (house.now() - looked))
            unpublished = _publish(context, house)
        if unpublished and not bad:
            raise dg.Failure(
                description=f"The figures are loaded and not published: {unpublished}", allow_retries=False
            )
        if bad:
            raise dg.Failure(
                description=f"{len(bad)} of {len(keys)} dossiers failed: " + "; ".join(str(o.error) for o in bad[:5]),
                metadata={"failed": len(bad), "dossiers": dg.MetadataValue.json([o.dossier_id for o in bad])},
                allow_retries=False,
            )

    return dg.asset(
        key=ledger_key(row.slug),
        description=_ABOUT.get(row.kind, "The ledgers of all dossiers kept in {}, one partition per dossier.").format(
            row.name
        ),
        partitions_def=dossiers_of(row.slug),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=row.slug,
        group_name=row.slug,  # the graph names groups, and calls every asset in them "ledger"
        kinds={"duckdb"},
        output_required=False,
        required_resource_keys={row.slug},
        metadata={"software": row.name, "level": row.level, "contract": row.contract, "transport": row.transport},
    )(ledger)


def in_parallel(work: Callable[[str], Outcome], keys: Sequence[str], at_once: int) -> Generator[Outcome, None, None]:
    """The outcome of ``work`` for each key, as they come. When the caller stops listening, because the run is
    cancelled, what has not begun never does."""
    pool = ThreadPoolExecutor(max(1, min(at_once, len(keys))))
    try:
        for done in as_completed([pool.submit(work, key) for key in keys]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _publish(context: dg.AssetExecutionContext, house: House) -> GrandlivreError | None:
    """Publishes what is loaded; trouble with that is returned, and costs no other dossier its figures."""
    try:
        house.warehouse.publish()
    except Exception as error:
        trouble = told(error)
        context.log.error(f"publishing: {trouble}")
        return trouble
    return None


def _snapshot_age(house: House) -> timedelta:
    """How old the published snapshot is, whichever run published it."""
    published = house.warehouse.published_at
    return house.now() - published if published else timedelta.max


def _tell(context: dg.AssetExecutionContext, row: Package, outcome: Outcome) -> bool:
    """Tells Dagster what became of a dossier; True when its figures are good."""
    key = ledger_key(row.slug)
    if outcome.good:
        context.log_event(
            dg.AssetMaterialization(key, partition=outcome.dossier_id, metadata=plotted(outcome)),
        )
        return True
    error = outcome.error
    context.log_event(
        dg.AssetObservation(
            key,
            partition=outcome.dossier_id,
            metadata={
                "status": outcome.status,
                "error": error.kind if error else "error",
                "message": str(error),
                "sync": outcome.sync_id or "",
            },
        )
    )
    context.log.error(str(error))
    return False


def plotted(outcome: Outcome) -> dict[str, Any]:
    """Materialization metadata. Keys and types never change, so that Dagster plots them over time.

    ``difference`` is only there when the package gave evidence, ``lines`` when they were looked at: their absence is
    not a zero.
    """
    warnings = sum(1 for check in outcome.checks if check.passed is False)
    told: dict[str, Any] = {
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "vendor_calls": outcome.vendor_calls,
        "warnings": warnings,
        "sync": outcome.sync_id or "",
    }
    if outcome.status != "skipped":
        told["lines"] = outcome.lines
    if outcome.difference is not None:
        told["difference"] = float(outcome.difference)  # a plot, not a figure: the exact one is in check_results
    return told


def ledger_assets() -> list[dg.AssetsDefinition]:
    """The assets of every package that can be linked today."""
    return [ledger_asset(row) for row in available_packages()]
