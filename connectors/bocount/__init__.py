"""BoCount: Microsoft Dynamics 365 Business Central with the Belgian accounting layer."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import BoCount
from .signing import oauth_app

__all__ = ["BoCount", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the app or the consent in ``access``; it calls nobody before it is asked something."""
    return BoCount(access)
