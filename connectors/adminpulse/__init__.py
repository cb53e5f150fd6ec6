"""AdminPulse: practice management of an accounting office; its client list is read."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import AdminPulse
from .signing import oauth_app

__all__ = ["AdminPulse", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the key or the consent in ``access``; it calls nobody before it is asked something."""
    return AdminPulse(access)
