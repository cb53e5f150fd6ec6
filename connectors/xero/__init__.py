"""Xero, with its journals or with its trial balances alone: one interface, one consent per person who signs in."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Xero, oauth_app

__all__ = ["Xero", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the consent in ``access``; the network is touched only when it is asked something."""
    return Xero(access)
