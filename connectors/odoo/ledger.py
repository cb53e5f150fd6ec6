"""Which lines are a company's ledger, and the time that they span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .inferred import NO_LINES
from .wire import OdooWire

LINE = "account.move.line"


def of_company(company: int) -> list[Any]:
    """The condition for a company's accounting lines in any state."""
    return [["company_id", "=", company], ["display_type", "not in", [*NO_LINES]]]


def posted(company: int) -> list[Any]:
    return [*of_company(company), ["parent_state", "=", "posted"]]


@dataclass(frozen=True)
class Span:
    """The first and last day of the books, the present day included; ``opening`` is the move that opens them, where
    nothing was booked before it: its balances are those that the first year begins with, whatever its date."""

    first: date
    last: date
    opening: int | None


def span(wire: OdooWire, record: Mapping[str, Any], today: date) -> Span:
    """What the company's ledger spans. ``record`` is the company's own."""
    lines = posted(int(record["id"]))
    move = record.get("account_opening_move_id")
    others = [*lines, ["move_id", "!=", move]] if move else lines
    first, last = (_day(wire, others, order) for order in ("date", "date desc"))
    opened = _day(wire, [*lines, ["move_id", "=", move]], "date") if move else None
    opens = opened is not None and (first is None or opened <= first)
    told = date.fromisoformat(record["account_opening_date"]) if record.get("account_opening_date") else opened
    begins = [day for day in (first, told if opens else opened) if day]
    return Span(min(begins, default=today), max([today, *([last] if last else [])]), move if opens else None)


def _day(wire: OdooWire, domain: list[Any], order: str) -> date | None:
    told = wire.first(LINE, domain, "date", order)
    return date.fromisoformat(told) if told else None
