"""The rotating consent between processes: real ones, killed for real."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.exact_online.sandbox import ExactSandbox, open_sandbox
from connectors.sandbox.company import company
from foundation.errors import SignInAgain
from tests.wire.file_tokens import FileTokens

from .landed import SOFTWARE
from .processes import verify

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def live() -> Iterator[ExactSandbox]:
    """A sandbox by the real clock, for processes that have no other."""
    with open_sandbox(SOFTWARE, company("BE"), now=lambda: datetime.now(UTC)) as running:
        yield running


def run(live: ExactSandbox, path: Path, die: str) -> int | None:
    process = SPAWN.Process(target=verify, args=(live.settings, live.secrets, path, die))
    process.start()
    process.join(60)
    return process.exitcode


def test_processes_that_start_at_once_refresh_once(live: ExactSandbox, tmp_path: Path) -> None:
    gate = SPAWN.Barrier(3)
    arguments = (live.settings, live.secrets, tmp_path / "tokens", "", gate)
    processes = [SPAWN.Process(target=verify, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert live.vendor.desk.log == ["refresh_token"]


def test_killed_after_the_save_nothing_is_lost(live: ExactSandbox, tmp_path: Path) -> None:
    assert run(live, tmp_path / "tokens", "after") == 9
    assert "/api/v1/current/Me" not in "".join(live.vendor.requests), "saved before first use"
    verify(live.settings, live.secrets, tmp_path / "tokens")
    assert live.vendor.desk.log == ["refresh_token"]


def test_killed_between_reply_and_save_the_lock_is_free_and_a_person_is_asked_once(
    live: ExactSandbox, tmp_path: Path
) -> None:
    assert run(live, tmp_path / "tokens", "before") == 9
    assert not (tmp_path / "tokens").exists()
    with pytest.raises(SignInAgain, match="Old refresh token used"):
        verify(live.settings, live.secrets, tmp_path / "tokens")
    assert live.vendor.desk.log == ["refresh_token"] * 2


def test_a_fresh_consent_heals_what_was_lost(live: ExactSandbox, tmp_path: Path) -> None:
    run(live, tmp_path / "tokens", "before")
    tokens = FileTokens(tmp_path / "tokens")
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    live.vendor.desk.now = lambda: datetime.now(UTC) + timedelta(minutes=10)
    tokens.save({"refresh_token": live.vendor.desk.refresh_token, "issued_at": long_ago.isoformat()})
    verify(live.settings, live.secrets, tmp_path / "tokens")
    assert live.vendor.desk.log[-1] == "refresh_token"
