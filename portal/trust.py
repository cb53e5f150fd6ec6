"""Commands about trust: reconciliation (are the figures complete, and why), changes (what moved between syncs)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Annotated, Any

import typer

from connectors.catalog import package
from foundation.errors import WrongInput
from portal.clients import SYNCS_OF_CLIENTS, moved_clients
from portal.connecting import JsonFlag
from portal.linking import parse_date
from portal.mapping import DossierArgument, figures_of, query
from portal.output import out, show, tell
from resources.house import House
from warehouse.contract import Reader


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    app.command()(reconciliation)
    app.command()(changes)


def reconciliation(
    dossier: DossierArgument,
    differences: Annotated[
        bool, typer.Option("--differences", help="Only where the package's balances and ours differ, and why.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Shows the checks of the figures that stand: proven, failed, warning, or no evidence from the package."""
    house = House.open()
    house.registry.link(dossier)
    with figures_of(house, dossier) as db:
        checks = query(db, _CHECKS, {"dossier": dossier})
        differing = query(db, _DIFFERENCES, {"dossier": dossier})
        facts = query(db, _FACTS, {"dossier": dossier})[0]
    tell(summary(facts, checks) + _since_then(house, dossier))
    if differences:
        show(differing, json=json, empty="No balance differs from the package's own.")
        return
    show(checks, json=json)
    if differing and not json:
        out.print("\nWhere the package's own balances and ours differ:")
        show(differing, json=False)


def summary(facts: Mapping[str, Any], checks: Sequence[Mapping[str, Any]]) -> str:
    """One line: how old the figures are, where they come from, and how far they prove themselves."""
    states = Counter(check["state"] for check in checks)
    mode = {"totals": "totals, without lines", "from_date": f"from {facts['transfer_date']}"}
    failed = f"{states['failed']} failed, " if states["failed"] else ""
    warnings = f"{states['warning']} warning{'' if states['warning'] == 1 else 's'}"
    return (
        f"Figures as of {facts['last_synced_at']:%Y-%m-%d %H:%M} UTC, {facts['software']}, "
        f"{mode.get(facts['sync_mode'], facts['sync_mode'])}: {failed}{states['proven']} checks proven, "
        f"{states['no evidence']} without evidence, {warnings}."
    )


def _since_then(house: House, dossier: str) -> str:
    """Word of a later sync that could not renew the figures, so that nobody takes old ones for fresh."""
    last = house.registry.last_run(dossier)
    if last is None or last.status not in ("failed", "parked"):
        return ""
    return (
        f" The sync of {last.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC {last.status}: these stand from before it."
    )


_FACTS = "SELECT software, sync_mode, transfer_date, last_synced_at FROM ledger.dossiers WHERE dossier_id = $dossier"

_CHECKS = """
SELECT check_name, state, value, detail FROM ledger.reconciliation WHERE dossier_id = $dossier
ORDER BY CASE state WHEN 'failed' THEN 0 WHEN 'warning' THEN 1 WHEN 'no evidence' THEN 2 ELSE 3 END, check_name
"""

_DIFFERENCES = """
SELECT fiscal_year, period, account, what, package, computed, difference, cause
FROM ledger.balance_differences WHERE dossier_id = $dossier
ORDER BY cause DESC, fiscal_year, period NULLS FIRST, account, what
"""


def changes(
    dossier: DossierArgument,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="All that was seen from this date on (YYYY-MM-DD, UTC), or after this sync."),
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Also each line added, changed or deleted.")] = False,
    json: JsonFlag = False,
) -> None:
    """Shows what moved between two syncs: balances per year and account, old and new; closed years come first.

    Without --since, what the last sync that changed anything brought. A line that went to another account, day or year
    is told twice: where it left, and where it went. Of a client list, each field that changed, old and new.
    """
    house = House.open()
    of_clients = package(house.registry.link(dossier).software).kind == "administrative"
    first_day, sync = parse_since(house, dossier, since)
    with figures_of(house, dossier) as db:
        seen = query(db, SYNCS_OF_CLIENTS if of_clients else _SYNCS, {"dossier": dossier})
        if sync is not None:
            wanted = [row["sync_id"] for row in seen if row["sync_id"] > sync]
        elif first_day is not None:
            wanted = [row["sync_id"] for row in seen if row["seen_at"].date() >= first_day]
        else:
            wanted = [row["sync_id"] for row in seen[-1:]]
        if of_clients:
            show(moved_clients(db, dossier, wanted), json=json, empty="No client changed.")
            return
        rows = moved(db, dossier, wanted, lines=lines)
        counted = query(db, _COUNTS, {"dossier": dossier, "syncs": wanted})[0]
    if not lines:
        tell("Lines: {added} added, {changed} changed, {deleted} deleted; see them with --lines.".format(**counted))
    if any(row["cause"] != "package" for row in rows):
        tell("Lines are compared between two looks at one package, not where a correction or a move changed figures.")
    nothing = f"Nothing changed since {since}." if since else "Nothing changed between two syncs."
    show(rows, json=json, empty="No balance changed." if wanted else nothing)


def moved(db: Reader, dossier: str, syncs: Sequence[str], *, lines: bool = False) -> list[dict[str, Any]]:
    """What these syncs saw move, the latest sync first, in it closed years, then balances before lines.

    ``old``, ``new`` and ``difference`` are DECIMAL, debit positive; ``old`` of a line is None where it was not there,
    ``new`` where it is gone. ``seen_at`` is UTC. Balances are before closing entries.
    """
    rows = query(db, _MOVED, {"dossier": dossier, "syncs": list(syncs), "lines": lines})
    return [row | {"seen_at": row["seen_at"].replace(tzinfo=UTC)} for row in rows]


def parse_since(house: House, dossier: str, typed: str | None) -> tuple[date | None, str | None]:
    """A first day or a sync id, whichever was typed; neither for None.

    Raises a usage error for an impossible date, WrongInput for what is no sync of the dossier.
    """
    if typed is None:
        return None, None
    if re.fullmatch(r"\d{1,4}-\d{1,2}-\d{1,2}", typed):
        return parse_date(typed, "--since"), None
    run = house.registry.run(typed)
    if run is not None and run.dossier_id == dossier:
        return None, typed
    latest = ", ".join(run.sync_id for run in house.registry.runs(dossier, limit=3))
    raise WrongInput(
        f"{typed!r} is no sync of dossier {dossier}",
        next_step=f"Give a date such as 2026-01-31, or a sync's id; the latest are: {latest or 'none'}.",
    )


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

_COUNTS = """
SELECT count(*) FILTER (WHERE change = 'added') AS added, count(*) FILTER (WHERE change = 'changed') AS changed,
    count(*) FILTER (WHERE change = 'deleted') AS deleted
FROM ledger.line_changes WHERE dossier_id = $dossier AND sync_id = ANY($syncs)
"""

# Lines are compared only where the package told otherwise. A changed line that left its account, day or year is told
# where it left and where it went, so that the differences of an account's lines make the difference of its balance.
_MOVED = """
WITH balances AS (
    SELECT * FROM ledger.balance_changes WHERE dossier_id = $dossier AND sync_id = ANY($syncs)
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
"""
