"""A package's room, opened for what it knows of its tables: nothing of the package itself is read."""

from __future__ import annotations

from pathlib import Path

from connectors.contract import Access, Connector, Resource
from connectors.package import Package
from foundation.secrets import Secret

_ELSEWHERE = "elsewhere"  # what a room must be given to be opened lies in the service's configuration


def room_of(row: Package, work: Path | None = None) -> Connector:
    """The connector of a package whose dossiers another machine reads: for its resources and its ``normalize``."""
    settings = {each.name: each.default or _ELSEWHERE for each in row.settings if each.default or each.unless}
    secrets = {each.name: Secret(_ELSEWHERE) for each in row.secrets if each.required or each.unless}
    return row.load_room().open_connector(Access(row.slug, settings, secrets, scratch=work))


def resources_of(row: Package) -> dict[str, Resource]:
    """The tables that are landed of a package, by name."""
    room = room_of(row)
    try:
        return {resource.name: resource for resource in room.resources}
    finally:
        room.close()
