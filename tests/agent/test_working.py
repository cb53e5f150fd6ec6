"""What the service does in which order, and what it does not do: too much, at the wrong hour, again and again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from agent.protocol import Request
from agent.reading import NoSpace, Reader
from agent.settings import Limits
from agent.spool import MOST_ATTEMPTS, Spool
from agent.worker import HELD_SECONDS
from connectors.contract import Batch, ExtractRequest, NextCursor
from foundation.errors import BadFile, Busy, GrandlivreError
from tests.agent.faults import Fault
from tests.agent.ground import Ground, enrolled, tables, write_books
from tests.agent.hub import TestHub


def order(hub: TestHub) -> list[str]:
    return [each.delivery.request_id for each in hub.accepted]


def test_what_a_person_waits_for_comes_before_the_night(ground: Ground, hub: TestHub) -> None:
    for number in range(3):
        hub.want(f"night-{number}", "BROU_2", since=date(2020 + number, 1, 1))
    hub.want("urgent", "ATELIER", urgent=True)
    ground.work(hub)
    assert order(hub) == ["urgent", "night-0", "night-1", "night-2"]


def test_what_becomes_urgent_during_the_night_comes_next(ground: Ground, hub: TestHub) -> None:
    for number in range(3):
        hub.want(f"night-{number}", "BROU_2", since=date(2020 + number, 1, 1))
    while not hub.accepted:
        ground.worker.round(wait=0)
    hub.want("urgent", "ATELIER", urgent=True)
    ground.clock.seconds += 10  # it asks no more often than that while it works
    ground.work(hub)
    assert order(hub) == ["night-0", "urgent", "night-1", "night-2"]


@pytest.fixture
def small_chunks(tmp_path: Path, hub: TestHub, books: Path) -> Iterator[Ground]:
    ground = Ground(enrolled(tmp_path, hub, books), chunk_bytes=4000)
    with ground.spool.taken():
        yield ground
    ground.close()


def slow_upload(ground: Ground, hub: TestHub, chunk: int, **wanted: object) -> list[str]:
    """From chunk number ``chunk`` on a person waits; every chunk takes twenty seconds. Returns which deliveries the
    chunks that came were of."""
    night = hub.want("night", "BROU_2")
    chunks: list[str] = []

    def slow(asked: str) -> None:
        found = re.search("PUT .*/deliveries/([^/]+)/", asked)
        if found:
            ground.clock.seconds += 20
            chunks.append(hub.arriving[found[1]].delivery.request_id)
            if len(chunks) == chunk:
                hub.want("urgent", urgent=True, **({"external_id": "ATELIER"} | wanted))

    hub.chaos = slow
    ground.work(hub)
    assert night.request_id in chunks
    return chunks


def test_what_a_person_waits_for_does_not_wait_behind_a_long_upload(small_chunks: Ground, hub: TestHub) -> None:
    chunks = slow_upload(small_chunks, hub, 3)
    assert order(hub) == ["urgent", "night"]
    before = chunks.index("urgent")
    assert before <= 4  # the chunk that was under way, and no other
    assert chunks[:before] == ["night"] * before
    assert set(chunks[before : chunks.index("night", before)]) == {"urgent"}
    assert chunks.count("night") == sum(-(-file.size // 4000) for file in hub.delivered("night")[0].delivery.files)


def test_a_refusal_of_what_a_person_waits_for_leaves_the_upload_to_go_on(small_chunks: Ground, hub: TestHub) -> None:
    chunks = slow_upload(small_chunks, hub, 3, external_id="NOBODY")
    assert hub.refused["urgent"].kind == "wrong_input"
    assert set(chunks) == {"night"}
    assert order(hub) == ["night"]


def test_an_urgent_upload_is_not_put_off_for_another(small_chunks: Ground, hub: TestHub) -> None:
    hub.want("first", "ATELIER", urgent=True)
    chunks = slow_upload(small_chunks, hub, 2)
    assert order(hub) == ["first", "urgent", "night"]
    assert chunks[: chunks.count("first")] == ["first"] * chunks.count("first")


def test_an_upload_goes_on_while_the_hub_answers_no_questions(small_chunks: Ground, hub: TestHub) -> None:
    hub.want("first", "ATELIER", since=date(2026, 1, 1))
    while not hub.arriving:  # asked, and read
        small_chunks.worker.round(wait=0)
    hub.faults.append(Fault("503", "GET .*/requests", times=2))
    assert "night" in slow_upload(small_chunks, hub, 3)
    assert sorted(order(hub)) == ["first", "night", "urgent"]


def test_room_for_what_waits_comes_with_what_was_taken(ground: Ground, hub: TestHub) -> None:
    hub.faults.append(Fault("413", "POST .*/deliveries$"))
    for number in range(2):
        hub.want(f"night-{number}", "BROU_2", since=date(2020 + number, 1, 1))
    ground.work(hub)
    assert sorted(order(hub)) == ["night-0", "night-1"]
    assert ground.clock.seconds < HELD_SECONDS


def test_in_quiet_hours_only_what_is_urgent_is_read(tmp_path: Path, hub: TestHub, books: Path) -> None:
    quiet = '[limits]\nquiet_hours = ["02:30-03:30"]'  # the clock begins at three
    ground = Ground(enrolled(tmp_path, hub, books, more=quiet))
    hub.want("night", "BROU_2")
    hub.want("urgent", "ATELIER", urgent=True)
    with ground.spool.taken():
        for _ in range(10):
            ground.worker.round(wait=0)
        assert order(hub) == ["urgent"]
        asked = len(hub.calls)
        for _ in range(10):
            ground.worker.round(wait=25)
        assert len(hub.calls) - asked <= 10  # no more than once in ten seconds
        ground.clock.seconds = 1800
        ground.work(hub)
    ground.close()
    assert order(hub) == ["urgent", "night"]


def test_hours_over_midnight() -> None:
    limits = Limits(quiet_hours=((time(22), time(6)), (time(12), time(13))))
    told = {hour: limits.is_quiet(time(hour)) for hour in (21, 22, 0, 5, 6, 12, 13)}
    assert told == {21: False, 22: True, 0: True, 5: True, 6: False, 12: True, 13: False}


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        ({"external_id": "ATELLIER"}, "wrong_input", "unknown sync reference 'ATELLIER'"),
        ({"external_id": "../books"}, "wrong_input", "not a folder name"),
        ({"external_id": "Scans"}, "wrong_input", "not a WinBooks dossier"),
        ({"external_id": "ATELIER", "totals_only": True}, "wrong_input", "no trial balance"),
        ({"external_id": "ATELIER", "source": "venice"}, "wrong_input", "no source 'venice'"),
        ({"external_id": "ATELIER", "software": "popsy"}, "wrong_input", "holds winbooks and not popsy"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_with_the_reason(
    asked: dict[str, object], kind: str, words: str, ground: Ground, hub: TestHub
) -> None:
    hub.want("r1", **asked)  # type: ignore[arg-type]
    ground.work(hub)
    refusal = hub.refused["r1"]
    assert refusal.kind == kind
    assert words in refusal.cause
    assert refusal.next_step
    assert ground.spool.bytes == 0


def test_a_damaged_file_is_told_as_such(tmp_path: Path, hub: TestHub) -> None:
    root = write_books(tmp_path / "books")
    act = root / "ATELIER" / "ATELIER_act.dbf"
    act.write_bytes(act.read_bytes()[:-500])
    ground = Ground(enrolled(tmp_path / "service", hub, root))
    hub.want("r1", "ATELIER")
    with ground.spool.taken():
        ground.work(hub)
    ground.close()
    assert hub.refused["r1"].kind == "bad_file"
    assert "ATELIER_act.dbf" in hub.refused["r1"].cause


def test_a_refusal_that_the_hub_did_not_hear_is_said_again(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "NOBODY")
    hub.faults.append(Fault("down", "/refusal"))
    ground.clock.seconds += 10
    ground.work(hub)
    assert hub.refused["r1"].kind == "wrong_input"


class Room:
    """A connector that tells ``batches`` of a WinBooks ledger, then does ``last``."""

    def __init__(self, inner, last=None, copies: int = 1) -> None:
        self.inner, self.last, self.copies = inner, last, copies
        self.resources = inner.resources

    def extract(self, request: ExtractRequest):
        for event in self.inner.extract(request):
            if isinstance(event, NextCursor) and self.last:
                raise self.last
            for _ in range(self.copies if isinstance(event, Batch) else 1):
                yield event

    def close(self) -> None:
        self.inner.close()


def reader_of(ground: Ground, limits: Limits | None = None, **room: object) -> tuple[Reader, Spool]:
    spool = Spool(ground.settings.spool, limits)
    opened = lambda source: Room(ground.opened(source), **room)  # noqa: E731
    return Reader(ground.settings, spool, ground.clock, opened), spool  # type: ignore[arg-type]


ASKED = Request(request_id="r1", source="winbooks", software="winbooks", external_id="ATELIER")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BadFile("cut off", subject="x.dbf"), "bad_file"),
        (Busy("somebody writes"), "busy"),
        (OSError(28, "No space left on device"), "busy"),
        (ValueError("password=secret-1"), "bug"),
    ],
)
def test_whatever_the_room_meets_becomes_a_refusal_and_leaves_nothing(
    error: Exception, kind: str, ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    reader, spool = reader_of(ground, last=error)
    refusal = reader.read(ASKED)
    assert refusal
    assert refusal.kind == kind
    assert "secret-1" not in refusal.cause
    assert isinstance(error, GrandlivreError) is (refusal.cause.endswith(str(getattr(error, "cause", "-"))))
    assert spool.bytes == 0
    assert not list(spool.scratch.glob("reading"))


def test_a_dossier_that_takes_the_service_down_is_given_up_after_five_times(ground: Ground) -> None:
    class Killed(BaseException):
        """As if the process had ended: nothing of ours runs after it."""

    for _ in range(MOST_ATTEMPTS):
        reader, spool = reader_of(ground, last=Killed())
        with pytest.raises(Killed):
            reader.read(ASKED)
    reader, spool = reader_of(ground)
    refusal = reader.read(ASKED)
    assert refusal
    assert "ended the service 5 times" in refusal.cause
    assert reader.read(ASKED) is None  # asked anew, it is tried anew
    assert len(spool.deliveries()) == 1


def test_a_full_spool_stops_the_reading_and_tells_it(tmp_path: Path, hub: TestHub, books: Path) -> None:
    ground = Ground(enrolled(tmp_path, hub, books, more="[limits]\nspool_megabytes = 1"))
    hub.want("r1", "BROU_2")
    hub.want("r2", "ATELIER")
    hub.faults.append(Fault("503", "POST .*/deliveries$", retry_after="60"))
    with ground.spool.taken():
        while not (waiting := ground.spool.deliveries()):
            ground.worker.round(wait=0)
        filler = ground.spool.file(waiting[0], "filler")
        filler.write_bytes(bytes(1 << 20))
        for _ in range(10):
            ground.worker.round(wait=0)
        assert len(ground.spool.deliveries()) == 1
        assert "the spool holds its 1 MB" in (ground.worker.last_error or "")
        assert ground.heartbeat.report().last_error == ground.worker.last_error
        ground.work(hub)
    ground.close()
    assert order(hub) == ["r1", "r2"]


def test_a_dossier_that_outgrows_an_empty_spool_is_refused_and_beside_others_it_waits(ground: Ground) -> None:
    small = Limits(spool_bytes=60_000, free_bytes=1)
    reader, spool = reader_of(ground, small, copies=400)
    refusal = reader.read(ASKED)
    assert refusal
    assert refusal.kind == "busy"
    assert "too little for this dossier" in refusal.cause
    assert reader_of(ground)[0].read(ASKED) is None
    with pytest.raises(NoSpace):
        reader.read(ASKED)
    assert len(spool.deliveries()) == 1


def test_memory_does_not_hold_a_dossier(ground: Ground, hub: TestHub) -> None:
    reader, spool = reader_of(ground, copies=400)
    assert reader.read(ASKED) is None
    (delivery,) = spool.deliveries()
    written = pq.ParquetFile(spool.file(delivery, "act")).metadata
    assert written.num_rows > 1 << 16
    assert written.num_row_groups > 1
    assert written.row_group(0).column(0).compression == "LZ4"


def test_a_start_clears_what_was_half_read_and_keeps_what_is_complete(ground: Ground, hub: TestHub) -> None:
    reader, spool = reader_of(ground)
    assert reader.read(ASKED) is None
    half = spool.new("half")
    shutil.copy(spool.file(spool.deliveries()[0], "act"), half / "act.parquet")
    (spool.scratch / "reading").mkdir()
    spool.clear()  # what taking it does
    assert not half.exists()
    assert not list(spool.scratch.iterdir())
    hub.want("r1", "ATELIER")
    ground.work(hub)
    (arrived,) = hub.delivered("r1")
    assert tables(arrived)["act"].num_rows > 100
    assert len(hub.accepted) == 1


def test_two_services_do_not_share_a_spool(ground: Ground) -> None:
    with pytest.raises(Busy, match="already works with the spool"), Spool(ground.settings.spool).taken():
        raise AssertionError


def test_a_hub_that_does_not_hold_the_question_is_not_asked_without_end(ground: Ground, hub: TestHub) -> None:
    ground.survey.complete()
    hub.holds = False
    for _ in range(20):
        ground.worker.round(wait=25)
    assert len(hub.calls) <= 41
    assert ground.clock.seconds >= 150
