"""Odoo, versions 14 to 19, in the cloud or on the firm's own server: a database of companies, each a dossier."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Odoo

__all__ = ["Odoo", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the user in ``access``; the network is touched only when it is asked something."""
    return Odoo(access)
