"""What is timed, each in a process of its own: ours, the typed-decode floor, and a generic declarative loader.

``python -m benchmarks.contenders NAME SERVER_JSON`` prints a line of JSON: ``seconds`` of wall time, seconds of
``processor`` (user and system, all threads), seconds ``waited`` (slept, in whatever thread, until the vendor allows a
call) and peak memory in megabytes. Time starts after imports.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

_waits: list[float] = []
PAGE = "/api/v1/{division}/bulk/Financial/TransactionLines"


def _token(server: dict[str, Any]) -> str:
    import requests

    form = {
        "grant_type": "refresh_token",
        "refresh_token": server["secrets"]["refresh_token"],
        "client_id": server["settings"]["client_id"],
        "client_secret": server["secrets"]["client_secret"],
    }
    reply = requests.post(f"{server['base_url']}/api/oauth2/token", data=form, timeout=60)
    return str(reply.json()["access_token"])


def _wait(seconds: float) -> None:
    _waits.append(seconds)
    time.sleep(seconds)


def ours(server: dict[str, Any], folder: Path) -> Callable[[], int]:
    """A first sync: wire to published snapshot, with landing, checks and the package's balances compared."""
    from assets.sync import SyncOptions, sync_dossier
    from connectors.catalog import package
    from foundation.home import Home
    from foundation.secrets import Secret
    from resources.house import House

    home = Home(folder / "home")
    house = replace(House.open(home), sleep=_wait)
    house.warehouse.create()
    row = package(server["software"])
    row.load_room()
    secrets = {name: Secret(value) for name, value in server["secrets"].items()}
    connection = house.registry.add_connection(row.slug, "bench", "bench", server["settings"], secrets)
    link = house.registry.add_link(connection.id, server["external_id"], code="1", name="bench", dossier_id="bench")

    def run() -> int:
        outcome = sync_dossier(link.dossier_id, house, SyncOptions())
        assert outcome.good, outcome.error
        return outcome.lines

    return run


def again(server: dict[str, Any], folder: Path) -> Callable[[], int]:
    """The same dossier made again from landing, as after a fiscal-year fix."""
    from assets.sync import SyncOptions, sync_dossier
    from foundation.home import Home
    from resources.house import House

    ours(server, folder)()
    house = House.open(Home(folder / "home"))

    def run() -> int:
        outcome = sync_dossier("bench", house, SyncOptions(from_landing=True))
        assert outcome.good, outcome.error
        return outcome.lines

    return run


def download(server: dict[str, Any], folder: Path) -> Callable[[], int]:
    """What was asked last, asked again one after another, and thrown away."""
    import base64

    import requests

    def run() -> int:
        session = requests.Session()
        for each in server["asked"]:
            address, body = server["base_url"] + each["target"], base64.b64decode(each["body"])
            reply = session.request(each["method"], address, headers=each["headers"], data=body, timeout=60)
            assert reply.ok or reply.status_code == 404, reply.status_code  # some call an empty list so
        return server["lines"]

    return run


def floor(server: dict[str, Any], folder: Path) -> Callable[[], int]:
    """Download, typed decode with decimals, Arrow, one DuckDB table: the least that keeps amounts exact."""
    import duckdb
    import msgspec
    import pyarrow as pa
    import requests

    from connectors.exact_online.resources import LINES

    kinds: dict[str, Any] = {"string": str | None, "int64": int | None}
    fields = [(f.name, kinds.get(str(f.type), Decimal | None), None) for f in LINES]
    row = msgspec.defstruct("Row", fields)
    inner = msgspec.defstruct("Inner", [("results", list[row]), ("next", str | None, None)], rename={"next": "__next"})  # type: ignore[valid-type]
    page = msgspec.defstruct("Page", [("d", inner)])
    decoder = msgspec.json.Decoder(page)
    token = _token(server)
    url: str | None = first_page(server)

    def run() -> int:
        session = requests.Session()
        session.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
        db = duckdb.connect(str(folder / "floor.duckdb"))
        count, address = 0, url
        while address:
            told = decoder.decode(session.get(address, timeout=60).content).d
            columns = {f.name: [getattr(r, f.name) for r in told.results] for f in LINES}
            rows = pa.table({name: pa.array(values, LINES.field(name).type) for name, values in columns.items()})
            if not count:
                db.execute("CREATE TABLE lines AS FROM rows WITH NO DATA")
            db.execute("INSERT INTO lines FROM rows")
            count += rows.num_rows
            address = told.next
        db.close()
        return count

    return run


def first_page(server: dict[str, Any]) -> str:
    """The address of the first page of lines, as our own reader asks for it."""
    from urllib.parse import quote

    from connectors.exact_online.inferred import EVERYTHING
    from connectors.exact_online.resources import LINES

    path = PAGE.format(division=server["external_id"])
    select = ",".join(LINES.names)
    return f"{server['base_url']}{path}?$select={select}&$filter={quote(EVERYTHING)}"


def dlt(server: dict[str, Any], folder: Path) -> Callable[[], int]:
    """dlt's REST source to DuckDB, with its defaults: the lines only, without checks."""
    import os

    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    import dlt as dlt_package
    from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator
    from dlt.sources.rest_api import rest_api_source

    url = first_page(server)
    config: Any = {
        "client": {
            "base_url": server["base_url"],
            "headers": {"Accept": "application/json"},
            "auth": {"type": "bearer", "token": _token(server)},
            "paginator": JSONLinkPaginator(next_url_path="d.__next"),
        },
        "resources": [
            {
                "name": "lines",
                "endpoint": {"path": url.removeprefix(server["base_url"]), "data_selector": "d.results"},
            }
        ],
    }

    def run() -> int:
        pipeline = dlt_package.pipeline(
            "bench",
            destination=dlt_package.destinations.duckdb(str(folder / "dlt.duckdb")),
            dataset_name="exact",
            pipelines_dir=str(folder / "pipelines"),
        )
        pipeline.run(rest_api_source(config))
        with pipeline.sql_client() as client, client.execute_query("SELECT count(*) FROM lines") as cursor:
            return int(cursor.fetchall()[0][0])

    return run


CONTENDERS = {"ours": ours, "again": again, "download": download, "floor": floor, "dlt": dlt}


def main(name: str, server: dict[str, Any]) -> None:
    import requests

    server["asked"] = requests.get(f"{server['base_url']}/asked", timeout=60).json()
    with tempfile.TemporaryDirectory() as folder:
        run = CONTENDERS[name](server, Path(folder))
        start, processor = time.perf_counter(), time.process_time()
        lines = run()
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"name": name, "lines": lines, "seconds": seconds, "processor": processor}
    told |= {"waited": sum(_waits), "peak_mb": peak}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
