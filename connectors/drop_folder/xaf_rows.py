"""Where the decoders of audit files put what they read: plain text, in batches, and the header once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from connectors.drop_folder.workbench import Workbench

TABLE = "xaf"
DUE_DATES = "xaf_due"
BATCH_ROWS = 50_000
_LINE = [
    "journal",
    "entry",
    "entry_text",
    "date",
    "effective",
    "period",
    "line_no",
    "account",
    "document",
    "description",
    "amount",
    "side",
    "currency",
    "currency_amount",
    "party",
    "vat_code",
    "part",
]
_DUE = ("journal", "entry", "line_no", "due")
Row = dict[str, str | None]


@dataclass
class Totals:
    """Control totals of one part (``opening`` or ``transactions``), as text; None where the file gives none."""

    debit: str | None = None
    credit: str | None = None
    lines: str | None = None


@dataclass
class AuditFile:
    """What an audit file says once. ``accounts``, ``journals``, ``parties`` and ``periods`` are rows of text; so are
    ``balances``, with ``account`` and the amount and side of ``opening`` and ``closing``."""

    header: Row = field(default_factory=dict)
    company: Row = field(default_factory=dict)
    totals: dict[str, Totals] = field(default_factory=lambda: {"opening": Totals(), "transactions": Totals()})
    opening_date: str | None = None
    opening_text: str | None = None
    accounts: list[Row] = field(default_factory=list)
    journals: list[Row] = field(default_factory=list)
    parties: list[Row] = field(default_factory=list)
    periods: list[Row] = field(default_factory=list)
    balances: list[Row] = field(default_factory=list)


class Rows:
    """Collects ledger lines (``part`` is ``opening`` or ``transactions``) and due dates, and writes them in batches."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._tables = {TABLE: _columns(_LINE), DUE_DATES: _columns(_DUE)}
        self.count = 0
        for name, columns in self._tables.items():
            bench.insert(name, pa.table({column: pa.array([], pa.string()) for column in columns}), create=True)

    def line(self, **values: str | None) -> None:
        self.count += 1
        self._add(TABLE, values)

    def due(self, **values: str | None) -> None:
        self._add(DUE_DATES, values)

    def flush(self) -> None:
        for name, columns in self._tables.items():
            rows = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
            self._bench.insert(name, rows)
            self._tables[name] = _columns(list(columns))

    def _add(self, table: str, values: dict[str, str | None]) -> None:
        columns = self._tables[table]
        for name, cells in columns.items():
            cells.append(values.get(name))
        if len(next(iter(columns.values()))) >= BATCH_ROWS:
            self.flush()


def _columns(names: list[str] | tuple[str, ...]) -> dict[str, list[str | None]]:
    return {name: [] for name in names}
