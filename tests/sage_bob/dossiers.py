"""BOB dossiers for tests, and what our reader makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from connectors.contract import Access
from connectors.sage_bob import open_connector
from connectors.sage_bob.adt_writer import Column, Row, write_table
from connectors.sage_bob.client import SageBob
from connectors.sage_bob.sandbox_tables import ACCOUN, AHISTO, CHISTO, COMPAN, DBK, PERIOD
from tests.winbooks.dossiers import extract, next_cursor, normalized, notes

__all__ = ["connect", "extract", "next_cursor", "normalized", "notes", "read", "write_dossier"]

LINE = {
    "HID": "550000",
    "HDBK": "DIV",
    "HFYEAR": "2024",
    "HYEAR": 2024,
    "HMONTH": 2,
    "HDOCNO": 1,
    "HORDERNO": 1,
    "HDOCDATE": date(2024, 2, 15),
    "HREM": "Line",
    "HAMOUNT": Decimal("10.00"),
}


def month(label: str, year: int, number: int, **values: Any) -> dict[str, Any]:
    return {"FYEAR": label, "YEAR": year, "MONTH": number, "FXACTIVE": True, "FXCLOSED": False} | values


def months(label: str, year: int, **values: Any) -> list[dict[str, Any]]:
    """The opening and the twelve months of a calendar year."""
    return [month(label, year, number, **values) for number in range(13)]


def write(path: Path, columns: tuple[Column, ...], rows: Iterable[dict[str, Any]], mark: bytes = b"\x04") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, columns, [Row([row.get(column.name) for column in columns], mark) for row in rows])
    return path


def write_dossier(
    folder: Path,
    lines: Iterable[dict[str, Any]],
    *,
    periods: Iterable[dict[str, Any]] = (),
    accounts: Iterable[dict[str, Any]] = (),
    parties: Iterable[dict[str, Any]] = (),
    journals: Iterable[dict[str, Any]] = (),
    controls: Iterable[dict[str, Any]] | None = None,
) -> Path:
    """A dossier of one open year 2024, unless ``periods`` says otherwise; lines start from :data:`LINE`."""
    write(folder / "ac_period.adt", PERIOD, list(periods) or months("2024", 2024))
    write(folder / "ac_accoun.adt", ACCOUN, [{"AID": "550000", "HEADING1": "Banque", "HEADING2": "Bank"}, *accounts])
    write(folder / "ac_compan.adt", COMPAN, parties)
    write(folder / "ac_dbk.adt", DBK, [{"DBID": "DIV", "HEADING1": "Divers", "DBTYPE": "OPD"}, *journals])
    write(folder / "ac_ahisto.adt", AHISTO, [LINE | line for line in lines])
    if controls is not None:
        write(folder / "ac_chisto.adt", CHISTO, controls)
    return folder


def connect(root: Path, **settings: str) -> SageBob:
    return open_connector(Access("sage_bob", {"root": str(root), **settings}, {}, sleep=lambda seconds: None))


def read(
    root: Path, external_id: str = "DEMO", since: date | None = None, **settings: str
) -> duckdb.DuckDBPyConnection:
    """Extracts and normalizes in one go."""
    connector = connect(root, **settings)
    return normalized(connector, extract(connector, external_id, since=since))
