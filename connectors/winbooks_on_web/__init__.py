"""WinBooks on Web, the Belgian package in the cloud: one token of a licence, and folders that people name by code."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import WinBooksOnWeb

__all__ = ["WinBooksOnWeb", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the licence in ``access``; the network is touched only when it is asked something."""
    return WinBooksOnWeb(access)
