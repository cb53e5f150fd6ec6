"""What the command line prints: tables for people, exact JSON for scripts, errors without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

_WIDE = 240  # where nobody looks (a pipe, a log) ids must not be folded
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)
_JSON = msgspec.json.Encoder(decimal_format="number")


def as_json(value: Any) -> str:
    """JSON in which a Decimal is an exact number and a date is ISO 8601."""
    return msgspec.json.format(_JSON.encode(value), indent=2).decode()


def show(rows: Sequence[Mapping[str, Any]], *, json: bool, empty: str = "None.") -> None:
    """A listing: with ``json`` an array of objects on standard output, otherwise a table."""
    if json:
        sys.stdout.write(as_json([dict(row) for row in rows]) + "\n")
        return
    if not rows:
        out.print(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in rows[0]:
        told = [row[column] for row in rows if row[column] is not None]
        right = bool(told) and all(
            isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in told
        )
        table.add_column(
            column.replace("_", " "),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=column.endswith("id"),
        )
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    out.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | frozenset | set):
        return ", ".join(str(item) for item in value)
    from rich.markup import escape

    return escape(str(value))


def tell(text: str) -> None:
    """A line for people, on standard error, so that standard output stays what scripts read."""
    err.print(text, markup=False)
