"""Standing inventories of what is wrong now, per package: events go quiet, inventories do not.

Three unpartitioned checks on each ``<software>/ledger``: ``failed_now`` (dossiers whose last sync failed), ``stale``
(figures older than a day and a half) and ``unbalanced`` (a check of the figures that stand did not pass). Each tells
an exact count, a sample, and what to do.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import dagster as dg

from assets.ledgers import ledger_key
from connectors.catalog import Package, available_packages
from resources.house import House
from resources.packages import PackageResource

STALE_AFTER = timedelta(hours=36)
_SAMPLE = 20
_CHECKS = {
    "failed_now": "Dossiers whose last sync failed.",
    "stale": "Dossiers whose figures are older than 36 hours.",
    "unbalanced": "Dossiers whose figures do not pass every check.",
}
_NEXT_STEP = {
    "failed_now": "Read the reason in the observation of the partition, mend it, then materialize the partition.",
    "stale": "Look for a connection that needs a sign-in (`grandlivre connections`), then materialize the partitions.",
    "unbalanced": "Query ledger.reconciliation for the dossier; the detail names accounts and amounts.",
}


def health_checks(row: Package) -> dg.AssetChecksDefinition:
    """The three checks of one package."""
    key = ledger_key(row.slug)

    def health(context: dg.AssetCheckExecutionContext) -> Iterable[dg.AssetCheckResult]:
        resource: PackageResource = getattr(context.resources, row.slug)
        with resource.open_house() as house:
            found = {
                "failed_now": failed_now(house, row.slug),
                "stale": stale(house, row.slug),
                "unbalanced": unbalanced(house, row.slug),
            }
        for name, dossiers in found.items():
            yield verdict(key, name, dossiers)

    return dg.multi_asset_check(
        name=f"{row.slug}_health",
        specs=[dg.AssetCheckSpec(name, asset=key, description=text) for name, text in _CHECKS.items()],
        required_resource_keys={row.slug},
        can_subset=False,
    )(health)


def verdict(key: dg.AssetKey, name: str, dossiers: Mapping[str, str]) -> dg.AssetCheckResult:
    """A check result from dossier ids and their reasons: the exact count, a sample of 20, the next step."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=not dossiers,
        severity=dg.AssetCheckSeverity.ERROR if name == "failed_now" else dg.AssetCheckSeverity.WARN,
        description=f"{len(dossiers)} dossiers. {_NEXT_STEP[name]}" if dossiers else "None.",
        metadata={
            "count": len(dossiers),
            "sample": dg.MetadataValue.json(dict(sorted(dossiers.items())[:_SAMPLE])),
        },
    )


def failed_now(house: House, software: str) -> dict[str, str]:
    """Dossiers of a package whose last sync failed, with the reason."""
    return {run.dossier_id: run.error_message or run.error_kind or "" for run in house.registry.failed_now(software)}


def stale(house: House, software: str) -> dict[str, str]:
    """Dossiers of a package whose figures are too old, with their age."""
    found = house.registry.stale(software, STALE_AFTER)
    ages = {item.dossier_id: item.figures_as_of for item in found}
    return {key: f"figures of {moment:%Y-%m-%d %H:%M} UTC" if moment else "never" for key, moment in ages.items()}


def unbalanced(house: House, software: str) -> dict[str, str]:
    """Dossiers of a package whose standing figures fail a check, with the failing checks' details."""
    if not house.warehouse.readable:
        return {}
    with house.warehouse.reader() as db:
        rows = db.execute(
            "SELECT dossier_id, string_agg(check_name || ': ' || detail, '; ' ORDER BY check_name) "
            "FROM ledger.reconciliation WHERE software = ? AND state IN ('failed', 'warning') "
            "AND check_name IN ('ledger_balances', 'years_balance', 'closed_years_balance', 'entries_balance', "
            "'equals_package', 'opening_continues') GROUP BY dossier_id",
            [software],
        ).fetchall()
    return dict(rows)


def all_health_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of every package that can be linked today."""
    return [health_checks(row) for row in available_packages()]
