"""A Dagster resource per package, derived from the catalog: what a package's asset extracts with.

``exact_online_be`` gets an ``ExactOnlineBeResource``, and so on. The resource knows where the installation is, how many
dossiers of its package may be read at once, and opens the house for the asset.
"""

from typing import Any

from pydantic import Field

from connectors.catalog import available_packages
from connectors.package import Package
from resources.warehouse import WarehouseResource


class PackageResource(WarehouseResource):
    """Extracts dossiers of one package. Subclasses carry the package's slug in ``software``."""

    software: str = Field(description="The package's slug in the catalog.")
    dossiers_at_once: int = Field(default=4, description="Dossiers of one run that are read at the same time.")


def resource_class(row: Package) -> type[PackageResource]:
    """The resource class of one package, ``<Slug in camel case>Resource``."""
    name = "".join(part.capitalize() for part in row.slug.split("_")) + "Resource"
    namespace: dict[str, Any] = {
        "__doc__": f"Extracts {row.name} dossiers ({row.transport}).",
        "__module__": __name__,
        "__annotations__": {"software": str},
        "software": Field(default=row.slug, description="The package's slug in the catalog."),
    }
    return type(name, (PackageResource,), namespace)


def package_resources() -> dict[str, PackageResource]:
    """A resource per package that can be linked today, keyed by slug."""
    return {row.slug: resource_class(row)(software=row.slug) for row in available_packages()}
