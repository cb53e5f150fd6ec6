"""``python -m benchmarks.strikes``: the on-premise service and the hub are killed at random moments while dossiers are
delivered, more often than the tests have time for.

``[--kills 20] [--dossiers 8] [--entries 20] [--seed N]``: so many kills of the service, and every third time one of the
hub, over dossiers of at least so many entries a month. Fails where anything is lost, doubled, not what the files hold,
or left behind.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.agent_hub.pair import paired
from tests.agent_hub.strikes import HUB_EVERY, prepared, write_root


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--dossiers", type=int, default=8)
    parser.add_argument("--entries", type=int, default=20, help="entries a month of the smallest dossier")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        root = write_root(folder / "books", given.dossiers, given.entries)
        with paired(folder / "pair", root) as pair:
            struck = prepared(pair, random.Random(given.seed))
            began = time.perf_counter()
            struck.strike(given.kills)
            struck.ask()
            struck.calm()
            seconds = time.perf_counter() - began
            count = struck.assert_all_came_once_and_whole(folder / "work")
    print("| kills of the service | of the hub | dossiers | deliveries, each once and equal | seconds |")
    print("|---|---|---|---|---|")
    print(f"| {given.kills} | {given.kills // HUB_EVERY} | {given.dossiers} | {count} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
