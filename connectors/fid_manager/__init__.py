"""Fid-Manager: practice management of Belgian fiduciaries; its client list is read, from its partner interface or a
file. Its interface is not public: see inferred.py."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import FidManager

__all__ = ["FidManager", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the keys or the folder in ``access``; it calls nobody before it is asked something."""
    return FidManager(access)
