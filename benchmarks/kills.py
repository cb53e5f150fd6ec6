"""``python -m benchmarks.kills``: nights that are killed at random moments, more of them than the tests have time for.

``[--kills 20] [--dossiers 24] [--seed N]``: so many kills in DuckDB and as many in Postgres, with so many dossiers of
each of two packages. Fails where anything is lost, half loaded, or left behind.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tests.machines.aftermath import assert_all_is_done, assert_nothing_is_half_done, assert_nothing_is_left
from tests.machines.books import PACKAGES, Books, dump
from tests.machines.nights import Installation, kill_again_and_again
from tests.postgres import Server


def prove(folder: Path, each: int, kills: int, seed: int, server: Server | None) -> str:
    """Kills nights in ``folder``; returns a row of the table."""
    books = Books(folder / "books", each)
    books.write()
    made = [Installation(folder / name, books, server.empty_database() if server else None) for name in "ab"]
    with closing(made[0]) as calm, closing(made[1]) as struck:
        begun: list[datetime] = []

        def look(night: datetime) -> None:
            begun.append(night)
            assert_nothing_is_half_done(struck, night)

        nights, seconds = kill_again_and_again(calm, struck, kills, random.Random(seed), look)
        assert_all_is_done(struck, begun[-1])
        assert_nothing_is_left(struck)
        same = dump(struck.house)
        assert same == dump(calm.house)
    name = "Postgres" if server else "DuckDB"
    return (
        f"| {name} | {each * len(PACKAGES)} | {kills} | {nights} | {seconds:.1f} | {len(same.splitlines()):,} equal |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--dossiers", type=int, default=24, help="of each package")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given = parser.parse_args()
    print(f"seed {given.seed}")
    print("| | dossiers | kills | nights | seconds of an undisturbed night | rows of the warehouse |")
    print("|---|---|---|---|---|---|")
    for server in (None, Server()):
        with tempfile.TemporaryDirectory() as folder:
            print(prove(Path(folder), given.dossiers, given.kills, given.seed, server), flush=True)
        if server:
            server.stop()


if __name__ == "__main__":
    main()
