"""Many dossiers in one run: what is skipped, and what is not tried because it cannot work."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.ledgers import TRIGGER_TAG
from assets.night import DOWN_AFTER, UNLESS_SYNCED_SINCE_TAG, Night, Silences, fresh_since
from assets.sync import Outcome, SyncOptions
from connectors.catalog import package
from foundation.errors import BadFile, SignInAgain, VendorDown, WrongInput
from portal.operations.connections import verify
from tests.contract.dossier import Linked, linked
from tests.pipelines.firm import Firm

NIGHT = datetime(2025, 3, 1, 0, 0, tzinfo=UTC)
SINCE = {TRIGGER_TAG: "nightly", UNLESS_SYNCED_SINCE_TAG: NIGHT.isoformat()}


def test_what_was_read_since_the_night_began_is_skipped_and_green(firm: Firm) -> None:
    firm.materialize("second")
    before = firm.house.registry.runs(limit=None)
    result = firm.materialize(firm.ids[0], "third", **SINCE)
    assert result.success
    told = firm.materialized()
    assert {key: told[key]["status"] for key in firm.ids} == {
        firm.ids[0]: "synced",
        "second": "skipped",
        "third": "synced",
    }
    assert told["second"]["sync"] == before[0].sync_id
    assert "lines" not in told["second"], "no line was looked at: that is not a zero"
    assert set(firm.statuses().values()) == {"MATERIALIZED"}
    assert len(firm.house.registry.runs(limit=None)) == len(before) + 2, "nothing is recorded of what did not run"


def test_a_skipped_dossier_needs_neither_the_vendor_nor_the_database(firm: Firm) -> None:
    firm.materialize(firm.ids[0], "third")
    for name in ("second", "third"):
        (firm.root / name).rename(firm.root / f".{name}")
    firm.house.warehouse.live.write_bytes(b"not a database")
    night = Night(firm.house, "verocount", SyncOptions(trigger="nightly"), NIGHT)
    assert [night.sync(key).status for key in firm.ids] == ["skipped"] * 3


def test_a_later_night_reads_again_and_so_does_a_run_without_a_moment(firm: Firm) -> None:
    firm.materialize(firm.ids[0])
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    firm.materialize(firm.ids[0], **{UNLESS_SYNCED_SINCE_TAG: later})
    firm.materialize(firm.ids[0])
    assert [run.status for run in firm.house.registry.runs()] == ["unchanged", "unchanged", "synced"]


def test_figures_made_again_from_landing_do_not_count_as_read(firm: Firm) -> None:
    firm.dossier.sync()
    begun = datetime.now(UTC)
    assert firm.dossier.sync(from_landing=True).good
    assert Night(firm.house, "verocount", SyncOptions(), begun).sync(firm.ids[0]).status == "unchanged"


@pytest.mark.parametrize("text", ["soon", "2025-01-01T01:00:00"])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongInput, match=r"Give a moment like 2025-01-31T01:00:00\+01:00"):
        fresh_since({UNLESS_SYNCED_SINCE_TAG: text})
    assert fresh_since({}) is None


@pytest.fixture
def online(tmp_path: Path) -> Iterator[Linked]:
    """A dossier of a package that is called, and nine others of the same connection."""
    with linked(package("exact_online_be"), tmp_path) as dossier:
        connection = dossier.house.registry.link(dossier.dossier_id).connection_id
        for number in range(1, 10):
            dossier.house.registry.add_link(
                connection, f"90{number}", code=f"90{number}", name="N", dossier_id=f"n{number}"
            )
        yield dossier


OTHERS = [f"n{number}" for number in range(1, 10)]


def night(dossier: Linked, trigger: str = "nightly") -> Night:
    """A night that does not really wait between tries."""
    house = dataclasses.replace(dossier.house, sleep=lambda seconds: None)
    return Night(house, "exact_online_be", SyncOptions(trigger=trigger, publish=False))


def refuse(dossier: Linked) -> str:
    """From now on the vendor refuses the connection's sign-in; returns the connection."""
    connection = dossier.house.registry.link(dossier.dossier_id).connection_id
    tokens = dossier.house.registry.tokens(connection)
    with tokens.exclusive():
        tokens.save({"refresh_token": "void"})
    return connection


def test_a_refused_connection_is_called_once_and_its_other_dossiers_fail_with_the_same_reason(online: Linked) -> None:
    connection = refuse(online)
    tonight = night(online)
    first = tonight.sync("n1")
    assert isinstance(first.error, SignInAgain)
    assert online.house.registry.connection(connection).health == "needs_login"
    calls = online.sandbox.calls
    others = [tonight.sync(key) for key in OTHERS[1:5]] + [night(online).sync(key) for key in OTHERS[5:]]
    assert online.sandbox.calls == calls
    for key, outcome in zip(OTHERS[1:], others, strict=True):
        assert outcome.status == "failed"
        assert isinstance(outcome.error, SignInAgain)
        assert outcome.error.cause == first.error.cause
        assert outcome.error.next_step == first.error.next_step
        run = online.house.registry.last_run(key)
        assert run is not None
        assert (run.sync_id, run.status, run.error_kind) == (outcome.sync_id, "failed", "needs_login")
        assert (run.trigger, run.vendor_calls, run.error_message) == ("nightly", 0, str(outcome.error))


def test_a_person_may_still_try_and_signing_in_again_clears_it(online: Linked) -> None:
    consent = dict(online.house.registry.tokens(online.house.registry.link("n1").connection_id).read())
    connection = refuse(online)
    night(online).sync("n1")
    calls = online.sandbox.calls
    assert isinstance(night(online, "manual").sync("n2").error, SignInAgain)
    assert online.sandbox.calls > calls, "a person's sync asks the vendor"
    tokens = online.house.registry.tokens(connection)
    with tokens.exclusive():
        tokens.save(consent)
    verify(online.house, connection)  # as `grandlivre reconnect` does with a new consent
    assert night(online).sync(online.dossier_id).status == "synced"


def test_a_connection_that_nobody_tried_is_not_a_refused_one(online: Linked) -> None:
    registry = online.house.registry
    assert registry.add_connection("exact_online_be", "Other").refused is False


def test_a_vendor_that_is_down_is_left_alone_for_the_rest_of_the_run_only(online: Linked) -> None:
    connection = online.house.registry.link("n1").connection_id
    settings = online.house.registry.connection(connection).settings
    online.house.registry.replace_secrets(
        connection,
        online.house.registry.secrets(connection),
        settings={**settings, "base_url": "http://127.0.0.1:9"},
        keep_tokens=True,
    )
    tonight = night(online)
    tried = [tonight.sync(key) for key in OTHERS]
    assert all(isinstance(outcome.error, VendorDown) for outcome in tried)
    causes = [outcome.error.cause for outcome in tried if outcome.error]
    assert not any("not tried" in cause for cause in causes[:DOWN_AFTER])
    assert all(f"not tried: the package did not answer for {DOWN_AFTER} dossiers" in c for c in causes[DOWN_AFTER:])
    kinds = {run.error_kind for run in online.house.registry.runs()}
    assert kinds == {"vendor_down"}
    again = night(online).sync("n9").error
    assert again is not None
    assert "not tried" not in again.cause


def test_an_unknown_dossier_is_an_outcome_and_not_an_exception(online: Linked) -> None:
    outcome = night(online).sync("nobody")
    assert outcome == Outcome("nobody", "failed", error=outcome.error)
    assert "there is no dossier 'nobody'" in str(outcome.error)


ENDS = st.sampled_from(["down", "bad", "good"])


@given(st.lists(st.tuples(st.sampled_from("ab"), ENDS), max_size=30))
def test_a_connection_is_left_alone_exactly_after_five_silences_in_a_row(heard: list[tuple[str, str]]) -> None:
    silences = Silences()
    errors = {"down": VendorDown("no answer"), "bad": BadFile("cut off"), "good": None}
    for connection, end in heard:
        silences.hear(connection, errors[end])
    for connection in "ab":
        ends = [end for which, end in heard if which == connection]
        silent = len(ends) >= DOWN_AFTER and set(ends[-DOWN_AFTER:]) == {"down"}
        assert (silences.reason(connection) is not None) == silent
