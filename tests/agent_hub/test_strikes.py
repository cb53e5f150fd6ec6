"""The service is killed at any moment while it delivers to the hub, and the hub too: everything arrives once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent_hub.pair import paired
from tests.agent_hub.strikes import prepared, write_root

KILLS = 10  # `python -m benchmarks.strikes` makes more of them


@pytest.mark.timeout(400)
def test_kills_of_the_service_and_of_the_hub_lose_nothing_and_double_nothing(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    record_testsuite_property("seed", seed)
    root = write_root(tmp_path / "books", dossiers=6, entries=2)
    with paired(tmp_path / "pair", root) as pair:
        struck = prepared(pair, random.Random(seed))
        struck.strike(KILLS)
        struck.ask()
        struck.calm()
        assert struck.assert_all_came_once_and_whole(tmp_path / "work") > len(struck.links)
