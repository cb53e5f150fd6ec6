"""Packages whose interface is not public, or only in part: told by a resource map, which is data (see :mod:`.maps`).

Their dossiers may be read from files besides: where a connection has the setting ``root``, the drop folder is opened
in place of the interface. Both land the same tables, so that either may follow the other.
"""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Declared, oauth_app

__all__ = ["Declared", "NORMALIZED_IN", "oauth_app", "open_connector"]

NORMALIZED_IN = ("connectors.drop_folder",)
"""Where the normalize.sql is that reads what is landed."""


def open_connector(access: Access) -> Connector:
    """The drop folder where the connection has a ``root``; otherwise a connector that calls the package, and touches
    the network only when it is asked something."""
    if not access.settings.get("root"):
        return Declared(access)
    from connectors.drop_folder.client import DropFolder  # late: whoever calls an interface reads no files

    return DropFolder(access)
