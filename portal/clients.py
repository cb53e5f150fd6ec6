"""What changed in a client list: the part of the command ``changes`` for administrative packages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from portal.mapping import query
from warehouse.contract import Reader

SYNCS_OF_CLIENTS = """
SELECT sync_id, min(seen_at) AS seen_at FROM ledger.client_changes WHERE list_id = $dossier
GROUP BY sync_id ORDER BY sync_id
"""
_MOVED = """
SELECT m.seen_at, m.sync_id, m.cause, m.change, c.code AS client_code, c.name AS client, m.field, m.old_value AS old,
    m.new_value AS new, m.client_id
FROM ledger.client_changes m
LEFT JOIN ledger.clients c ON c.client_id = m.client_id
WHERE m.list_id = $dossier AND m.sync_id = ANY($syncs)
ORDER BY m.sync_id DESC, client_code, m.client_id, m.change, m.field
"""


def moved_clients(db: Reader, list_id: str, syncs: Sequence[str]) -> list[dict[str, Any]]:
    """What these syncs saw change in a client list, the latest sync first: a row per client and field, with texts
    ``old`` and ``new``; ``field`` is None for a client that was added. ``seen_at`` is UTC."""
    rows = query(db, _MOVED, {"dossier": list_id, "syncs": list(syncs)})
    return [row | {"seen_at": row["seen_at"].replace(tzinfo=UTC)} for row in rows]
