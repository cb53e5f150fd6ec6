"""QuickBooks Online: one company per consent, read by its general ledger report."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import QuickBooks, oauth_app

__all__ = ["QuickBooks", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the consent in ``access``; the network is touched only when it is asked something."""
    return QuickBooks(access)
