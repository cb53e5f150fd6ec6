"""Sage BOB 50: dossiers as folders of Advantage tables on a server. Opened with :func:`open_connector`."""

from __future__ import annotations

from connectors.contract import Access
from connectors.sage_bob.client import SageBob


def open_connector(access: Access) -> SageBob:
    """The room of Sage BOB. Settings: ``root``, ``language``, ``currency``, ``temporary``; no secrets."""
    return SageBob(access)
