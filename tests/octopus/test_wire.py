"""Answers of every shape: amounts to the cent, refusals with a meaning, nothing that is no answer."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import NotAnAnswer, Reply
from connectors.octopus import Octopus
from connectors.octopus.sandbox import Fault, OctopusSandbox
from connectors.octopus.wire import PART_BYTES, WAYS, OctopusWire, stamp
from connectors.sandbox.company import company
from foundation.errors import RateLimited, VendorDown, WrongInput
from tests.landed import Clock

from .landed import asked, expected, read, told

ROW = '{"bookyearKey":{"id":3},"journalType":2,"journalNr":1,"documentSequenceNr":7,"lineSequenceNr":1,'


class Canned:
    """A client that has one answer, which is checked as an answer of the vendor is."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.reply = Reply(status, {}, body)

    def call(self, method: str, url: str, *, check: Any, **given: Any) -> Reply:
        if self.reply.status == 200:
            check(self.reply)
        return self.reply


def wire(body: bytes, status: int = 200) -> OctopusWire:
    client: Any = Canned(body, status)
    return OctopusWire("http://localhost", 1, lambda endpoint: client)


@given(st.decimals(-(10**12), 10**12, places=6), st.sampled_from(["", "0", "000001"]))
def test_an_amount_is_what_is_written_rounded_to_four_decimals(amount: Decimal, noise: str) -> None:
    text = f"{amount:f}{noise}"
    body = f'{{"modifiedBookings":[{ROW}"accountKey":700000,"bookingAmount":{text}}}],"deletedBookings":[]}}'
    found = wire(body.encode()).bookings(3, 2, "").lines.to_pylist()[0]
    assert found["bookingAmount"] == Decimal(text).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    assert (found["bookyearKey_id"], found["accountKey"], found["relationKey_id"]) == (3, 700000, None)


@pytest.mark.parametrize(
    ("body", "lines", "deleted"),
    [
        ('{"modifiedBookings":null,"deletedBookings":null}', 0, 0),
        ('{"deletedBookings":[{"bookyearKey":{"id":3},"journalType":2,"documentSequenceNr":9}]}', 0, 1),
        ('{"deletedBookings":[],"modifiedBookings":[' + ROW + '"comment":"\\"deletedBookings\\":[]"}]}', 1, 0),
        ('{"modifiedBookings":[' + ROW + '"bookingAmount":"12.5"}]}', 1, 0),
    ],
)
def test_lists_may_be_missing_null_or_told_as_text(body: str, lines: int, deleted: int) -> None:
    found = wire(body.encode()).bookings(3, 2, "")
    assert (found.lines.num_rows, found.deleted.num_rows) == (lines, deleted)


def test_a_large_answer_is_read_as_a_small_one_is() -> None:
    count = 40_000
    rows = ",".join(f'{ROW}"accountKey":{number},"bookingAmount":{number}.05}}' for number in range(count))
    body = f'{{"modifiedBookings":[{rows}],"deletedBookings":[]}}'.encode()
    assert len(body) > PART_BYTES
    found = wire(body).bookings(3, 2, "").lines
    assert found.column("accountKey").to_pylist() == list(range(count))
    assert found.column("bookingAmount").to_pylist() == [Decimal(f"{number}.05") for number in range(count)]
    with pytest.raises(NotAnAnswer):
        wire(body[:-1]).bookings(3, 2, "")


def test_a_404_with_an_error_of_the_vendor_is_an_empty_list() -> None:
    nothing = wire(json.dumps({"errorMessage": "Geen gewijzigde boekingen"}).encode(), 404)
    assert nothing.bookings(-1, -1, "").lines.num_rows == 0
    assert nothing.changes("accounts/modified", modifiedTimeStamp="") == {"modified": [], "deleted": []}


def test_a_404_that_is_not_the_vendor_s_is_no_empty_list() -> None:
    with pytest.raises(WrongInput, match="base_url"):
        wire(b"<html>Not found</html>", 404).bookings(-1, -1, "")


def test_a_stamp_is_in_utc_with_milliseconds(clock: Clock) -> None:
    clock.pass_by(milliseconds=7)
    assert stamp(clock()) == "2026-11-24 09:00:00.007"


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_that_speaks_of_a_limit_parks_until_the_next_day(status: int) -> None:
    body = json.dumps({"errorMessage": "Dagelijkse limiet overschreden"}).encode()
    refusal = WAYS.refusal(Reply(status, {"date": "Tue, 24 Nov 2026 09:00:00 GMT"}, body))
    assert isinstance(refusal, RateLimited)
    assert refusal.resume_at is not None
    assert refusal.resume_at.isoformat() == "2026-11-24T23:05:00+00:00"
    assert WAYS.refusal(Reply(status, {}, b'{"technicalInfo":"journal closed"}')) is None


@pytest.mark.parametrize("kind", ["500", "503", "html", "truncated", "cut", "reset", "429_minute", "401"])
@pytest.mark.parametrize("path", ["bookings/modified", "bookyears", "accounts/modified", "dossiers?"])
def test_what_passes_is_sat_out(
    connector: Octopus, sandbox: OctopusSandbox, clock: Clock, kind: Any, path: str
) -> None:
    sandbox.knobs.faults = [Fault(kind, path=path, times=1, skip=0 if path == "dossiers?" else 1)]
    landed = read(connector)
    assert told(connector, landed) == expected(company("BE", entries_per_month=2))


def test_a_gateway_s_page_is_never_taken_for_data(connector: Octopus, sandbox: OctopusSandbox) -> None:
    sandbox.knobs.faults = [Fault("html", path="accounts/amounts", times=-1)]
    calls = asked(sandbox, "accounts/amounts")
    with pytest.raises(VendorDown):
        read(connector)
    assert calls() == 5
