"""``python -m benchmarks.agent``: the on-premise service before a root of a thousand dossiers, beside a plain copy.

``[--folders 1000] [--entries 6] [--changed 10] [--big 200 2000]``. Told are: how long the first look at all folders
takes, and how long one after ``--changed`` of them changed; how fast small dossiers are read into the spool, and big
ones (of ``--big`` entries a month), as a ratio to copying their files; and the peak memory of a process that does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.clock import Clock
from agent.protocol import Request
from agent.reading import Reader, open_source
from agent.settings import Settings, load
from agent.spool import Spool
from agent.survey import Survey
from connectors.catalog import package
from connectors.sandbox.stage import company_of
from connectors.winbooks.sandbox import DOSSIER, WinBooksSandbox


class Hurried(Clock):
    """A clock for which everything is due again when ``skipped`` grows."""

    skipped = 0.0

    def __init__(self) -> None:
        super().__init__(monotonic=lambda: time.monotonic() + self.skipped)


def write_root(folder: Path, folders: int, entries: int) -> Path:
    """A root with the sandbox's dossier ``folders`` times, each under a name of its own."""
    root = folder / "data"
    told = WinBooksSandbox(company_of(package("winbooks"), entries_per_month=entries), folder / "told").root
    live, archive = told / DOSSIER, told / f"{DOSSIER}-2024"
    for number in range(folders):
        name = f"D{number:05}"
        for source, target in ((live, root / name), (archive, root / f"{name}-2024")):
            target.mkdir(parents=True)
            for file in source.iterdir():
                shutil.copyfile(file, target / file.name.replace(DOSSIER, name))
    return root


def settings_of(folder: Path, root: Path) -> Settings:
    config = folder / "agent.toml"
    source = f"[[source]]\nname = 'winbooks'\nsoftware = 'winbooks'\nroot = '{root}'\n"
    config.write_text(f"hub = 'https://hub.example.com'\nspool = '{folder / 'spool'}'\n{source}", encoding="utf-8")
    return load(config)


@contextmanager
def timed(text: str) -> Iterator[list[float]]:
    began = time.perf_counter()
    seconds: list[float] = []
    yield seconds
    seconds.append(time.perf_counter() - began)
    print(f"  {text:58} {seconds[0]:8.2f} s", flush=True)


def look(settings: Settings, spool: Spool, changed: int) -> None:
    clock = Hurried()
    scratch = spool.scratch / "survey"

    def new() -> Survey:
        opened = lambda source: open_source(settings, source, clock, scratch)  # noqa: E731
        return Survey(settings.sources, spool.index, clock, opened)

    survey = new()
    with timed("first look at all folders") as first:
        survey.complete()
    found = len(survey.sources()[0].dossiers)
    survey = new()
    with timed(f"after a restart, nothing changed ({found} dossiers)"):
        survey.complete()
    assert survey.looked_into == 0
    root = settings.sources[0].root
    assert root
    for number in range(changed):
        os.utime(root / f"D{number:05}" / f"D{number:05}_act.dbf")
    clock.skipped += 3600
    with timed(f"{changed} folders changed") as again:
        survey.complete()
    assert survey.looked_into == changed
    print(f"  first / again: {first[0] / again[0]:.0f}")


def peak_memory() -> float:
    """Megabytes. Not ``ru_maxrss``, which begins with what the process had that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def request(number: int) -> Request:
    return Request(request_id=str(number), source="winbooks", software="winbooks", external_id=f"D{number:05}")


def read(settings: Settings, spool: Spool, dossiers: int) -> dict[str, float]:
    """Reads so many dossiers; seconds of that and of a plain copy, with what was read and spooled in MB."""
    root = settings.sources[0].root
    assert root
    names = [f"D{number:05}{end}" for number in range(dossiers) for end in ("", "-2024")]
    size = sum(file.stat().st_size for name in names for file in (root / name).iterdir())
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=settings.spool) as copies:
        for name in names:
            shutil.copytree(root / name, Path(copies) / name)
        copied = time.perf_counter() - began
    reader = Reader(settings, spool, Clock())
    began, processor = time.perf_counter(), time.process_time()
    for number in range(dossiers):
        refusal = reader.read(request(number))
        assert refusal is None, refusal
    seconds = time.perf_counter() - began
    rows = sum(file.rows for delivery in spool.deliveries() for file in delivery.files)
    told = {"mb": size / 1e6, "spooled": spool.bytes / 1e6, "rows": rows, "copied": copied, "seconds": seconds}
    return told | {"cpu": time.process_time() - processor, "memory": peak_memory()}


def apart(settings: Settings, dossiers: int) -> None:
    """:func:`read` in a process of its own, and its line of the table."""
    command = [sys.executable, "-m", "benchmarks.agent", "--read", str(dossiers), str(settings.path)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(
        f"| {dossiers} | {told['rows']:,} | {told['mb']:.1f} | {told['mb'] / told['seconds']:.1f} |"
        f" {told['seconds'] / told['copied']:.1f} | {told['cpu']:.1f} | {told['spooled'] / told['mb']:.2f} |"
        f" {told['memory']:.0f} |",
        flush=True,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folders", type=int, default=1000)
    arguments.add_argument("--entries", type=int, default=6, help="entries a month of each dossier")
    arguments.add_argument("--changed", type=int, default=10)
    arguments.add_argument("--big", type=int, nargs="*", default=[200, 2000], help="entries a month of big dossiers")
    arguments.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.read:
        settings = load(Path(given.read[1]))
        spool = Spool(settings.spool, settings.limits)
        with spool.taken():
            print(json.dumps(read(settings, spool, int(given.read[0]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder), write_root(Path(folder), given.folders, given.entries))
        print(f"{given.folders} dossiers of WinBooks, each in a folder with an archive beside it:")
        spool = Spool(settings.spool, settings.limits)
        with spool.taken():
            look(settings, spool, given.changed)
        print("| dossiers | rows | MB | MB/s | reading / copying | processor, s | spooled / read | peak memory, MB |")
        print("|---|---|---|---|---|---|---|---|")
        apart(settings, min(50, given.folders))
    for entries in given.big:
        with tempfile.TemporaryDirectory() as folder:
            apart(settings_of(Path(folder), write_root(Path(folder), 1, entries)), 1)


if __name__ == "__main__":
    main()
