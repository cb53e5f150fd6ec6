"""Nights whose processes are killed at random moments end in what undisturbed nights make of the same books.

``python -m benchmarks.kills`` does the same with more dossiers and more kills.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from tests.machines.aftermath import assert_all_is_done, assert_nothing_is_half_done, assert_nothing_is_left
from tests.machines.books import Books, dump
from tests.machines.nights import Installation, kill_again_and_again
from tests.postgres import Server

KILLS = 10  # in each database
EACH = 6
SEED = time.time_ns() % 1_000_000


@pytest.fixture(params=["duckdb", "postgres"])
def installations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    """Two that have the same books."""
    server: Server | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    books = Books(tmp_path / "books", EACH)
    books.write()
    made = [Installation(tmp_path / name, books, server.empty_database() if server else None) for name in "ab"]
    with closing(made[0]) as calm, closing(made[1]) as struck:
        yield calm, struck


def test_nights_killed_at_random_moments_end_as_undisturbed_ones(
    installations: tuple[Installation, Installation],
) -> None:
    calm, struck = installations
    begun: list[datetime] = []

    def look(night: datetime) -> None:
        begun.append(night)
        assert_nothing_is_half_done(struck, night)

    print(f"seed {SEED}")  # noqa: T201
    kill_again_and_again(calm, struck, KILLS, Random(SEED), look)
    assert_all_is_done(struck, begun[-1])
    assert_nothing_is_left(struck)
    assert dump(struck.house) == dump(calm.house)
