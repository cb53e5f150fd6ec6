"""e-conomic: one agreement per pair of tokens, read through the vendor's REST interface."""

from __future__ import annotations

from connectors.contract import Access, Connector

from .client import Economic

__all__ = ["Economic", "open_connector"]


def open_connector(access: Access) -> Connector:
    """A connector for the tokens in ``access``; the network is touched only when it is asked something."""
    return Economic(access)
