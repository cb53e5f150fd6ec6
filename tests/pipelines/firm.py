"""A firm with dossiers of one package, and what a Dagster instance tells about them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.ledgers import ledger_asset, ledger_key
from assets.partitions import add_missing, dossiers_of, range_tags
from connectors.catalog import package
from resources.house import House
from resources.packages import PackageResource, resource_class
from resources.warehouse import WarehouseResource
from tests.contract.dossier import Linked
from tests.drop_folder.folders import LINES, YEARS
from tests.installation import installed

ROW = package("verocount")
KEY = ledger_key("verocount")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Firm:
    """A house with three dossiers of one package, and a Dagster instance beside it."""

    def __init__(self, dossier: Linked, folder: Path, instance: dg.DagsterInstance) -> None:
        self.dossier, self.instance = dossier, instance
        self.house: House = dossier.house
        self.root = Path(dossier.sandbox.settings["root"])
        self.connection_id = self.house.registry.link(dossier.dossier_id).connection_id
        self.ids = [dossier.dossier_id]
        for name in ("second", "third"):
            shutil.copytree(self.root / dossier.sandbox.external_id, self.root / name)
            link = self.house.registry.add_link(self.connection_id, name, code=name, name=name, dossier_id=name)
            self.ids.append(link.dossier_id)

    @property
    def resource(self) -> PackageResource:
        return resource_class(ROW)(software=ROW.slug, home=str(self.house.home.root), dossiers_at_once=2)

    @property
    def warehouse(self) -> WarehouseResource:
        return WarehouseResource(home=str(self.house.home.root))

    def materialize(self, first: str, last: str | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        add_missing(self.instance, ROW.slug, self.ids)
        return dg.materialize(
            [ledger_asset(ROW)],
            instance=self.instance,
            resources={ROW.slug: self.resource},
            partition_key=first if last is None else None,
            tags={**tags, **(range_tags(first, last) if last else {})},
            raise_on_error=False,
        )

    def materialized(self) -> dict[str, dict[str, Any]]:
        """Metadata of the latest materialization of each partition."""
        return materialized(self.instance)

    def observed(self) -> dict[str, dict[str, Any]]:
        """Metadata of the latest observation of each partition."""
        records = self.instance.fetch_observations(KEY, limit=1000, ascending=True).records
        return {str(r.asset_observation.partition): _plain(r.asset_observation) for r in records}  # type: ignore[union-attr]

    def statuses(self) -> dict[str, str]:
        return statuses(self.instance, self.ids)


def materialized(instance: dg.DagsterInstance) -> dict[str, dict[str, Any]]:
    """Metadata of the latest materialization of each partition."""
    records = instance.fetch_materializations(KEY, limit=1000, ascending=True).records
    return {str(r.asset_materialization.partition): _plain(r.asset_materialization) for r in records}  # type: ignore[union-attr]


def statuses(instance: dg.DagsterInstance, ids: Sequence[str]) -> dict[str, str]:
    """What the partitions page shows."""
    by_key = instance.get_status_by_partition(KEY, ids, dossiers_of(ROW.slug)) or {}
    return {key: status.value if status else "MISSING" for key, status in by_key.items()}


def small_house(folder: Path, names: Sequence[str]) -> House:
    """A house with tiny dossiers of these names, kept in a drop folder, that wait for nothing but the night."""
    for name in names:
        (folder / "drop" / name).mkdir(parents=True)
        (folder / "drop" / name / "lines_2024.csv").write_text(LINES)
        (folder / "drop" / name / "fiscal_years.csv").write_text(YEARS)
    house = House.open(installed(folder / "home"))
    settings = ROW.complete_settings({"root": str(folder / "drop")})
    connection = house.registry.add_connection(ROW.slug, "Vandamme", settings=settings)
    for name in names:
        house.registry.add_link(connection.id, name, code=name, name=name, dossier_id=name, wanted_first_sync=False)
    return house


def _plain(event: Any) -> dict[str, Any]:
    return {name: value.value for name, value in event.metadata.items()}
