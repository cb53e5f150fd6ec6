"""What stands in the warehouse for a dossier before a sync: the state to resume from and the history to keep."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from warehouse.remembered import MONEY

if TYPE_CHECKING:
    from warehouse.contract import Reader


@dataclass(frozen=True)
class Standing:
    """The last good load of a dossier. Without one, ``sync_id`` is None and everything else empty.

    ``mode`` is how its link was synced, ``snapshot_id`` names the landed snapshot that it was made from, ``cursor``
    where the package's change feed stood then, ``calendar`` a fingerprint of people's corrections in force (to years
    and to mapping), ``as_of`` when the package told it (UTC), ``lines`` how many lines (in totals mode: balances)
    stand in the window that a sync replaces, ``difference`` how far they were from the package's own balances (None: no
    evidence). ``kept`` holds what a sync from a date leaves alone: Arrow tables ``years``, ``movements`` (per year,
    period, kind and account), ``accounts``.
    """

    sync_id: str | None = None
    link_id: str | None = None
    mode: str = ""
    snapshot_id: str | None = None
    cursor: dict[str, Any] | None = None
    calendar: str = ""
    rules_version: str = ""
    as_of: datetime | None = None
    lines: int = 0
    difference: Decimal | None = None
    kept: dict[str, pa.Table] = field(default_factory=dict)


def _columns(text: str = "", dates: str = "", flags: str = "") -> list[tuple[str, pa.DataType]]:
    kinds = ((text, pa.string()), (dates, pa.date32()), (flags, pa.bool_()))
    return [(name, kind) for names, kind in kinds for name in names.split()]


KEPT: dict[str, pa.Schema] = {
    "years": pa.schema(_columns("label source", "start_date end_date package_start_date package_end_date", "closed")),
    "movements": pa.schema(
        [
            *_columns("fiscal_year period_kind account", "start_date date"),
            ("period", pa.int32()),
            ("debit", MONEY),
            ("credit", MONEY),
        ]
    ),
    "accounts": pa.schema(
        _columns("number name type common_code mapping_rule package_type currency statement", flags="active stub")
    ),
}
"""The tables of ``Standing.kept``."""

_QUERIES = {
    "years": "SELECT label, source, start_date, end_date, package_start_date, package_end_date, closed "
    "FROM ledger.fiscal_years WHERE dossier_id = $dossier AND start_date < $before",
    "movements": "SELECT l.fiscal_year, l.period_kind, l.account, y.start_date, min(l.date) AS date, l.period, "
    "sum(l.debit)::DECIMAL(20,4) AS debit, sum(l.credit)::DECIMAL(20,4) AS credit "
    "FROM ledger.journal_lines l JOIN ledger.fiscal_years y ON y.dossier_id = l.dossier_id "
    "AND y.label = l.fiscal_year WHERE l.dossier_id = $dossier AND y.start_date < $before "
    "GROUP BY l.fiscal_year, l.period, l.period_kind, l.account, y.start_date",
    "accounts": "SELECT number, name, type, common_code, mapping_rule, package_type, currency, statement, active, stub "
    "FROM ledger.accounts WHERE dossier_id = $dossier",
}


_TEXTS = (
    "firm_id client_id code name commercial_name legal_form enterprise_number vat_number address_line_1 address_line_2 "
    "postcode city country email phone language fiscal_year_end responsible status software external_id list_id "
    "connection_id client_type client_group office dossier_code officers shareholders extra"
)
CLIENTS = pa.schema([*_columns(_TEXTS), ("removed_at", pa.timestamp("us"))])
"""The columns of ``ledger.clients``."""


def client_rows() -> pa.Table:
    """The rows of a list that was never loaded."""
    return CLIENTS.empty_table()


def read_clients(db: Reader, list_id: str) -> pa.Table:
    """The rows of ``ledger.clients`` that stand for a client list."""
    rows = db.arrow(f"SELECT {', '.join(CLIENTS.names)} FROM ledger.clients WHERE list_id = ?", [list_id])
    return rows.read_all().cast(CLIENTS)


def read_standing(db: Reader, dossier_id: str, keep_before: date | None) -> Standing:
    """Reads the standing of a dossier; with ``keep_before`` also the years that start before that date."""
    found = db.execute(
        "SELECT last_synced_at, sync_id, link_id, sync_mode, snapshot_id, cursor, calendar, rules_version "
        "FROM ledger.dossiers WHERE dossier_id = ?",
        [dossier_id],
    ).fetchall()
    if not found:
        return Standing()
    as_of, sync_id, link_id, mode, snapshot_id, cursor, calendar, rules_version = found[0]
    counted = db.execute(
        "SELECT count(*) FROM ledger.trial_balances WHERE dossier_id = $dossier AND $before::DATE IS NULL"
        if mode == "totals"
        else "SELECT count(*) FROM ledger.journal_lines l "
        "LEFT JOIN ledger.fiscal_years y ON y.dossier_id = l.dossier_id AND y.label = l.fiscal_year "
        "WHERE l.dossier_id = $dossier "
        "AND ($before::DATE IS NULL OR y.start_date IS NULL OR y.start_date >= $before::DATE)",
        {"dossier": dossier_id, "before": keep_before},
    ).fetchall()
    proven = db.execute(
        "SELECT value FROM ledger.check_results WHERE dossier_id = ? AND sync_id = ? AND check_name = 'equals_package'",
        [dossier_id, sync_id],
    ).fetchall()
    kept = {}
    if keep_before is not None:
        parameters = {"dossier": dossier_id, "before": keep_before}
        for name, query in _QUERIES.items():
            wanted = {key: value for key, value in parameters.items() if f"${key}" in query}
            kept[name] = db.arrow(query, wanted).read_all().cast(KEPT[name])
    return Standing(
        sync_id=sync_id,
        link_id=link_id,
        mode=mode,
        snapshot_id=snapshot_id,
        cursor=json.loads(cursor) if cursor else None,
        calendar=calendar or "",
        rules_version=rules_version or "",
        as_of=as_of.replace(tzinfo=UTC),
        lines=counted[0][0],
        difference=proven[0][0] if proven else None,
        kept=kept,
    )
