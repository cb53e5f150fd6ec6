"""What the warehouse told before a sync, to compare with: years, balances, and the codes of closed years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from warehouse.contract import Reader

MONEY = pa.decimal128(20, 4)
SCHEMAS: dict[str, pa.Schema] = {
    "years": pa.schema([("label", pa.string()), ("closed", pa.bool_())]),
    "balances": pa.schema(
        [("fiscal_year", pa.string()), ("account", pa.string()), ("opening", MONEY), ("closing", MONEY)]
    ),
    "mapping": pa.schema(
        [(name, pa.string()) for name in ("fiscal_year", "account", "common_code", "mapping_rule", "chart")]
    ),
}
"""``years`` that stood, ``balances`` per year and account (debit +, before closing entries), ``mapping`` of closed
years that are told by the codes they were closed with."""

_QUERIES = {
    "years": "SELECT label, closed FROM ledger.fiscal_years WHERE dossier_id = ?",
    "balances": "SELECT fiscal_year, account, opening, closing FROM ledger.trial_balance_year WHERE dossier_id = ?",
    "mapping": "SELECT fiscal_year, account, closed_code AS common_code, closed_rule AS mapping_rule, chart "
    "FROM ledger.year_mapping WHERE dossier_id = ?",
}

Remembered = Mapping[str, pa.Table]
"""Tables by the names of :data:`SCHEMAS`; empty ones where nothing stood."""


def nothing() -> Remembered:
    """What is remembered of a dossier that was never loaded."""
    return {name: schema.empty_table() for name, schema in SCHEMAS.items()}


def read_remembered(db: Reader, dossier_id: str) -> Remembered:
    """Reads what stands for a dossier."""
    return {name: db.arrow(query, [dossier_id]).read_all().cast(SCHEMAS[name]) for name, query in _QUERIES.items()}
