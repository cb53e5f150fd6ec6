"""Enrolment and the token: never lost, never readable by others, never told to another hub."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent import durable
from agent.enrolment import enrol
from agent.settings import load
from agent.tokens import TokenFile
from foundation.errors import AskForAccess, BadFile, SignInAgain, WrongInput
from tests.agent.faults import Fault
from tests.agent.ground import Ground, configure, enrolled
from tests.agent.hub import TestHub


def test_a_code_works_once_and_leaves_a_token_that_only_its_owner_may_read(tmp_path: Path, hub: TestHub) -> None:
    config = tmp_path / "etc" / "agent.toml"
    assert enrol(config, f"{hub.url}/", "CODE-1", spool=tmp_path / "spool") == "agent-1"
    settings = load(config)
    assert settings.hub == hub.url
    assert TokenFile(settings.token_file).read(hub.url).token.reveal() == hub.tokens[0]
    assert stat.S_IMODE(settings.token_file.stat().st_mode) == 0o600
    assert hub.enrolments[0].host
    assert hub.tokens[0] not in config.read_text()
    with pytest.raises(AskForAccess, match="used, or is too old"):
        enrol(config, None, "CODE-1")
    assert TokenFile(settings.token_file).read(hub.url).token.reveal() == hub.tokens[0]


def test_a_configuration_of_another_hub_is_left_as_it_is(tmp_path: Path, hub: TestHub) -> None:
    config = configure(tmp_path, "https://other.example.com", None)
    with pytest.raises(WrongInput, match="names the hub https://other"):
        enrol(config, hub.url, "CODE-1")
    assert hub.codes == {"CODE-1"}


def test_the_token_is_told_to_no_other_hub(tmp_path: Path, hub: TestHub) -> None:
    config = enrolled(tmp_path, hub, None)
    tokens = TokenFile(load(config).token_file)
    with pytest.raises(SignInAgain, match="is enrolled with"):
        tokens.read("https://other.example.com")


def test_a_redirect_is_not_followed(ground: Ground, hub: TestHub) -> None:
    hub.faults.append(Fault("redirect", "/report"))
    ground.heartbeat.beat()
    assert not any("elsewhere" in call for call in hub.calls)


def test_the_hub_asks_for_a_new_token_and_gets_on_with_it(ground: Ground, hub: TestHub) -> None:
    before = ground.tokens.read(hub.url).token
    hub.renew_token = True
    ground.heartbeat.beat()
    after = ground.tokens.read(hub.url).token
    assert after != before
    hub.want("r1", "BROU_2")
    ground.work(hub)
    assert hub.tokens == [after.reveal()]


def test_an_answer_with_a_new_token_that_is_lost_costs_nothing(ground: Ground, hub: TestHub) -> None:
    """As a crash between the answer and its keeping does: the token before stands until the new one is used."""
    before = ground.tokens.read(hub.url).token
    hub.renew_token = True
    hub.faults.append(Fault("lost", "/token"))
    assert ground.heartbeat.beat() < 60  # soon again
    assert ground.tokens.read(hub.url).token == before
    hub.want("r1", "BROU_2")
    ground.work(hub)
    hub.renew_token = True
    ground.heartbeat.beat()
    assert ground.tokens.read(hub.url).token != before
    ground.heartbeat.beat()
    assert len(hub.reports) == 3


def test_a_token_renewed_by_one_thread_is_seen_by_the_other_at_once(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "ATELIER")
    strikes = iter([True, False] * 3)  # the call that is said again is left alone

    def chaos(asked: str) -> None:
        if asked.startswith("PUT") and next(strikes, False):
            hub.renew_token = True
            ground.heartbeat.beat()
            ground.heartbeat.beat()  # uses the new one

    hub.chaos = chaos
    ground.work(hub)
    assert len(hub.delivered("r1")) == 1
    assert len(hub.reports) == 6
    assert ground.clock.slept == []  # nobody was turned away


def test_a_token_taken_back_is_said_and_a_new_enrolment_counts_at_once(ground: Ground, hub: TestHub) -> None:
    hub.want("r1", "BROU_2")
    hub.tokens = ["another"]
    for _ in range(5):
        ground.worker.round(wait=0)
    assert "enrol" in (ground.worker.last_error or "")
    hub.codes.add("CODE-9")
    enrol(ground.config, None, "CODE-9")
    ground.work(hub)
    assert len(hub.delivered("r1")) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"hub": 1}', b"\xff\xfe"])
def test_a_damaged_token_file_is_explained(content: bytes, ground: Ground, hub: TestHub) -> None:
    ground.settings.token_file.write_bytes(content)
    with pytest.raises(BadFile, match="holds no token"):
        ground.tokens.read(hub.url)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    durable.write(path, b"one")
    (tmp_path / "token.json.part").write_bytes(b"half of tw")  # of a process that was killed
    durable.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["token.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
