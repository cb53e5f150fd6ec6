"""Enrolment and the token: never lost, never readable by others, never told to another hub."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

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


@pytest.fixture
def umask() -> Iterator[None]:
    """That of an administrator who keeps everything to himself."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may reach, unlike that of a test."""
    with TemporaryDirectory(prefix="grandlivre-umask-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_a_strict_umask_closes_nothing_to_the_service_and_opens_nothing_to_others(tmp_path: Path, hub: TestHub) -> None:
    config, spool = tmp_path / "etc" / "deep" / "agent.toml", tmp_path / "var" / "lib" / "state"
    enrol(config, hub.url, "CODE-1", spool=spool)
    assert {path.name: oct(mode(path)) for path in (config, config.parent, config.parent.parent)} == {
        "agent.toml": "0o644",
        "deep": "0o755",
        "etc": "0o755",
    }
    assert {path.name: oct(mode(path)) for path in (spool / "token.json", spool, spool.parent)} == {
        "token.json": "0o600",
        "state": "0o700",
        "lib": "0o755",
    }


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another account")
@pytest.mark.usefixtures("umask")
def test_what_root_enrols_is_read_by_the_account_of_the_service_and_by_no_other(
    open_folder: Path, hub: TestHub
) -> None:
    config, spool = open_folder / "etc" / "agent.toml", open_folder / "state"
    durable.make_folder(spool, account="nobody")  # as `install -d -m 0700 -o ...` does
    enrol(config, hub.url, "CODE-1", spool=spool)

    def read_by(account: str, path: Path) -> bytes:
        group = pwd.getpwnam(account).pw_gid
        return subprocess.run(["cat", path], user=account, group=group, extra_groups=[], capture_output=True).stdout

    token = spool / "token.json"
    assert read_by("nobody", config) == read_by("daemon", config) == config.read_bytes()
    assert read_by("nobody", token) == token.read_bytes()
    assert read_by("daemon", token) == b""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another account")
def test_a_configuration_that_the_account_may_not_read_is_told_with_the_way_out(open_folder: Path) -> None:
    config, certificate = configure(open_folder, "https://hub.example.com", None), open_folder / "ca.pem"
    certificate.touch()
    config.write_text(config.read_text() + f"ca_file = '{certificate}'\n")
    for closed in (certificate, config):
        closed.chmod(0o600)
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            with pytest.raises(WrongInput, match=f"{closed} may not be read by this account.*chmod 644 {closed}"):
                load(config)
        finally:
            os.seteuid(0)
