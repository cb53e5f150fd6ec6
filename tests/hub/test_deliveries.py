"""Deliveries over a real socket: cut anywhere and taken up again, and what is refused."""

from __future__ import annotations

import hashlib
import http.client
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agent import protocol
from connectors.sandbox.stage import Sandbox, company_of
from portal.hub.intake import Intake
from portal.hub.refusals import Quotas
from registry.store import AgentDelivery
from resources.delivery_files import DeliveryFiles
from resources.house import House
from tests.hub.conftest import ROW, Site, site_at
from tests.hub.service import Parcel, Server, announced, parquet, serving, standing

HALF = 4096


def held(site: Site) -> AgentDelivery | None:
    found = site.house.registry.delivered(site.wanted)
    return found.content if found else None


def kept_bytes(site: Site) -> dict[str, bytes]:
    content = held(site)
    assert content is not None
    names = [resource.name for resource in site.server.room.resources]
    paths = DeliveryFiles(site.house.home).kept(content, names, site.house.home.scratch)
    return {name: Path(paths[name]).read_bytes() for name in names}


def incoming(site: Site) -> list[Path]:
    return [path for path in site.house.home.incoming.rglob("*") if path.is_file()]


def largest(parcel: Parcel) -> tuple[str, bytes]:
    return max(parcel.data.items(), key=lambda each: len(each[1]))


def test_a_delivery_is_accepted_whole_and_ends_its_request(site: Site) -> None:
    parcel = site.parcel()
    answer = site.service.deliver(parcel, chunk=HALF)
    assert (answer.status_code, standing(answer).accepted) == (200, True)
    assert kept_bytes(site) == dict(parcel.data)
    assert site.service.requests() == []
    assert incoming(site) == []


def test_a_line_that_is_cut_in_a_chunk_leaves_nothing_of_the_chunk(site: Site) -> None:
    parcel = site.parcel()
    name, data = largest(parcel)
    site.service.call("POST", "/deliveries", parcel.told)
    assert site.service.chunk("d-1", name, 0, data[:HALF]).ok
    where = urlsplit(site.service.address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    connection.putrequest("PUT", f"{protocol.PREFIX}/deliveries/d-1/{name}")
    chunk = data[HALF : 2 * HALF]
    for header, value in {
        "Authorization": f"Bearer {site.service.token}",
        protocol.PROTOCOL_HEADER: "1",
        protocol.OFFSET_HEADER: str(HALF),
        protocol.DIGEST_HEADER: hashlib.sha256(chunk).hexdigest(),
        "Content-Length": str(len(chunk)),
    }.items():
        connection.putheader(header, value)
    connection.endheaders(chunk[: HALF // 2])
    connection.close()
    told = standing(site.service.call("GET", "/deliveries/d-1"))
    assert (told.received, told.accepted) == ({name: HALF}, False)
    assert site.service.deliver(parcel, chunk=HALF).status_code == 200
    assert kept_bytes(site) == dict(parcel.data)


def test_between_chunks_a_delivery_goes_on_where_it_stands_and_what_is_there_may_come_again(site: Site) -> None:
    parcel = site.parcel()
    name, data = largest(parcel)
    site.service.call("POST", "/deliveries", parcel.told)
    site.service.chunk("d-1", name, 0, data[:HALF])
    again = site.service.call("POST", "/deliveries", parcel.told)  # as after a restart of the service
    assert standing(again).received == {name: HALF}
    assert standing(site.service.chunk("d-1", name, 0, data[:HALF])).received == {name: HALF}
    skipped = site.service.chunk("d-1", name, 2 * HALF, data[2 * HALF : 3 * HALF])
    assert (skipped.status_code, standing(skipped).received) == (409, {name: HALF})
    assert msgspec.json.decode(skipped.content, type=protocol.Trouble).cause
    overlapping = site.service.chunk("d-1", name, HALF // 2, data[HALF // 2 : HALF + 10])
    assert overlapping.status_code == 409
    assert site.service.deliver(parcel, chunk=HALF).status_code == 200
    assert kept_bytes(site) == dict(parcel.data)


def test_what_a_crash_of_the_hub_left_behind_a_chunk_is_written_over(site: Site) -> None:
    parcel = site.parcel()
    name, data = largest(parcel)
    site.service.call("POST", "/deliveries", parcel.told)
    site.service.chunk("d-1", name, 0, data[:HALF])
    [path] = incoming(site)
    with path.open("ab") as file:
        file.write(b"half of a chunk of which nobody was told")
    assert site.service.deliver(parcel, chunk=HALF).status_code == 200
    assert kept_bytes(site) == dict(parcel.data)


def test_a_finish_before_the_end_tells_what_is_missing_and_one_after_it_says_the_same_again(site: Site) -> None:
    parcel = site.parcel()
    name, data = largest(parcel)
    site.service.call("POST", "/deliveries", parcel.told)
    site.service.chunk("d-1", name, 0, data[: protocol.CHUNK])
    early = site.service.finish("d-1")
    assert (early.status_code, standing(early).accepted) == (409, False)
    assert held(site) is None
    assert site.service.deliver(parcel).status_code == 200
    assert standing(site.service.finish("d-1")).accepted  # the answer was lost
    assert standing(site.service.call("POST", "/deliveries", parcel.told)).accepted
    assert standing(site.service.chunk("d-1", name, 0, data[:HALF])).accepted
    assert standing(site.service.call("GET", "/deliveries/d-1")).accepted
    assert kept_bytes(site) == dict(parcel.data)


def test_a_hub_that_died_between_keeping_and_accepting_accepts_at_the_next_finish(site: Site) -> None:
    parcel = site.parcel()
    site.service.call("POST", "/deliveries", parcel.told)
    for name, data in parcel.data.items():
        for offset in range(0, len(data), protocol.CHUNK):
            site.service.chunk("d-1", name, offset, data[offset : offset + protocol.CHUNK])
    delivery = site.house.registry.delivery(site.agent_id, "d-1")
    assert delivery is not None
    DeliveryFiles(site.house.home).keep(delivery, list(parcel.data))
    assert standing(site.service.finish("d-1")).accepted
    assert kept_bytes(site) == dict(parcel.data)


def test_only_the_newest_delivery_of_a_dossier_is_kept(site: Site) -> None:
    site.service.deliver(site.parcel())
    site.sandbox.show(company_of(ROW, 1))
    second = site.parcel("d-2")
    assert not second.told.unchanged
    assert site.service.deliver(second).status_code == 200
    assert kept_bytes(site) == dict(second.data)
    folders = list((site.house.home.landing / "deliveries" / site.agent_id).iterdir())
    assert len(folders) == 1
    assert standing(site.service.finish("d-1")).accepted


def test_an_unchanged_dossier_is_confirmed_without_files(site: Site) -> None:
    site.service.deliver(site.parcel())
    second = site.parcel("d-2")
    assert second.told.unchanged
    assert standing(site.service.deliver(second)).accepted
    found = site.house.registry.delivered(site.wanted)
    assert found is not None
    assert (found.content.delivery_id, found.newest.delivery_id) == ("d-1", "d-2")
    assert site.service.requests() == []


def test_unchanged_from_nothing_is_refused_and_asked_for_as_a_whole(site: Site) -> None:
    site.service.deliver(site.parcel())
    second = site.parcel("d-2")
    content = held(site)
    assert content is not None
    site.house.registry.lose_delivery(content)
    assert site.service.deliver(second).status_code == 422
    [asked] = site.service.requests()
    assert asked.cursor is None
    assert site.service.deliver(site.server.read(asked, "d-3")).status_code == 200


@pytest.mark.parametrize("damage", ["chunk", "file", "offset", "beyond"])
def test_bytes_that_are_not_those_announced_are_refused(site: Site, damage: str) -> None:
    parcel = site.parcel()
    name, data = largest(parcel)
    site.service.call("POST", "/deliveries", parcel.told)
    if damage == "chunk":
        assert site.service.chunk("d-1", name, 0, data[:HALF], digest="0" * 64).status_code == 422
        assert standing(site.service.call("GET", "/deliveries/d-1")).received == {}
        assert site.service.deliver(parcel).status_code == 200  # nothing was lost by it
    elif damage == "file":
        spoilt = Parcel(parcel.told, {**parcel.data, name: data[:-1] + bytes([data[-1] ^ 1])})
        assert site.service.deliver(spoilt).status_code == 422
        assert site.service.finish("d-1").status_code == 422
        refused = site.house.registry.latest_request(site.wanted)
        assert refused is not None
        assert refused.refusal is not None
        assert "digest" in refused.refusal["cause"]
        assert (held(site), incoming(site)) == (None, [])
    elif damage == "offset":
        assert site.service.chunk("d-1", name, 1, data[:HALF]).status_code == 409
    else:
        assert site.service.chunk("d-1", name, len(data), b"more").status_code == 422


def changed_file(parcel: Parcel, name: str, data: bytes, rows: int) -> Parcel:
    files = [announced(name, data, rows) if file.resource == name else file for file in parcel.told.files]
    return Parcel(msgspec.structs.replace(parcel.told, files=files), {**parcel.data, name: data})


@pytest.mark.parametrize("fault", ["column", "type", "rows", "no parquet", "pages", "surplus", "missing", "twice"])
def test_tables_that_are_not_those_of_the_package_are_refused_for_good(site: Site, fault: str) -> None:
    parcel = site.parcel()
    table = pq.read_table(pa.BufferReader(parcel.data["acf"]))
    rows = table.num_rows
    if fault == "column":
        wrong = changed_file(parcel, "acf", parquet(table.rename_columns(["nr", *table.column_names[1:]])), rows)
    elif fault == "type":
        spoilt = table.set_column(0, "number", table.column("number").cast(pa.large_string()))
        wrong = changed_file(parcel, "acf", parquet(spoilt), rows)
    elif fault == "rows":
        wrong = changed_file(parcel, "acf", parcel.data["acf"], rows + 1)
    elif fault == "no parquet":
        wrong = changed_file(parcel, "acf", b"PAR1" + b"nothing of the kind" * 10 + b"PAR1", rows)
    elif fault == "pages":
        data = bytearray(parcel.data["acf"])
        data[8:200] = b"\xff" * 192
        wrong = changed_file(parcel, "acf", bytes(data), rows)
    elif fault == "surplus":
        extra = announced("passwords", b"x", 1)
        wrong = parcel.with_(files=[*parcel.told.files, extra])
    elif fault == "missing":
        wrong = parcel.with_(files=parcel.told.files[1:])
    else:
        wrong = parcel.with_(files=[*parcel.told.files, parcel.told.files[0]])
    answer = site.service.deliver(wrong)
    assert answer.status_code == 422, answer.text
    assert held(site) is None
    assert site.service.requests() == []  # it would come again just so
    assert incoming(site) == []


def test_no_file_is_written_but_those_announced(site: Site) -> None:
    site.service.call("POST", "/deliveries", site.parcel().told)
    for name in ("passwords", "..%2f..%2fvault.key", "%2e%2e"):
        assert site.service.chunk("d-1", name, 0, b"x").status_code in (404, 405, 422)
    assert incoming(site) == []


def test_the_quotas_of_a_service(house: House, server: Server, sandbox: Sandbox) -> None:
    with serving(house, Quotas(bytes_in_flight=1000)) as address:
        site = site_at(house, address, server, sandbox)
        assert site.service.deliver(site.parcel()).status_code == 413
    house.registry.forget_old_deliveries()
    with serving(house, Quotas(deliveries_a_day=1)) as address:
        site.service.address = address
        assert site.service.deliver(site.parcel("d-1")).status_code == 200
        again = site.service.deliver(site.parcel("d-2"))
        assert (again.status_code, int(again.headers["Retry-After"])) == (429, 3600)


def test_what_is_under_way_counts_until_it_is_accepted(house: House, server: Server, sandbox: Sandbox) -> None:
    with serving(house) as address:
        site = site_at(house, address, server, sandbox)
        parcel = site.parcel()
    size = sum(map(len, parcel.data.values()))
    with serving(house, Quotas(bytes_in_flight=size + size // 2)) as address:
        site.service.address = address
        assert site.service.call("POST", "/deliveries", parcel.told).ok
        assert site.service.call("POST", "/deliveries", parcel.told).ok
        second = site.service.call("POST", "/deliveries", parcel.with_(delivery_id="d-2").told)
        assert (second.status_code, "Retry-After" in second.headers) == (413, True)
        assert site.service.deliver(parcel).status_code == 200


def test_half_a_delivery_is_forgotten_after_a_day(site: Site) -> None:
    parcel = site.parcel()
    name, data = largest(parcel)
    site.service.call("POST", "/deliveries", parcel.told)
    site.service.chunk("d-1", name, 0, data[:HALF])
    later = replace(site.house, now=lambda: site.house.now() + timedelta(hours=23))
    Intake(later).begin()
    assert site.service.call("GET", "/deliveries/d-1").ok
    assert len(incoming(site)) == 1
    stray = site.house.home.incoming / site.agent_id / "stray"
    stray.mkdir()
    (stray / "act.part").write_bytes(b"x")
    much_later = replace(site.house, now=lambda: site.house.now() + timedelta(hours=25))
    Intake(much_later).begin()
    assert site.service.call("GET", "/deliveries/d-1").status_code == 404
    assert incoming(site) == []
    assert site.service.deliver(parcel).status_code == 200


def test_a_large_body_is_refused_before_it_is_there(site: Site) -> None:
    parcel = site.parcel()
    site.service.call("POST", "/deliveries", parcel.told)
    assert site.service.chunk("d-1", "act", 0, b"x" * (protocol.CHUNK + 1)).status_code == 413
    assert site.service.call("POST", "/deliveries", b"{" * (2 << 20)).status_code == 413
    where = urlsplit(site.service.address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    connection.request(
        "PUT",
        f"{protocol.PREFIX}/deliveries/d-1/act",
        body=(b"x" * 65536 for _ in range(17)),  # chunked: no length is told
        headers={
            "Authorization": f"Bearer {site.service.token}",
            protocol.PROTOCOL_HEADER: "1",
            protocol.OFFSET_HEADER: "0",
            protocol.DIGEST_HEADER: "0" * 64,
        },
        encode_chunked=True,
    )
    assert connection.getresponse().status == 413
    connection.close()
