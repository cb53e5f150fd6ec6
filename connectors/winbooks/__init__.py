"""WinBooks Classic: dossiers as folders of DBF files on a server. Opened with :func:`open_connector`."""

from __future__ import annotations

from connectors.contract import Access
from connectors.winbooks.client import WinBooks


def open_connector(access: Access) -> WinBooks:
    """The room of WinBooks. Settings: ``root``, ``language``, ``path_map``, ``simulations``; no secrets."""
    return WinBooks(access)
