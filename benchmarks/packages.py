"""Every cloud package: its first sync beside the bare download of the same answers.

``python -m benchmarks.packages [--lines 100000] [--only SLUG...] [--repeat 2]``. One process serves the package's
sandbox from memory; ours syncs a dossier from the wire to published figures; the bare download asks for the same
answers, one after another, and throws them away.

Ratios are told of wall time and of processor time; the latter says more where the machine is shared. ``waited`` is what
of a sync's seconds was slept because the vendor allows only so many calls in a while; the bare download does not wait,
and the ratio of wall time is told with and without (a wait of a thread that fetches ahead may cost less than it took).
"""

from __future__ import annotations

import argparse

from benchmarks.__main__ import serving, timed
from connectors.catalog import available_packages

GOAL = 12


def main() -> None:
    """Prints a row per package."""
    cloud = [
        row.slug
        for row in available_packages()
        if row.kind == "ledger"
        and row.level != "on_premise"
        and row.slug != "cegid"  # its sandbox is its files
        and not any(field.name == "root" and field.required for field in row.fields)
    ]
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=100_000)
    arguments.add_argument("--only", nargs="+", choices=cloud, default=cloud)
    arguments.add_argument("--repeat", type=int, default=2)
    given = arguments.parse_args()
    print(
        f"{'package':34}{'lines':>10}  {'download: wall':>14} {'cpu':>5}  {'sync: wall':>10} {'cpu':>6} {'waited':>6}"
        f"  {'ratio: wall':>11} {'not waiting':>11} {'cpu':>5}  {'peak MB':>7}"
    )
    for slug in given.only:
        with serving(given.lines, slug) as server:
            timed("ours", server)  # fills the server's memory
            bare = timed("download", server, given.repeat)
            ours = timed("ours", server, given.repeat)
        wall, cpu, waited = ours["seconds"], ours["processor"], ours["waited"]
        ratio = cpu / bare["processor"]
        print(
            f"{slug:34}{ours['lines']:10,}  {bare['seconds']:14.2f} {bare['processor']:5.2f}  {wall:10.2f} {cpu:6.2f} "
            f"{waited:6.2f}  {wall / bare['seconds']:11.1f} {(wall - waited) / bare['seconds']:11.1f} {ratio:5.1f}  "
            f"{ours['peak_mb']:7.0f}" + (f"  above {GOAL}" if ratio > GOAL else ""),
            flush=True,
        )


if __name__ == "__main__":
    main()
