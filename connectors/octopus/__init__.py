"""Octopus, the Belgian package for accounting offices: one login, many dossiers, a token for each."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Octopus

__all__ = ["Octopus", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the login in ``access``; the network is touched only when it is asked something."""
    return Octopus(access)
