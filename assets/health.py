"""Standing inventories of what is wrong now, per package: events go quiet, inventories do not.

Unpartitioned checks on each ``<software>/ledger``: ``failed_now`` (dossiers whose last sync failed), ``stale`` (figures
older than a day and a half), ``unlinked`` (partitions without a link that only a person may remove), and four about the
figures that stand (:data:`OF_FIGURES`). Each tells an exact count, a sample, and what to do.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import dagster as dg

from assets.ledgers import ledger_key
from assets.pruning import removals_of
from connectors.catalog import Package, available_packages
from resources.house import House
from resources.packages import PackageResource

STALE_AFTER = timedelta(hours=36)
OF_FIGURES: dict[str, tuple[str, ...]] = {
    "unbalanced": (
        "ledger_balances",
        "years_balance",
        "closed_years_balance",
        "entries_balance",
        "balances_add_up",
        "opening_continues",
    ),
    "unreconciled": ("equals_package", "package_adds_up", "counts_complete", "revaluation"),
    "changed_behind": ("closed_years_stand", "opening_stands"),
    "doubtfully_mapped": (
        "accounts_known",
        "accounts_mapped",
        "mapping_agrees",
        "controls_mapped",
        "sides_usual",
        "headings_unposted",
        "mapping_rules_apply",
    ),
}
"""The inventories of figures, each with the checks of ``ledger.reconciliation`` that it gathers."""
_SAMPLE = 20
_CHECKS = {
    "failed_now": "Dossiers whose last sync failed.",
    "stale": "Dossiers whose figures are older than 36 hours.",
    "unbalanced": "Dossiers whose entries, years or balances do not add up.",
    "unreconciled": "Dossiers whose figures differ from the package's own, or that it gives no evidence for.",
    "changed_behind": "Dossiers in which a closed year or the first opening balance changed at the last sync.",
    "doubtfully_mapped": "Dossiers with accounts that are unmapped or look wrongly mapped.",
    "unlinked": "Partitions without a linked dossier that are not removed without a person.",
}
_NEXT_STEP = {
    "failed_now": "Read the reason in the observation of the partition, mend it, then materialize the partition.",
    "stale": "Look for a connection that needs a sign-in (`grandlivre connections`), then materialize the partitions.",
    "unlinked": "Check that the registry is the right one, then run `grandlivre prune-partitions SOFTWARE --yes`.",
    "unbalanced": "See `grandlivre reconciliation DOSSIER`; the detail names accounts and amounts.",
    "unreconciled": "See `grandlivre reconciliation DOSSIER --differences`.",
    "changed_behind": "See `grandlivre changes DOSSIER`, and ask who booked there.",
    "doubtfully_mapped": "See `grandlivre mapping DOSSIER`, and give codes with `grandlivre map`.",
}


def health_checks(row: Package) -> dg.AssetChecksDefinition:
    """The checks of one package."""
    key = ledger_key(row.slug)

    def health(context: dg.AssetCheckExecutionContext) -> Iterable[dg.AssetCheckResult]:
        resource: PackageResource = getattr(context.resources, row.slug)
        with resource.open_house() as house:
            found = {
                "failed_now": failed_now(house, row.slug),
                "stale": stale(house, row.slug),
                **figures(house, row.slug),
                "unlinked": unlinked(house, context.instance, row.slug),
            }
            unproven = without_evidence(house, row.slug)
        for name, dossiers in found.items():
            yield verdict(key, name, dossiers, unproven if name == "unreconciled" else 0)

    return dg.multi_asset_check(
        name=f"{row.slug}_health",
        specs=[dg.AssetCheckSpec(name, asset=key, description=text) for name, text in _CHECKS.items()],
        required_resource_keys={row.slug},
        can_subset=False,
    )(health)


def verdict(key: dg.AssetKey, name: str, dossiers: Mapping[str, str], without_evidence: int = 0) -> dg.AssetCheckResult:
    """A check result from dossier ids and their reasons: the exact count, a sample of 20, the next step. Dossiers that
    nothing proves are counted beside it: no failure, and no proof."""
    told = f"{len(dossiers)} dossiers. {_NEXT_STEP[name].replace('SOFTWARE', key.path[0])}" if dossiers else "None."
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=not dossiers,
        severity=dg.AssetCheckSeverity.ERROR if name == "failed_now" else dg.AssetCheckSeverity.WARN,
        description=f"{told} {without_evidence} more without evidence." if without_evidence else told,
        metadata={
            "count": len(dossiers),
            "without_evidence": without_evidence,
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


def figures(house: House, software: str) -> dict[str, dict[str, str]]:
    """Per inventory of :data:`OF_FIGURES` the dossiers of a package whose standing figures fail one of its checks, with
    the details."""
    found: dict[str, dict[str, str]] = {name: {} for name in OF_FIGURES}
    inventory = {check: name for name, checks in OF_FIGURES.items() for check in checks}
    for dossier_id, check, detail in _reconciliation(house, software, ("failed", "warning")):
        if check in inventory:
            dossiers = found[inventory[check]]
            dossiers[dossier_id] = "; ".join(filter(None, (dossiers.get(dossier_id), f"{check}: {detail}")))
    return found


def without_evidence(house: House, software: str) -> int:
    """How many dossiers of a package stand without a balance of its own to compare with."""
    return sum(check == "equals_package" for _, check, _ in _reconciliation(house, software, ("no evidence",)))


def _reconciliation(house: House, software: str, states: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Dossier, check and detail of the checks in some states other than proven, in order."""
    if not house.warehouse.readable:
        return []
    with house.warehouse.reader() as db:
        rows = db.execute(
            "SELECT dossier_id, check_name, detail, state FROM ledger.reconciliation "
            "WHERE software = ? AND state <> 'proven' ORDER BY dossier_id, check_name",
            [software],
        ).fetchall()
    return [(dossier, check, detail) for dossier, check, detail, state in rows if state in states]


def unlinked(house: House, instance: dg.DagsterInstance, software: str) -> dict[str, str]:
    """Partitions of a package without a link that wait for a person, with the reason."""
    found = removals_of(house.registry, instance, software)
    return dict.fromkeys(found.held, found.why)


def all_health_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of every package that can be linked today."""
    return [health_checks(row) for row in available_packages()]
