"""A dossier that the hub asks for arrives whole and once, whatever the line and the hub do."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from agent.reading import open_source
from connectors.contract import Batch, ExtractRequest
from tests.agent.faults import Fault
from tests.agent.ground import Ground, enrolled, tables
from tests.agent.hub import TestHub
from tests.agent.serving import serving


def read_directly(ground: Ground, external_id: str, since: date | None = None) -> dict[str, pa.Table]:
    """What the room itself tells, by resource."""
    connector = open_source(ground.settings, ground.settings.sources[0], ground.clock, ground.spool.scratch / "direct")
    found: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    for event in connector.extract(ExtractRequest(external_id, since)):
        if isinstance(event, Batch):
            rows = event.rows
            found[event.resource].append(rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows]))
    schemas = {resource.name: resource.schema for resource in connector.resources}
    return {name: pa.concat_tables([schemas[name].empty_table(), *parts]) for name, parts in found.items()}


def test_what_arrives_is_what_the_room_tells(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "ATELIER")
    ground.work(hub)
    (arrived,) = hub.delivered("r1")
    told = read_directly(ground, "ATELIER")
    assert {name: table.num_rows for name, table in tables(arrived).items()}["act"] > 100
    assert tables(arrived) == told
    assert {file.resource: file.rows for file in arrived.delivery.files} == {n: t.num_rows for n, t in told.items()}
    assert {remark.code for remark in arrived.delivery.remarks} >= {"dummy_documents", "duplicate_rows"}
    assert arrived.delivery.read_at == ground.clock.now() - timedelta(seconds=ground.clock.seconds)
    assert ground.spool.deliveries() == []
    assert ground.spool.bytes == 0


def test_a_date_and_a_cursor_reach_the_room(ground: Ground, hub: TestHub) -> None:
    hub.want("whole", "ATELIER")
    hub.want("late", "ATELIER", since=date(2026, 1, 1))
    ground.work(hub)
    (whole,), (late,) = hub.delivered("whole"), hub.delivered("late")
    assert 0 < tables(late)["act"].num_rows < tables(whole)["act"].num_rows
    hub.want("again", "ATELIER", cursor=whole.delivery.cursor)
    ground.work(hub)
    (again,) = hub.delivered("again")
    assert again.delivery.unchanged
    assert again.delivery.files == []


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        (kind, where)
        for kind in ("down", "lost", "503", "html", "redirect")
        for where in ("GET .*/requests", "POST .*/deliveries$", "PUT ", "/finish")
    ]
    + [("cut", "PUT "), ("cut", "POST .*/deliveries$"), ("500", "PUT "), ("404", "PUT "), ("409", "PUT ")]
    + [("422", "PUT "), ("408", "PUT "), ("408", "POST .*/deliveries$"), ("proxy", "PUT "), ("proxy", "/finish")],
)
def test_a_fault_of_line_or_hub_costs_time_only(fault: str, where: str, ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault(fault, where, times=2))
    ground.work(hub)
    assert hub.faults[0].times < 2
    (arrived,) = hub.delivered("r1")
    assert tables(arrived) == read_directly(ground, "BROU_2")


def test_a_file_goes_in_chunks_and_on_from_where_it_stood(ground: Ground, hub: TestHub) -> None:
    ground = Ground(ground.config, chunk_bytes=4096)
    hub.want("r1", "ATELIER")
    hub.faults += [Fault("lost", "PUT .*/act", times=1), Fault("cut", "PUT .*/act", times=1)]
    ground.work(hub)
    (arrived,) = hub.delivered("r1")
    assert tables(arrived) == read_directly(ground, "ATELIER")
    sent = [call for call in hub.calls if call.startswith("PUT") and call.endswith("/act")]
    size = next(file.size for file in arrived.delivery.files if file.resource == "act")
    assert len(sent) == -(-size // 4096)  # the chunk whose answer was lost is not sent again


def test_the_hub_is_away_and_comes_back(tmp_path: Path, books: Path) -> None:
    hub = TestHub()
    with serving(hub):
        port = int(hub.url.rpartition(":")[2])
        ground = Ground(enrolled(tmp_path, hub, books))
        hub.want("r1", "ATELIER")
        hub.want("r2", "BROU_2")
    with ground.spool.taken():
        with serving(hub, port):
            ground.worker.ask(0)
        while len(ground.spool.deliveries()) < 2:  # it reads on what was asked before
            ground.worker.round(wait=0)
        for _ in range(60):
            ground.worker.round(wait=25)
        assert ground.worker.last_error
        assert "does not answer" in ground.worker.last_error
        assert ground.clock.seconds > 600
        assert ground.away.failures < 12  # ever longer pauses, up to five minutes
        ground.clock.seconds += 300
        with serving(hub, port):
            ground.work(hub)
    assert sorted(each.delivery.external_id for each in hub.accepted) == ["ATELIER", "BROU_2"]
    assert ground.worker.last_error is None
    ground.close()


def test_a_hub_that_takes_no_deliveries_is_tried_ever_less_often_and_still_asked(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault("503", "POST .*/deliveries$", times=1000))
    while ground.clock.seconds < 600:
        ground.worker.round(wait=25)
    offers = [call for call in hub.calls if call.endswith("/deliveries")]
    assert 6 <= len(offers) <= 10
    assert sum("/requests" in call for call in hub.calls) >= 30
    hub.faults.clear()
    ground.work(hub)
    assert len(hub.delivered("r1")) == 1


def test_too_many_calls_are_waited_out_as_long_as_the_hub_says(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault("429", "POST .*/deliveries$", retry_after="120"))
    ground.work(hub)
    assert len(hub.delivered("r1")) == 1
    assert 120 <= ground.clock.seconds < 180


def test_a_delivery_that_the_hub_has_no_room_for_waits_and_others_go_on(ground: Ground, hub: TestHub) -> None:
    hub.want("big", "ATELIER")
    hub.quota = 0
    for _ in range(6):
        ground.worker.round(wait=0)
    assert "more than the quota" in (ground.worker.last_error or "")
    hub.quota = sum(file.size for file in ground.spool.deliveries()[0].files) - 1
    hub.want("small", "BROU_2")
    ground.clock.seconds += 10
    for _ in range(6):
        ground.worker.round(wait=0)
    assert not hub.delivered("big")
    assert hub.delivered("small")
    hub.quota = None
    ground.clock.seconds += 900
    ground.work(hub)
    assert len(hub.delivered("big")) == 1


def test_a_delivery_refused_for_good_leaves_the_spool_and_the_hub_is_told_why(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault("422", "/finish"))
    ground.work(hub)
    assert hub.refused["r1"].kind == "bug"
    assert "planted 422" in hub.refused["r1"].cause
    assert not hub.accepted


def test_a_file_damaged_in_the_spool_is_read_again(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault("503", "POST .*/deliveries$"))
    while not (waiting := ground.spool.deliveries()):
        ground.worker.round(wait=0)
    path = ground.spool.file(waiting[0], "act")
    path.write_bytes(bytes(reversed(path.read_bytes())))
    ground.work(hub)
    (arrived,) = hub.delivered("r1")
    assert arrived.delivery.delivery_id != waiting[0].delivery_id
    assert tables(arrived) == read_directly(ground, "BROU_2")
    assert hub.refused == {}


def test_a_delivery_whose_request_was_taken_back_is_forgotten(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.faults.append(Fault("503", "POST .*/deliveries$"))
    while not ground.spool.deliveries():
        ground.worker.round(wait=0)
    hub.requests.clear()
    ground.work(hub)
    assert not hub.accepted
    assert ground.spool.bytes == 0
