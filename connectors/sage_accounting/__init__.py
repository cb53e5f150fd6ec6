"""Sage Business Cloud Accounting: one consent of a firm's user, and every business that this user sees."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import SageAccounting, oauth_app

__all__ = ["SageAccounting", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the consent in ``access``; the network is touched only when it is asked something."""
    return SageAccounting(access)
