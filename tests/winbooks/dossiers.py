"""Dossiers for tests, written with a DBF library that is not ours, and what our reader makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dbf
import duckdb
import pyarrow as pa

from connectors import books
from connectors.contract import Access, Batch, Event, ExtractRequest, NextCursor, Note
from connectors.winbooks import open_connector
from connectors.winbooks.client import WinBooks

PARAM = "ID C(30); VALUE C(120); VALUEEXT M"
ACF = "NUMBER C(8); TYPE C(1); NAME11 C(40); NAME21 C(40); CENTRALID C(3)"
CSF = "NUMBER C(10); TYPE C(1); NAME1 C(40); COUNTRY C(3); VATNUMBER C(20)"
DBK = "DBKID C(6); DBKDESC C(40); DBKTYPE C(1); DBKOPT C(20); DBKTYPE2 C(1)"
ACT = (
    "DOCTYPE C(1); DBKCODE C(6); DBKTYPE C(1); DOCNUMBER C(8); DOCORDER C(3); ACCOUNTGL C(8); ACCOUNTRP C(10);"
    " BOOKYEAR C(1); PERIOD C(2); DATE D; DUEDATE D; COMMENT C(20); COMMENTEXT M; AMOUNTEUR N(15,3);"
    " CURRAMOUNT N(15,3); CURRCODE C(3); VATCODE C(6)"
)
YEAR_2024 = {
    "BOOKYEARCOUNT": "1",
    "BOOKYEAR1.SHORTLABEL": "2024",
    "BOOKYEAR1.STATUS": "Open",
    "BOOKYEAR1.PERDATE": "01012024 01012024 01042024 01072024 01102024 31122024",
}
LINE = {
    "DOCTYPE": "3",
    "DBKCODE": "DIV",
    "DBKTYPE": "5",
    "DOCNUMBER": "1",
    "DOCORDER": "001",
    "ACCOUNTGL": "550000",
    "BOOKYEAR": "1",
    "PERIOD": "01",
    "DATE": date(2024, 2, 15),
    "COMMENT": "Line",
    "AMOUNTEUR": Decimal("10.00"),
}


def write(path: Path, columns: str, rows: Iterable[dict[str, Any]], kind: str = "fp", codepage: str = "cp1252") -> Path:
    """A table of kind ``db3``, ``fp`` or ``vfp`` with the columns named, blank where a row says nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = dbf.Table(str(path), columns, dbf_type=kind, codepage=codepage, on_disk=True)
    table.open(mode=dbf.READ_WRITE)
    try:
        for row in rows:
            table.append({name.lower(): value for name, value in row.items()})
    finally:
        table.close()
    return path


def write_dossier(
    folder: Path,
    lines: Iterable[dict[str, Any]],
    *,
    param: dict[str, str] | Sequence[tuple[str, str]] = (),
    accounts: Iterable[dict[str, Any]] = (),
    parties: Iterable[dict[str, Any]] = (),
    journals: Iterable[dict[str, Any]] = (),
    kind: str = "fp",
    act: str = ACT,
) -> Path:
    """A dossier of one open year 2024 in quarters, unless ``param`` says otherwise; lines start from :data:`LINE`."""
    name = folder.name.replace("_", "")
    given = list(param.items()) if isinstance(param, dict) else list(param)
    pairs = [("Socname", "Demo SRL"), ("SocCountry", "BE"), ("AccountPicture", "LENGEN=6"), *YEAR_2024.items(), *given]
    write(folder / f"{name}_param.dbf", PARAM, ({"ID": key, "VALUE": value} for key, value in pairs), kind)
    chart = [{"NUMBER": "550000", "TYPE": "3", "NAME11": "Banque", "NAME21": "Bank"}, *accounts]
    write(folder / f"{name}_acf.dbf", ACF, chart, kind)
    write(folder / f"{name}_csf.dbf", CSF, parties, kind)
    write(folder / f"{name}_dbk.dbf", DBK, [{"DBKID": "DIV", "DBKDESC": "Divers", "DBKTYPE": "5"}, *journals], kind)
    known = {part.split()[0] for part in act.split(";")}
    rows = ({name: value for name, value in (LINE | line).items() if name in known} for line in lines)
    write(folder / f"{name}_act.dbf", act, rows, kind)
    return folder


def connect(root: Path, **settings: str) -> WinBooks:
    return open_connector(Access("winbooks", {"root": str(root), **settings}, {}, sleep=lambda seconds: None))


def extract(connector: WinBooks, external_id: str, **request: Any) -> list[Event]:
    return list(connector.extract(ExtractRequest(external_id, **request)))


def normalized(connector: WinBooks, events: Iterable[Event]) -> duckdb.DuckDBPyConnection:
    """The common language of what was extracted, as a sync makes it."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    for event in events:
        if isinstance(event, Batch):
            rows = event.rows if isinstance(event.rows, pa.Table) else pa.Table.from_batches([event.rows])
            batches[event.resource].append(rows)
    for resource in connector.resources:
        table = pa.concat_tables(batches[resource.name])
        assert table.schema.equals(resource.schema)
        db.register("rows", table)
        db.execute(f"CREATE TABLE landed.{resource.name} AS FROM rows")
        db.unregister("rows")
    connector.normalize(db)
    books.require_complete(db)
    return db


def read(root: Path, external_id: str, since: date | None = None, **settings: str) -> duckdb.DuckDBPyConnection:
    """Extracts and normalizes in one go."""
    connector = connect(root, **settings)
    return normalized(connector, extract(connector, external_id, since=since))


def notes(events: Iterable[Event]) -> dict[str, int]:
    return {event.code: event.count for event in events if isinstance(event, Note)}


def next_cursor(events: Sequence[Event]) -> NextCursor:
    last = events[-1]
    assert isinstance(last, NextCursor)
    return last
