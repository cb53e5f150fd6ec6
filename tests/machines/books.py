"""Many small dossiers of two packages, no two alike, and everything that a warehouse tells of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.catalog import package
from resources.house import House
from tests.drop_folder.folders import FEC_HEADER, FEC_LINES, FEC_NAME, LINES, YEARS

PACKAGES = ("verocount", "cegid")
OF_THE_RUN = {"sync_id", "dagster_run_id", "snapshot_id", "started_at", "finished_at", "last_synced_at", "seen_at"}
"""Columns that tell which sync it was, and when."""
_ONLY_IN_POSTGRES = {"stored_lines", "line_syncs"}  # what the view journal_lines is made of there


@dataclass(frozen=True)
class Books:
    """The folders of ``each`` dossiers per package, below ``folder``."""

    folder: Path
    each: int = 20

    def names(self, software: str) -> list[str]:
        return [f"{software}-{number:02}" for number in range(self.each)]

    @property
    def all_names(self) -> list[str]:
        return [name for software in PACKAGES for name in self.names(software)]

    def write(self, revision: int = 0) -> None:
        """A dossier folder per name. Each has an amount of its own, and of this revision, so that no two can be taken
        for each other."""
        for number in range(self.each):
            csv, fec = (self.folder / software / self.names(software)[number] for software in PACKAGES)
            csv.mkdir(parents=True, exist_ok=True)
            (csv / "fiscal_years.csv").write_text(YEARS)
            (csv / "lines_2024.csv").write_text(LINES.replace("1000,00", f"{1001 + number},{revision:02}"))
            fec.mkdir(parents=True, exist_ok=True)
            lines = [line.replace("1500,00", f"{1501 + number},{revision:02}") for line in FEC_LINES]
            (fec / FEC_NAME).write_text("\n".join([FEC_HEADER, *lines]) + "\n")

    def link(self, house: House) -> None:
        """Links them all; they wait for nothing but the night."""
        house.warehouse.create()
        for software in PACKAGES:
            row = package(software)
            settings = row.complete_settings({"root": str(self.folder / software)})
            connection = house.registry.add_connection(software, "Vandamme", settings=settings)
            for name in self.names(software):
                house.registry.add_link(
                    connection.id, name, code=name, name=name, dossier_id=name, wanted_first_sync=False
                )


def told(house: House, without: Collection[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table in one order, without what belongs to a run and not to the books."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with house.warehouse.reader() as db:
        columns: dict[str, list[str]] = {}
        for table, column in db.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c "
            "JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
            "WHERE c.table_schema = 'ledger' AND (t.table_type = 'BASE TABLE' OR c.table_name = 'journal_lines')"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        for table in sorted(columns.keys() - _ONLY_IN_POSTGRES - set(without)):
            names = ", ".join(f'"{name}"' for name in sorted(set(columns[table]) - OF_THE_RUN))
            rows = db.execute(f"SELECT {names} FROM ledger.{table}").fetchall()
            found[table] = sorted((tuple(row) for row in rows), key=lambda row: tuple(map(str, row)))
    return found


def dump(house: House) -> str:
    """The same as a text."""
    return "\n".join(f"{table} {row!r}" for table, rows in told(house).items() for row in rows)
