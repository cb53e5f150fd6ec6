"""Dossier folders written by tests, read through the connector and normalised in an in-memory database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.contract import Access, Batch, Connector, Event, ExtractRequest, NextCursor, Note
from connectors.drop_folder import open_connector

YEARS = "label;start_date;end_date;closed\n2024;2024-01-01;2024-12-31;0\n"
LINES = (
    "journal;document;line_no;date;period;account;account_name;description;debit;credit;counterparty\n"
    "OPN;1;1;2024-01-01;0;550000;Bank;Opening;1000,00;0,00;\n"
    "OPN;1;2;2024-01-01;0;100000;Capital;Opening;0,00;1000,00;\n"
    "VEN;12;1;2024-02-15;2;400000;Customers;Invoice 12;121,00;0,00;DUPONT\n"
    "VEN;12;2;2024-02-15;2;700000;Sales;Invoice 12;0,00;100,00;\n"
    "VEN;12;3;2024-02-15;2;451000;VAT due;Invoice 12;0,00;21,00;\n"
)
FEC_HEADER = (
    "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef|PieceDate"
    "|EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise"
)
FEC_LINES = (
    "AN|A nouveaux|AN0001|20250101|512000|Banque|||RAN|20250101|Report a nouveau|1500,00|0,00|||20250131||",
    "AN|A nouveaux|AN0001|20250101|101000|Capital|||RAN|20250101|Report a nouveau|0,00|1500,00|||20250131||",
    "VE|Ventes|VE0001|20250203|411000|Clients|CDUPONT|Dupont SA|FA2501|20250203|Facture FA2501|120,00|0,00|A|20250301"
    "|20250228||",
    "VE|Ventes|VE0001|20250203|706000|Prestations|||FA2501|20250203|Facture FA2501|0,00|100,00|||20250228||",
    "VE|Ventes|VE0001|20250203|445710|TVA collectee|||FA2501|20250203|Facture FA2501|0,00|20,00|||20250228||",
)
FEC_NAME = "303265045FEC20251231.txt"


@dataclass
class Read:
    """What one extraction gave, landed and normalised."""

    db: duckdb.DuckDBPyConnection
    events: list[Event]

    @property
    def notes(self) -> dict[str, int]:
        """Code to count."""
        return {event.code: event.count for event in self.events if isinstance(event, Note)}

    @property
    def cursor(self) -> NextCursor:
        last = self.events[-1]
        assert isinstance(last, NextCursor)
        return last

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.db.execute(sql).fetchall()

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


def fill(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes a dossier folder; text as UTF-8, line ends as given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def connector(root: Path, software: str = "expertm", **access: Any) -> Connector:
    settings = {"root": str(root)}
    return open_connector(Access(software, settings, {}, sleep=lambda _: None, scratch=None, **access))


def read(folder: Path, software: str = "expertm", **request: Any) -> Read:
    """Extracts the dossier in ``folder`` and normalises what was landed."""
    opened = connector(folder.parent, software)
    return land(opened, list(opened.extract(ExtractRequest(folder.name, **request))))


def land(opened: Connector, events: list[Event]) -> Read:
    """Lands what ``events`` tell and normalises it."""
    db = duckdb.connect(config={"threads": 1})
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for resource in opened.resources:
        batches = [event.rows for event in events if isinstance(event, Batch) and event.resource == resource.name]
        tables = [pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows for rows in batches]
        rows = pa.concat_tables([resource.schema.empty_table(), *tables])
        db.register(f"landing_{resource.name}", rows)
        db.execute(f"CREATE VIEW landed.{resource.name} AS FROM landing_{resource.name}")
    opened.normalize(db)
    require_complete(db)
    return Read(db, events)


def fec(*lines: str, header: str = FEC_HEADER, end: str = "\r\n") -> str:
    return end.join((header, *(lines or FEC_LINES))) + end
