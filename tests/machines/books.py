"""Many small dossiers of two packages, no two alike, and everything that a warehouse tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.catalog import package
from resources.house import House
from tests.drop_folder.folders import FEC_HEADER, FEC_LINES, FEC_NAME, LINES, YEARS

EACH = 20
PACKAGES = ("verocount", "cegid")
TABLES = ("accounts", "counterparties", "dossiers", "fiscal_years", "journal_lines", "journals", "periods")
TABLES += ("trial_balances", "check_results")
_OF_THE_RUN = {"sync_id", "sync_runs", "last_synced_at", "snapshot_id", "seen_at", "modified_at", "rules_version"}


def names(software: str) -> list[str]:
    return [f"{software}-{number:02}" for number in range(EACH)]


def write_books(folder: Path) -> None:
    """A dossier folder per name. Each has an amount of its own, so that no two can be taken for each other."""
    for number in range(EACH):
        csv, fec = (folder / software / names(software)[number] for software in PACKAGES)
        csv.mkdir(parents=True)
        (csv / "fiscal_years.csv").write_text(YEARS)
        (csv / "lines_2024.csv").write_text(LINES.replace("1000,00", f"{1001 + number},00"))
        fec.mkdir(parents=True)
        lines = [line.replace("1500,00", f"{1501 + number},00") for line in FEC_LINES]
        (fec / FEC_NAME).write_text("\n".join([FEC_HEADER, *lines]) + "\n")


def link_books(house: House, folder: Path) -> None:
    """Links them all; they wait for nothing but the night."""
    house.warehouse.create()
    for software in PACKAGES:
        row = package(software)
        settings = row.complete_settings({"root": str(folder / software)})
        connection = house.registry.add_connection(software, "Vandamme", settings=settings)
        for name in names(software):
            house.registry.add_link(connection.id, name, code=name, name=name, dossier_id=name, wanted_first_sync=False)


def told(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table in one order, without what belongs to a run and not to the books."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with house.warehouse.reader() as db:
        for table in TABLES:
            columns = [
                name
                for (name,) in db.execute(
                    "SELECT column_name FROM information_schema.columns "
                    f"WHERE table_schema = 'ledger' AND table_name = '{table}' ORDER BY column_name"
                ).fetchall()
                if name not in _OF_THE_RUN
            ]
            rows = db.execute(f"SELECT {', '.join(columns)} FROM ledger.{table}").fetchall()
            found[table] = sorted((tuple(row) for row in rows), key=lambda row: tuple(map(str, row)))
    return found
