"""Standing inventories of what is wrong now, per package: events go quiet, inventories do not.

Unpartitioned checks on each ``<software>/ledger``: ``failed_now`` (dossiers whose last sync failed), ``stale`` (figures
older than a day and a half), ``unlinked`` (partitions without a link that only a person may remove), four about the
figures that stand (:data:`OF_FIGURES`) and, where on-premise services read the package, ``agent_offline``. Each tells
an exact count, a sample, and what to do.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

import dagster as dg

from assets.ledgers import ledger_key
from assets.pruning import removals_of
from connectors.catalog import available_packages
from connectors.package import Package
from foundation.errors import AgentOffline
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
_OF_SERVICES = {"agent_offline": "Dossiers whose on-premise service is not heard of."}
"""The check of packages that the on-premise service may read."""
_NEXT_STEP = {
    "agent_offline": "Check that the server is on, that grandlivre-agent runs there and reaches the hub; "
    "`grandlivre agents` shows when each was last heard of. Figures of the last good sync stand.",
    "failed_now": "Read the reason in the observation of the partition, mend it, then materialize the partition.",
    "stale": "Look for a connection that needs a sign-in (`grandlivre connections`), then materialize the partitions.",
    "unlinked": "Check that the registry is the right one, then run `grandlivre prune-partitions SOFTWARE --yes`.",
    "unbalanced": "See `grandlivre reconciliation DOSSIER`; the detail names accounts and amounts.",
    "unreconciled": "See `grandlivre reconciliation DOSSIER --differences`.",
    "changed_behind": "See `grandlivre changes DOSSIER`, and ask who booked there.",
    "doubtfully_mapped": "See `grandlivre mapping DOSSIER`, and give codes with `grandlivre map`.",
}


class Doubt(NamedTuple):
    """A check of a dossier that is not proven; ``state`` is ``failed``, ``warning`` or ``no evidence``."""

    dossier_id: str
    check: str
    state: str
    detail: str


def health_checks(row: Package) -> dg.AssetChecksDefinition:
    """The checks of one package."""
    key = ledger_key(row.slug)

    def health(context: dg.AssetCheckExecutionContext) -> Iterable[dg.AssetCheckResult]:
        resource: PackageResource = getattr(context.resources, row.slug)
        with resource.open_house() as house:
            found = {
                "failed_now": failed_now(house, row.slug),
                "stale": stale(house, row.slug),
                **figures(doubts := reconciliation(house, row.slug)),
                "unlinked": unlinked(house, context.instance, row.slug),
                **({"agent_offline": agent_offline(house, row.slug)} if row.takes_agent else {}),
            }
        unproven = without_evidence(doubts)
        for name, dossiers in found.items():
            yield verdict(key, name, dossiers, unproven if name == "unreconciled" else 0)

    checks = {**_CHECKS, **(_OF_SERVICES if row.takes_agent else {})}
    return dg.multi_asset_check(
        name=f"{row.slug}_health",
        specs=[dg.AssetCheckSpec(name, asset=key, description=text) for name, text in checks.items()],
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


def agent_offline(house: House, software: str) -> dict[str, str]:
    """Dossiers of a package whose on-premise service is not heard of, with since when."""
    found = {}
    for connection in house.registry.connections(software=software):
        health, detail = house.standing(connection)
        if health == AgentOffline.kind:
            links = house.registry.links(connection_id=connection.id)
            found |= {link.dossier_id: detail or health for link in links}
    return found


def reconciliation(house: House, software: str) -> list[Doubt]:
    """The checks of a package's standing figures that are not proven, in order."""
    if not house.warehouse.readable:
        return []
    with house.warehouse.reader() as db:
        rows = db.execute(
            "SELECT dossier_id, check_name, state, detail FROM ledger.reconciliation "
            "WHERE software = ? AND state <> 'proven' ORDER BY dossier_id, check_name",
            [software],
        ).fetchall()
    return [Doubt(*row) for row in rows]


def figures(doubts: Iterable[Doubt]) -> dict[str, dict[str, str]]:
    """Per inventory of :data:`OF_FIGURES` the dossiers whose figures fail one of its checks, with the details."""
    found: dict[str, dict[str, str]] = {name: {} for name in OF_FIGURES}
    inventory = {check: name for name, checks in OF_FIGURES.items() for check in checks}
    for doubt in doubts:
        if doubt.state != "no evidence" and doubt.check in inventory:
            dossiers = found[inventory[doubt.check]]
            told = f"{doubt.check}: {doubt.detail}"
            dossiers[doubt.dossier_id] = "; ".join(filter(None, (dossiers.get(doubt.dossier_id), told)))
    return found


def without_evidence(doubts: Iterable[Doubt]) -> int:
    """How many dossiers stand without a balance of the package's own to compare with."""
    return sum((doubt.check, doubt.state) == ("equals_package", "no evidence") for doubt in doubts)


def unlinked(house: House, instance: dg.DagsterInstance, software: str) -> dict[str, str]:
    """Partitions of a package without a link that wait for a person, with the reason."""
    found = removals_of(house.registry, instance, software)
    return dict.fromkeys(found.held, found.why)


def all_health_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of every package that can be linked today."""
    return [health_checks(row) for row in available_packages()]
