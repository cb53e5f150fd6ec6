"""Sage BOB 50: dossiers as folders of Advantage tables, or as databases of a Firebird server.

Opened with :func:`open_connector`.
"""

from __future__ import annotations

from connectors.contract import Access
from connectors.sage_bob.client import SageBob, open_room


def open_connector(access: Access) -> SageBob:
    """The room of Sage BOB. Settings: ``root``, or ``firebird_server`` with ``username``, the secret ``password`` and
    either ``root`` or ``firebird_databases``; ``language``, ``currency``, ``country``, ``temporary``."""
    return open_room(access)
