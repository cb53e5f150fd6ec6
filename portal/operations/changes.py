"""What moved between two syncs of a dossier: balances, lines, and the clients of a client list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from foundation.errors import WrongInput
from portal.operations.figures import query
from warehouse.contract import Reader

_ALL = 1 << 60


def syncs_that_changed(db: Reader, dossier: str, *, clients: bool = False) -> list[dict[str, Any]]:
    """The syncs that saw something move, oldest first: sync_id, seen_at (UTC)."""
    rows = query(db, _SYNCS_OF_CLIENTS if clients else _SYNCS, {"dossier": dossier})
    return [row | {"seen_at": row["seen_at"].replace(tzinfo=UTC)} for row in rows]


def wanted_syncs(seen: Sequence[Mapping[str, Any]], asked: str) -> list[str]:
    """The ids of the syncs to tell of: the latest of ``seen``, with ``all`` all of them, or the one that is named.

    Raises WrongInput for one that saw nothing move, or is another dossier's.
    """
    ids = [str(each["sync_id"]) for each in seen]
    if not asked:
        return ids[-1:]
    if asked == "all":
        return ids
    if asked not in ids:
        raise WrongInput(f"no sync {asked!r} saw anything move", next_step="Choose one that did, or all.")
    return [asked]


def counts(db: Reader, dossier: str, syncs: Sequence[str]) -> dict[str, int]:
    """How much these syncs saw move: balances (of accounts and years), closed (those of closed years), and lines added,
    changed and deleted."""
    wanted = {"dossier": dossier, "syncs": list(syncs)}
    return query(db, _COUNTS, wanted)[0] | query(db, _COUNTED_BALANCES, wanted)[0]


def per_sync(db: Reader, dossier: str, syncs: Sequence[str], *, clients: bool = False) -> dict[str, int]:
    """How many balances and lines (or fields of clients) each of these syncs saw move; those that saw none
    are left out."""
    rows = query(db, _PER_CLIENTS if clients else _PER_SYNC, {"dossier": dossier, "syncs": list(syncs)})
    return {row["sync_id"]: row["moved"] for row in rows}


def moved(
    db: Reader,
    dossier: str,
    syncs: Sequence[str],
    *,
    balances: bool = True,
    lines: bool = False,
    limit: int = _ALL,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """What these syncs saw move, the latest sync first, in it closed years, then balances before lines.

    ``old``, ``new`` and ``difference`` are DECIMAL, debit positive; ``old`` of a line is None where it was not there,
    ``new`` where it is gone. ``seen_at`` is UTC. Balances are before closing entries.
    """
    wanted = {"dossier": dossier, "syncs": list(syncs), "balances": balances, "lines": lines}
    rows = query(db, _MOVED, {**wanted, "limit": limit, "offset": offset})
    return [row | {"seen_at": row["seen_at"].replace(tzinfo=UTC)} for row in rows]


def tombstones(db: Reader, dossier: str, *, limit: int = _ALL, offset: int = 0) -> list[dict[str, Any]]:
    """Lines that the package once told and no longer does, the latest seen first: fiscal_year, year_closed, date,
    journal, document, account, description, amount (DECIMAL, debit positive), line (its key), seen_at (UTC), sync_id
    (which saw it gone)."""
    rows = query(db, _TOMBSTONES, {"dossier": dossier, "limit": limit, "offset": offset})
    return [row | {"seen_at": row["seen_at"].replace(tzinfo=UTC)} for row in rows]


def moved_clients(
    db: Reader, list_id: str, syncs: Sequence[str], *, limit: int = _ALL, offset: int = 0
) -> list[dict[str, Any]]:
    """What these syncs saw change in a client list, the latest sync first: a row per client and field, with texts
    ``old`` and ``new``; ``field`` is None for a client that was added. ``seen_at`` is UTC."""
    wanted = {"dossier": list_id, "syncs": list(syncs), "limit": limit, "offset": offset}
    return [row | {"seen_at": row["seen_at"].replace(tzinfo=UTC)} for row in query(db, _MOVED_CLIENTS, wanted)]


def clients_listed(db: Reader, list_id: str) -> dict[str, int]:
    """How the clients of a list stand: active, inactive, removed, and tied (to a dossier of the firm)."""
    return query(db, _CLIENTS, {"dossier": list_id})[0]


# A sync's id begins with its moment: ids of one dossier sort as its syncs followed one another.
_SYNCS = """
SELECT sync_id, min(seen_at) AS seen_at
FROM (
    SELECT sync_id, seen_at FROM ledger.balance_changes WHERE dossier_id = $dossier
    UNION ALL
    SELECT sync_id, seen_at FROM ledger.line_changes WHERE dossier_id = $dossier
) s
GROUP BY sync_id ORDER BY sync_id
"""
_SYNCS_OF_CLIENTS = """
SELECT sync_id, min(seen_at) AS seen_at FROM ledger.client_changes WHERE list_id = $dossier
GROUP BY sync_id ORDER BY sync_id
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE change = 'added') AS added, count(*) FILTER (WHERE change = 'changed') AS changed,
    count(*) FILTER (WHERE change = 'deleted') AS deleted
FROM ledger.line_changes WHERE dossier_id = $dossier AND sync_id = ANY($syncs)
"""
_COUNTED_BALANCES = """
SELECT count(*) AS balances, count(*) FILTER (WHERE year_closed) AS closed
FROM ledger.balance_changes WHERE dossier_id = $dossier AND sync_id = ANY($syncs)
"""
_PER_SYNC = """
SELECT sync_id, count(*) AS moved
FROM (
    SELECT sync_id FROM ledger.balance_changes WHERE dossier_id = $dossier AND sync_id = ANY($syncs)
    UNION ALL
    SELECT sync_id FROM ledger.line_changes WHERE dossier_id = $dossier AND sync_id = ANY($syncs)
) s
GROUP BY sync_id
"""
_PER_CLIENTS = """
SELECT sync_id, count(*) AS moved FROM ledger.client_changes WHERE list_id = $dossier AND sync_id = ANY($syncs)
GROUP BY sync_id
"""
# Lines are compared only where the package told otherwise. A changed line that left its account, day or year is told
# where it left and where it went, so that the differences of an account's lines make the difference of its balance.
_MOVED = """
WITH balances AS (
    SELECT * FROM ledger.balance_changes WHERE $balances AND dossier_id = $dossier AND sync_id = ANY($syncs)
), changed AS (
    SELECT c.*, change = 'changed' AND (new_account, new_date, new_fiscal_year)
        IS DISTINCT FROM (c.account, c.date, c.fiscal_year) AS elsewhere
    FROM ledger.line_changes c
    WHERE $lines AND dossier_id = $dossier AND sync_id = ANY($syncs)
), told AS (
    SELECT 0 AS place, seen_at, sync_id, cause, 'closing balance' AS what, fiscal_year, year_closed, account,
        old_closing AS old, new_closing AS new, NULL::VARCHAR AS line, NULL::DATE AS date, NULL::VARCHAR AS document,
        NULL::VARCHAR AS description
    FROM balances WHERE old_closing <> new_closing
    UNION ALL
    SELECT 0, seen_at, sync_id, cause, 'opening balance', fiscal_year, year_closed, account, old_opening, new_opening,
        NULL, NULL, NULL, NULL
    FROM balances WHERE old_opening <> new_opening
    UNION ALL
    SELECT 1, seen_at, sync_id, 'package', 'line ' || change, fiscal_year, year_closed, account, old_amount,
        CASE WHEN NOT elsewhere THEN new_amount END, line_key, date, document, description
    FROM changed
    UNION ALL
    SELECT 1, c.seen_at, c.sync_id, 'package', 'line changed', c.new_fiscal_year,
        CASE WHEN c.new_fiscal_year = c.fiscal_year THEN c.year_closed ELSE coalesce(y.closed, false) END,
        c.new_account, NULL, c.new_amount, c.line_key, c.new_date, c.document, c.description
    FROM changed c
    LEFT JOIN ledger.fiscal_years y ON y.dossier_id = c.dossier_id AND y.label = c.new_fiscal_year
    WHERE c.elsewhere
)
SELECT seen_at, sync_id, cause, what, fiscal_year, year_closed, account, old, new,
    (coalesce(new, 0) - coalesce(old, 0))::DECIMAL(20,4) AS difference, line, date, document, description
FROM told
ORDER BY sync_id DESC, year_closed DESC, place, fiscal_year, account, what, line, old NULLS LAST
LIMIT $limit OFFSET $offset
"""
_TOMBSTONES = """
SELECT fiscal_year, year_closed, date, journal, document, account, description, amount, line_key AS line, seen_at,
    sync_id
FROM ledger.deleted_lines WHERE dossier_id = $dossier
ORDER BY seen_at DESC, year_closed DESC, date, line_key
LIMIT $limit OFFSET $offset
"""
_MOVED_CLIENTS = """
SELECT m.seen_at, m.sync_id, m.cause, m.change, c.code AS client_code, c.name AS client, m.field, m.old_value AS old,
    m.new_value AS new, m.client_id
FROM ledger.client_changes m
LEFT JOIN ledger.clients c ON c.client_id = m.client_id
WHERE m.list_id = $dossier AND m.sync_id = ANY($syncs)
ORDER BY m.sync_id DESC, client_code, m.client_id, m.change, m.field
LIMIT $limit OFFSET $offset
"""
_CLIENTS = """
SELECT count(*) FILTER (WHERE status = 'active') AS active, count(*) FILTER (WHERE status = 'inactive') AS inactive,
    count(*) FILTER (WHERE status = 'removed') AS removed,
    (SELECT count(DISTINCT client_id) FROM ledger.client_dossiers
        WHERE list_id = $dossier AND tied_by IN ('code', 'enterprise_number')) AS tied
FROM ledger.clients WHERE list_id = $dossier
"""
