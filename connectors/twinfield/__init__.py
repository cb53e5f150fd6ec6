"""Twinfield: one consent opens the offices of a firm."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Twinfield
from .sign_in import oauth_app

__all__ = ["Twinfield", "oauth_app", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the consent in ``access``; the network is touched only when it is asked something."""
    return Twinfield(access)
