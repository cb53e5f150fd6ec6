"""The database's own sums: what its trial balance is made of, and what our lines are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from .ledger import LINE, posted
from .resources import SUMS
from .wire import OdooWire


@dataclass(frozen=True)
class Balances:
    """Sums of a company's posted lines, from ``since`` on; ``opening`` is the move that opens the books. ``by`` is the
    grain of movements: a month, or a day where fiscal years do not end with months."""

    wire: OdooWire
    company: int
    since: date | None
    opening: int | None
    by: str

    def read(self) -> Mapping[str, pa.Table]:
        """``openings`` before the first day, ``movements`` from it on, ``closings`` over all time: asked for apart, so
        that they prove one another."""
        lines = posted(self.company)
        earlier: list[object] = [["date", "<", self.since.isoformat()]] if self.since else []
        later: list[object] = [["date", ">=", self.since.isoformat()]] if self.since else []
        if self.opening is not None:
            earlier = [*(["|"] if earlier else []), ["move_id", "=", self.opening], *earlier]
            later = [*later, ["move_id", "!=", self.opening]]
        openings = self.wire.sums(LINE, [*lines, *earlier]) if earlier else SUMS.empty_table()
        return {
            "openings": openings,
            "movements": self.wire.sums(LINE, [*lines, *later], self.by),
            "closings": self.wire.sums(LINE, lines),
        }
