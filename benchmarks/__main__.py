"""``make bench``: one Exact Online dossier from the wire to published figures, beside its baselines, in one run.

``python -m benchmarks [--lines 200000] [--repeat 3] [--big 1000000]``. The best of ``--repeat`` runs counts, for each
contender alike; dlt runs once. Ratios and peak memory are printed as a table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def serving(lines: int, slug: str = "exact_online_be") -> Iterator[dict[str, Any]]:
    """The replaying server, told in JSON."""
    command = [sys.executable, "-m", "benchmarks.package_server", slug, str(lines)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield json.loads(server.stdout.readline())
        server.stdin.close()


def timed(name: str, server: dict[str, Any], repeat: int = 1) -> dict[str, Any]:
    """The quickest of ``repeat`` runs of a contender, each in a process of its own. Processor time is the least of any,
    peak memory the greatest."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, "-m", "benchmarks.contenders", name, json.dumps(server)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    best = min(runs, key=lambda run: run["seconds"])
    return best | {
        "processor": min(run["processor"] for run in runs),
        "peak_mb": max(run["peak_mb"] for run in runs),
    }


def main() -> None:
    """Runs the contenders and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=200_000)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--big", type=int, default=1_000_000)
    given = arguments.parse_args()
    with serving(given.lines) as server:
        timed("ours", server)  # fills the server's memory; every contender then meets the same replayed answers
        found = {name: timed(name, server, given.repeat) for name in ("floor", "ours", "again")}
        found["dlt"] = timed("dlt", server)
    with serving(given.big) as server:
        big = timed("ours", server)
    floor, ours = found["floor"]["seconds"], found["ours"]["seconds"]
    print(f"{found['ours']['lines']:,} lines, wire to published figures:")
    for name, text in (("floor", "typed decode into DuckDB"), ("ours", "Grandlivre"), ("dlt", "dlt REST source")):
        run = found[name]
        pace = run["lines"] / run["seconds"]
        print(f"  {text:26} {run['seconds']:7.2f} s  {pace:9,.0f} lines/s  {run['peak_mb']:5.0f} MB")
    print(f"  ours / floor  {ours / floor:5.2f}   (goal: at most 1.5)")
    print(f"  dlt / ours    {found['dlt']['seconds'] / ours:5.1f}   (goal: at least 30)")
    print(
        f"again from landing: {found['again']['seconds']:.2f} s (goal: at most 3), {found['again']['peak_mb']:.0f} MB"
    )
    print(f"{big['lines']:,} lines: {big['seconds']:.1f} s, {big['peak_mb']:.0f} MB (goal: under 600)")


if __name__ == "__main__":
    main()
