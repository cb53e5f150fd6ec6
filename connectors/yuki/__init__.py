"""Yuki in Belgium and the Netherlands: one SOAP interface at two addresses."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Yuki

__all__ = ["Yuki", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the access key in ``access``; the network is touched only when it is asked something."""
    return Yuki(access)
