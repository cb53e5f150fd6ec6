"""A service that speaks the protocol, as little of it as the tests need, over a real socket; and a hub in a thread."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import requests
import uvicorn

from agent import protocol
from agent.protocol import Delivery, Dossier, Enrolled, File, Remark, Report, Request, Requests, Source, Standing, Year
from connectors.contract import Access, Batch, Connector, ExtractRequest, NextCursor, Note, Stated
from connectors.package import Package
from portal.hub.refusals import Quotas
from portal.hub.serving import hub_config
from resources.house import House

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@contextmanager
def serving(house: House, quotas: Quotas | None = None) -> Iterator[str]:
    """A hub on a free port of this machine; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(hub_config(house, host="127.0.0.1", port=0, quotas=quotas))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            until = time.monotonic() + 10
            while not server.started and time.monotonic() < until:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(15)
            assert not thread.is_alive()


@dataclass
class Service:
    """A service at its hub. ``answers`` are never raised for: tests look at their status."""

    address: str
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: {protocol.PROTOCOL_HEADER: str(protocol.PROTOCOL)})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        told = {**self.headers, "Authorization": f"Bearer {self.token}", **headers}
        return requests.request(method, f"{self.address}{protocol.PREFIX}{path}", data=data, headers=told, timeout=30)

    def enrol(self, code: str) -> requests.Response:
        told = protocol.Enrolment(code=code, host="GENT01", system="Windows", version="0.1")
        answer = self.call("POST", "/enrol", told)
        if answer.ok:
            self.token = msgspec.json.decode(answer.content, type=Enrolled).token
        return answer

    def report(self, *sources: Source, last_error: str | None = None) -> requests.Response:
        told = Report(
            version="0.1",
            host="GENT01",
            system="Windows",
            started_at=NOON,
            sources=list(sources),
            last_error=last_error,
        )
        return self.call("POST", "/report", told)

    def requests(self, wait: float = 0) -> list[Request]:
        answer = self.call("GET", f"/requests?wait={wait}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Requests).requests

    def chunk(self, delivery_id: str, resource: str, offset: int, data: bytes, digest: str = "") -> requests.Response:
        sha256 = digest or hashlib.sha256(data).hexdigest()
        headers = {protocol.OFFSET_HEADER: str(offset), protocol.DIGEST_HEADER: sha256}
        return self.call("PUT", f"/deliveries/{delivery_id}/{resource}", data, **headers)

    def finish(self, delivery_id: str) -> requests.Response:
        return self.call("POST", f"/deliveries/{delivery_id}/finish")

    def deliver(self, parcel: Parcel, *, chunk: int = protocol.CHUNK) -> requests.Response:
        """Announces, sends all of it and finishes; the last answer, or the first that is not good."""
        answer = self.call("POST", "/deliveries", parcel.told)
        for name, data in parcel.data.items():
            for offset in range(0, len(data), chunk):
                if not answer.ok:
                    return answer
                answer = self.chunk(parcel.told.delivery_id, name, offset, data[offset : offset + chunk])
        return self.finish(parcel.told.delivery_id) if answer.ok else answer


@dataclass(frozen=True)
class Parcel:
    """A delivery and the bytes of its files."""

    told: Delivery
    data: Mapping[str, bytes]

    def with_(self, **changed: Any) -> Parcel:
        """The same, announced otherwise."""
        return Parcel(msgspec.structs.replace(self.told, **changed), self.data)


def standing(answer: requests.Response) -> Standing:
    return msgspec.json.decode(answer.content, type=Standing)


class Server:
    """A firm's server: a source that a package's own room reads."""

    def __init__(self, row: Package, settings: Mapping[str, str], work: Path, name: str = "books") -> None:
        self.row, self.settings, self.work, self.name = row, settings, work, name
        work.mkdir(exist_ok=True)

    @property
    def room(self) -> Connector:
        access = Access(self.row.slug, self.row.complete_settings(self.settings), {}, scratch=self.work)
        return self.row.load_room().open_connector(access)

    def source(self, trouble: str | None = None) -> Source:
        room = self.room
        dossiers = [
            Dossier(
                external_id=ref.external_id,
                code=ref.code,
                name=ref.name,
                vat_number=ref.vat_number,
                currency=ref.currency,
                country=ref.country,
                years=[
                    Year(label=year.label, start=year.start, end=year.end, closed=year.closed)
                    for year in room.fiscal_years(ref.external_id)
                ],
            )
            for ref in room.discover()
        ]
        return Source(name=self.name, software=self.row.slug, dossiers=dossiers, trouble=trouble)

    def read(self, asked: Request, delivery_id: str, *, read_at: datetime | None = None) -> Parcel:
        """The dossier of a request, as the package's room reads it."""
        room = self.room
        tables: dict[str, list[pa.Table]] = {each.name: [each.schema.empty_table()] for each in room.resources}
        stated: dict[str, int] = {}
        remarks: list[Remark] = []
        end = NextCursor(None)
        for event in room.extract(ExtractRequest(asked.external_id, asked.since, asked.cursor, asked.totals_only)):
            match event:
                case Batch(resource=name, rows=rows):
                    tables[name].append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
                case Stated(resource=name, count=count):
                    stated[name] = count
                case Note(code=code, message=message, count=count):
                    remarks.append(Remark(code=code, message=message, count=count))
                case NextCursor():
                    end = event
                case _:
                    raise AssertionError(event)
        data = {} if end.unchanged else {name: parquet(pa.concat_tables(parts)) for name, parts in tables.items()}
        rows = {name: sum(part.num_rows for part in parts) for name, parts in tables.items()}
        told = Delivery(
            delivery_id=delivery_id,
            request_id=asked.request_id,
            source=asked.source,
            software=asked.software,
            external_id=asked.external_id,
            read_at=read_at or datetime.now(UTC),
            since=asked.since,
            totals_only=asked.totals_only,
            cursor=end.cursor,
            unchanged=end.unchanged,
            stated=stated,
            remarks=remarks,
            files=[announced(name, data[name], rows[name]) for name in data],
        )
        return Parcel(told, data)


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def announced(resource: str, data: bytes, rows: int) -> File:
    return File(resource=resource, rows=rows, size=len(data), sha256=hashlib.sha256(data).hexdigest())
