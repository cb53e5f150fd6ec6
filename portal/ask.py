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

from foundation.errors import WrongInput
from portal import export as exporting
from portal.output import show, tell
from resources.house import House


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
    sql: Annotated[str, typer.Argument(help="SQL on schema ledger, such as 'from ledger.trial_balance'.")],
    format: Annotated[QueryFormat, typer.Option(help="How to print.")] = QueryFormat.table,
    out: Annotated[
        Path | None, typer.Option(help="Write csv or parquet to this file instead of standard output.")
    ] = None,
) -> None:
    """Runs SQL on the published snapshot, which no sync locks."""
    if out is not None and format not in (QueryFormat.csv, QueryFormat.parquet):
        raise typer.BadParameter("goes with --format csv or parquet", param_hint="--out")
    with House.open().warehouse.reader() as db:
        if not sql.strip(" ;\n\t"):
            raise typer.BadParameter("is empty", param_hint="SQL")
        db.execute("SET schema = 'ledger'")
        try:
            if format in (QueryFormat.csv, QueryFormat.parquet):
                _copy(db, sql, format, out)
                return
            result = db.execute(sql)
            names = unique_names([column[0] for column in result.description or ()])
            rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        except duckdb.Error as error:
            raise WrongInput(
                f"the query failed: {str(error).splitlines()[0]}",
                next_step="Tables and views are in schema ledger: see docs/warehouse.md, or `SHOW ALL TABLES`.",
            ) from None
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


def _copy(db: duckdb.DuckDBPyConnection, sql: str, format: QueryFormat, out: Path | None) -> None:
    """Streams a result of any size to a file or to standard output. DuckDB makes its names unique in its own way."""
    if out is not None:
        with exporting.in_place_of(out) as part:
            _copy_to(db, sql, format, part)
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "result"
        _copy_to(db, sql, format, target)
        with target.open("rb") as result:
            shutil.copyfileobj(result, sys.stdout.buffer)


def _copy_to(db: duckdb.DuckDBPyConnection, sql: str, format: QueryFormat, target: Path) -> None:
    header = ", HEADER" if format is QueryFormat.csv else ""
    quoted = str(target).replace("'", "''")
    # In two steps: a COPY whose query fails on its way may never return (DuckDB 2.0.1); a table that fails does.
    db.execute(f"CREATE TEMP TABLE answer AS {sql.strip().rstrip(';')}")
    db.execute(f"COPY answer TO '{quoted}' (FORMAT {format.value}{header})")


def export(
    dossier: Annotated[str, typer.Argument(help="The dossier's id.")],
    format: Annotated[ExportFormat, typer.Option(help="fec and xaf are one fiscal year per file.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    year: Annotated[str | None, typer.Option(help="Only this fiscal year, by its label.")] = None,
) -> None:
    """Writes one dossier's books from the published snapshot."""
    with House.open().warehouse.reader() as db:
        lines = exporting.write(db, dossier, format.value, year, out)
    tell(f"Wrote {lines} lines to {out}.")
