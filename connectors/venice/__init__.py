"""Venice, the Belgian package of C-Logic (Exact): read through its WebConnect gateway, or from files that were dumped
on its Windows server."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Venice, route_of
from .dumped import VeniceFolders

__all__ = ["NORMALIZED_IN", "Venice", "VeniceFolders", "open_connector"]

NORMALIZED_IN = ("connectors.venice", "connectors.drop_folder")
"""Where the normalize.sql is that reads what is landed: that of the gateway, and that of dumped files."""


def open_connector(access: Access) -> Connector:
    """A connector for the gateway or the folder in ``access``; it calls nobody before it is asked something."""
    return route_of(access)
