"""AFAS Profit: the GetConnectors of an environment, whose administrations are the dossiers."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Afas

__all__ = ["Afas", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the token in ``access``; the network is touched only when it is asked something."""
    return Afas(access)
