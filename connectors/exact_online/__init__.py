"""Exact Online in Belgium, the Netherlands and France: one interface at three addresses."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import ExactOnline, oauth_app

__all__ = ["ExactOnline", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the consent in ``access``; the network is touched only when it is asked something."""
    return ExactOnline(access)
