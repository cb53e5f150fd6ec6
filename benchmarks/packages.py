"""Every cloud package: its first sync beside the bare download of the same answers.

``python -m benchmarks.packages [--lines 100000] [--only SLUG...] [--repeat 2]``. One process serves the package's
sandbox from memory; ours syncs a dossier from the wire to published figures; the bare download asks for the same
answers, one after another, and throws them away.
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
    print(f"{'package':34}{'lines':>9}{'lines/s':>10}{'download s':>12}{'sync s':>9}{'ratio':>7}{'peak MB':>9}")
    for slug in given.only:
        with serving(given.lines, slug) as server:
            timed("ours", server)  # fills the server's memory
            bare = timed("download", server, given.repeat)
            ours = timed("ours", server, given.repeat)
        ratio = ours["seconds"] / bare["seconds"]
        print(
            f"{slug:34}{ours['lines']:9,}{ours['lines'] / ours['seconds']:10,.0f}{bare['seconds']:12.2f}"
            f"{ours['seconds']:9.2f}{ratio:7.1f}{ours['peak_mb']:9.0f}" + (f"  above {GOAL}" if ratio > GOAL else "")
        )


if __name__ == "__main__":
    main()
