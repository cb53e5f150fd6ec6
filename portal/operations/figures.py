"""Questions about the figures of one dossier: how old they are, and how far they prove themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any, Literal

from foundation.errors import WrongInput
from resources.house import House
from warehouse.contract import Reader

CHECK_STATES = ("failed", "warning", "no evidence", "proven")
"""What a check came to, the worst first."""


Verdict = Literal["proven", "look", "revalued", "unproven", "totals", "failed", "clients"]
"""Equal to the package's own balances; so, with warnings to look at; so, but for a revaluation that it has not booked;
the package gives nothing to compare with; its own totals, without lines; not to be relied on; a client list."""


class NoFigures(WrongInput):
    """The dossier has no figures yet, or they are in the form of another version."""


@contextmanager
def figures_of(house: House, dossier: str) -> Iterator[Reader]:
    """The published snapshot, for questions about one dossier.

    Raises NoFigures where the dossier has none, or the snapshot lacks what this version asks for.
    """
    if not house.warehouse.readable:
        raise _none_yet(dossier)
    with house.warehouse.reader() as db:
        if not db.execute("SELECT 1 FROM ledger.dossiers WHERE dossier_id = ?", [dossier]).fetchall():
            raise _none_yet(dossier)
        if db.execute(_TABLES).fetchall() != [(2,)]:
            raise NoFigures(
                "the published figures are in the form of another version", next_step="Renew it: grandlivre init."
            )
        yield db


def _none_yet(dossier: str) -> NoFigures:
    return NoFigures(f"dossier {dossier} has no figures yet", next_step=f"Sync it: grandlivre sync {dossier}.")


_TABLES = """
SELECT count(*) FROM information_schema.tables
WHERE table_schema = 'ledger' AND table_name IN ('balance_changes', 'year_mapping')
"""


def query(db: Reader, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a question, each by column name."""
    result = db.execute(sql, dict(parameters))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def query_if_published(house: House, dossier: str, sql: str) -> list[dict[str, Any]] | None:
    """The rows of a question with parameter ``dossier``; None where the dossier has no figures to ask."""
    try:
        with figures_of(house, dossier) as db:
            return query(db, sql, {"dossier": dossier})
    except WrongInput:
        return None


def facts(db: Reader, dossier: str) -> dict[str, Any]:
    """Where the figures come from: software, sync_mode, transfer_date, last_synced_at (UTC), currency, kind."""
    [row] = query(db, _FACTS, {"dossier": dossier})
    return row | {"last_synced_at": row["last_synced_at"].replace(tzinfo=UTC)}


_FACTS = """
SELECT software, sync_mode, transfer_date, last_synced_at, currency, kind
FROM ledger.dossiers WHERE dossier_id = $dossier
"""


def checks(db: Reader, dossier: str) -> list[dict[str, Any]]:
    """The checks of the figures that stand, the worst first: check_name, state (one of :data:`CHECK_STATES`), value
    (DECIMAL: what is off, or how many; None where nothing was measured), detail (English)."""
    return query(db, _CHECKS, {"dossier": dossier})


_CHECKS = """
SELECT check_name, state, value, detail FROM ledger.reconciliation WHERE dossier_id = $dossier
ORDER BY CASE state WHEN 'failed' THEN 0 WHEN 'warning' THEN 1 WHEN 'no evidence' THEN 2 ELSE 3 END, check_name
"""


def counted(found: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many checks came to each state."""
    return Counter(check["state"] for check in found)


def verdict(told: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Verdict:
    """What the checks of figures come to, with their :func:`facts`."""
    states = counted(found)
    if states["failed"]:
        return "failed"
    if told["kind"] == "clients":
        return "clients"
    if told["sync_mode"] == "totals":
        return "totals"
    by_name = {check["check_name"]: check["state"] for check in found}
    if by_name.get("equals_package") != "proven":
        return "unproven"
    if by_name.get("revaluation") == "warning":
        return "revalued"
    return "look" if states["warning"] else "proven"


def differences(db: Reader, dossier: str, year: str | None = None) -> list[dict[str, Any]]:
    """Where the package's balances and the computed ones differ in the figures that stand: fiscal_year, period (None:
    the year), account, what (opening, movement, closing), package, computed, difference (DECIMAL, debit positive),
    cause (``revaluation`` or ``unexplained``)."""
    return query(db, _DIFFERENCES, {"dossier": dossier, "year": year})


_DIFFERENCES = """
SELECT fiscal_year, period, account, what, package, computed, difference, cause
FROM ledger.balance_differences
WHERE dossier_id = $dossier AND ($year::VARCHAR IS NULL OR fiscal_year = $year)
ORDER BY cause DESC, fiscal_year, period NULLS FIRST, account, what
"""


def account_names(db: Reader, dossier: str, numbers: Sequence[str]) -> dict[str, str]:
    """The names of these accounts by number."""
    wanted = {"dossier": dossier, "numbers": list(set(numbers))}
    rows = query(
        db, "SELECT number, name FROM ledger.accounts WHERE dossier_id = $dossier AND number = ANY($numbers)", wanted
    )
    return {row["number"]: row["name"] or "" for row in rows}
