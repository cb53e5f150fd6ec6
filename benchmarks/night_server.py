"""Exact Online with many small divisions, as a server process of its own: ``python -m benchmarks.night_server NUMBER``.

The sandbox itself, strict as in the tests, on a real socket: 60 calls a minute and 5,000 a day for each division, told
in every reply, and a latency on each call. It prints a line of JSON: settings, secrets and the divisions. Each line of
standard input is an order, answered by a line: ``change NUMBER`` books in so many divisions (a line more, some changed,
some deleted), ``count`` tells calls answered, calls that were over a limit, and seconds of processor.
"""

import argparse
import json
import sys
import time

from connectors.exact_online.sandbox import ExactSandbox, Knobs, open_sandbox
from connectors.sandbox.company import Company

ENTRIES_PER_MONTH = 1  # 309 lines in three years


def obey(sandbox: ExactSandbox, order: str) -> dict[str, float]:
    """Does what a line of standard input says; the answer."""
    match order.split():
        case ["change", number]:
            divisions = sandbox.small_divisions
            chosen = divisions[:: max(1, len(divisions) // int(number))][: int(number)]  # some of each run
            sandbox.vendor.show_small(chosen, Company("BE", 1, ENTRIES_PER_MONTH))
            return {"changed": len(chosen)}
        case ["count"]:
            return {
                "calls": sandbox.calls,
                "over_limit": sandbox.vendor.over_limit,
                "processor": time.process_time(),
            }
        case _:
            raise SystemExit(f"unknown order {order!r}")


def main() -> None:
    """Serves until standard input closes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("dossiers", type=int)
    arguments.add_argument("--latency", type=float, default=0.05)
    given = arguments.parse_args()
    knobs = Knobs(minute_limit=60, day_limit=5000, latency=given.latency, small_divisions=given.dossiers)
    with open_sandbox("exact_online_be", Company("BE", 0, ENTRIES_PER_MONTH), knobs=knobs) as sandbox:
        told = {
            "settings": sandbox.settings,
            "secrets": sandbox.secrets,
            "divisions": sandbox.small_divisions,
        }
        print(json.dumps(told), flush=True)
        for order in sys.stdin:
            print(json.dumps(obey(sandbox, order)), flush=True)


if __name__ == "__main__":
    main()
