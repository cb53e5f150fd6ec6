"""Opens rooms of client lists without a house, and reads what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.catalog import package
from connectors.client_lists.books import COLUMNS, require_clients
from connectors.contract import Access, Batch, Connector, Event, ExtractRequest, NextCursor
from foundation.secrets import Secret
from tests.landed import Clock


def connect(
    slug: str, settings: Mapping[str, str], secrets: Mapping[str, str], clock: Clock, scratch: Path | None = None
) -> Connector:
    """A connector with the clock's time and sleep."""
    row = package(slug)
    access = Access(
        software=slug,
        settings=row.complete_settings(settings),
        secrets={name: Secret(value) for name, value in secrets.items()},
        now=clock,
        sleep=clock.sleep,
        scratch=scratch,
    )
    return row.load_room().open_connector(access)


def read(connector: Connector, cursor: dict[str, Any] | None = None) -> tuple[pa.Table | None, NextCursor]:
    """The rows of a sync (None: nothing changed) and where it ends."""
    events: list[Event] = list(connector.extract(ExtractRequest("clients", cursor=cursor)))
    tables = [event.rows for event in events if isinstance(event, Batch)]
    assert isinstance(events[-1], NextCursor)
    assert len(tables) == (0 if events[-1].unchanged else 1)
    return (pa.table(tables[0]) if tables else None), events[-1]


def normalized(connector: Connector, landed: pa.Table) -> dict[str, dict[str, Any]]:
    """The clients that a room makes of landed rows, by code."""
    with duckdb.connect() as db:
        db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
        db.register("rows", landed)
        db.execute("CREATE TABLE landed.clients AS FROM rows")
        connector.normalize(db)
        require_clients(db)
        found = db.execute(f"SELECT {', '.join(COLUMNS)} FROM books.clients").fetchall()
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
    return {row["code"]: row for row in rows}
