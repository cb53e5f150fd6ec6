"""The commands ``query`` and ``export``: figures out of the published snapshot."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from foundation.home import Home
from portal import export as exporting
from portal.output import show, tell
from resources.house import open_warehouse
from warehouse.contract import Reader
from warehouse.reader import query_failed


class QueryFormat(StrEnum):
    """How ``query`` prints."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class ExportFormat(StrEnum):
    """What ``export`` writes."""

    fec = "fec"
    xaf = "xaf"
    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    app.command()(query)
    app.command()(export)


def query(
    sql: Annotated[str, typer.Argument(help="SQL on schema ledger, such as 'SELECT * FROM trial_balance'.")],
    format: Annotated[QueryFormat, typer.Option(help="How to print.")] = QueryFormat.table,
    out: Annotated[
        Path | None, typer.Option(help="Write csv or parquet to this file instead of standard output.")
    ] = None,
) -> None:
    """Runs SQL, one statement that only reads, on the published figures: no sync locks them."""
    if out is not None and format not in (QueryFormat.csv, QueryFormat.parquet):
        raise typer.BadParameter("goes with --format csv or parquet", param_hint="--out")
    if not sql.strip(" ;\n\t"):
        raise typer.BadParameter("is empty", param_hint="SQL")
    with open_warehouse(Home.from_environment()).reader() as db:
        if format in (QueryFormat.csv, QueryFormat.parquet):
            _write(db, sql, format, out)
            return
        result = db.execute(sql)
        names = unique_names([column[0] for column in result.description or ()])
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    show(rows, json=format is QueryFormat.json, empty="No rows.")


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names that differ, also for readers that ignore case: of two ``x`` the second becomes ``x_1``."""
    taken: set[str] = set()
    unique = []
    for name in names:
        candidates = chain([name], (f"{name}_{n}" for n in count(1)))
        unique.append(next(c for c in candidates if c.casefold() not in taken))
        taken.add(unique[-1].casefold())
    return unique


def _write(db: Reader, sql: str, format: QueryFormat, out: Path | None) -> None:
    """Streams a result of any size to a file or to standard output."""
    options = "FORMAT csv, HEADER" if format is QueryFormat.csv else "FORMAT parquet"
    rows = db.arrow(sql)
    names = unique_names(rows.schema.names)
    try:
        if out is not None:
            with exporting.in_place_of(out) as part:
                exporting.write_rows(rows, part, options, names)
            return
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "result"
            exporting.write_rows(rows, target, options, names)
            with target.open("rb") as result:
                shutil.copyfileobj(result, sys.stdout.buffer)
    except duckdb.Error as error:
        raise query_failed(error) from None


def export(
    dossier: Annotated[str, typer.Argument(help="The dossier's id.")],
    format: Annotated[ExportFormat, typer.Option(help="fec and xaf are one fiscal year per file.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    year: Annotated[str | None, typer.Option(help="Only this fiscal year, by its label.")] = None,
) -> None:
    """Writes one dossier's books from the published snapshot."""
    with open_warehouse(Home.from_environment()).reader() as db:
        lines = exporting.write(db, dossier, format.value, year, out)
    tell(f"Wrote {lines} lines to {out}.")
