"""What is asked of a folder's ledger: lines and headers of years, changes, counts, sums, ids that stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from connectors.json_pages import pc

from . import resources as r
from .criteria import COUNT, EQ, GE, GROUPBY, IN, SELECT, SUM, Criteria
from .dates import milliseconds
from .inferred import CHANGES_AT_MOST, moment_literal
from .wire import REFUSALS, WowWire
from .years import BookYear

LINES, HEADERS = "GLTrans", "GLTransHeader"
_WIRE = {LINES: r.WIRE_LINES, HEADERS: r.WIRE_HEADERS}
_LANDED = {LINES: r.LINES, HEADERS: r.HEADERS}
KINDS = ("opening", "normal", "closing")
_STAMP = (("Id", SELECT), ("BookPeriod_Id", SELECT))
_FOUR = Decimal("0.0001")
_BATCH_ROWS = 5_000


class TooManyChanges(Exception):
    """More was changed than is held at once."""


@dataclass(frozen=True)
class Ledger:
    """Questions about one folder. What the vendor may not answer at all raises one of ``REFUSALS``."""

    wire: WowWire

    def of_periods(self, entity: str, periods: Sequence[str], after: str) -> Iterator[pa.Table]:
        """Lines or headers of these periods, as landed, in the order of their ids behind ``after``: many windows at
        once."""
        asked = Criteria(entity, (("BookPeriod_Id", IN, periods),))
        held, count = list[pa.RecordBatch](), 0
        for rows in self.wire.rows(asked, _WIRE[entity], after):
            held.append(r.landed(rows, _LANDED[entity], 0))
            count += rows.num_rows
            if count >= _BATCH_ROWS:
                yield pa.Table.from_batches(held)
                held, count = [], 0
        if held:
            yield pa.Table.from_batches(held)

    def changed(self, entity: str, since: int, reading: int) -> pa.Table:
        """Everything changed from ``since`` on (milliseconds), as landed. Raises TooManyChanges."""
        asked = Criteria(entity, (("Modified", GE, (moment_literal(since),)),))
        schema, found, count = _LANDED[entity], list[pa.RecordBatch](), 0
        for rows in self.wire.rows(asked, _WIRE[entity]):
            found.append(r.landed(rows, schema, reading))
            count += rows.num_rows
            if count > CHANGES_AT_MOST:
                raise TooManyChanges
        return pa.Table.from_batches(found, schema=schema)

    def newest(self, entity: str) -> int | None:
        """The moment of the latest change; None where objects do not tell it, or there are none."""
        try:
            row = self.wire.first(Criteria(entity, order=("Modified", False), most=1))
        except REFUSALS:
            return None
        told = (row or {}).get("Modified")
        return milliseconds(pa.array([str(told)]), "Modified")[0].as_py() if told else None

    def counts(self) -> dict[str, int]:
        """How many lines there are, by period."""
        rows = self.wire.values(Criteria(LINES, select=(("BookPeriod_Id", GROUPBY), ("Id", COUNT))))
        return {str(period): int(count) for period, count in rows}

    def simulations(self) -> int:
        """How many simulation entries there are."""
        told = self.wire.values(Criteria(HEADERS, (("IsTemp", EQ, (True,)),), select=(("Id", COUNT),)))
        first: Any = told[0] if told else 0
        return int(first[0] if isinstance(first, list) else first)

    def standing(self, years: Iterable[BookYear], sweep: int) -> Iterator[pa.Table]:
        """The ids of all lines of these years, as landed, many windows at once."""
        for each in years:
            asked = Criteria(LINES, (("BookPeriod_Id", IN, each.ids()),), select=_STAMP)
            held: list[str] = []
            for ids in self.wire.ids(asked):
                held += ids
                if len(held) >= _BATCH_ROWS:
                    yield _standing(held, sweep)
                    held = []
            yield _standing(held, sweep)

    def totals(self, years: Iterable[BookYear], counts: dict[str, int]) -> pa.Table:
        """What accounts sum up to in the opening, ordinary and closing periods of each year that hold lines."""
        rows: list[dict[str, Any]] = []
        for each in years:
            for kind in KINDS:
                periods = [period for period in each.ids(kind) if counts.get(period)]
                if not periods:
                    continue
                asked = Criteria(
                    LINES,
                    (("BookPeriod_Id", IN, periods),),
                    select=(("GLAccountCode", GROUPBY), ("Amount", SUM)),
                )
                rows += [
                    {
                        "BookYear_Id": each.id,
                        "kind": kind,
                        "GLAccountCode": account,
                        "Amount": Decimal(str(amount or 0)).quantize(_FOUR),
                    }
                    for account, amount in self.wire.values(asked)
                ]
        return pa.Table.from_pylist(rows, schema=r.TOTALS)


def _standing(ids: list[str], sweep: int) -> pa.Table:
    return pa.table([pa.array(ids, pa.string()), pa.repeat(pa.scalar(sweep, pa.int64()), len(ids))], schema=r.STANDING)


def counted(rows: pa.Table) -> dict[str, int]:
    """How many rows there are of each period."""
    return {row["values"]: row["counts"] for row in pc.value_counts(rows.column("BookPeriod_Id")).to_pylist()}
