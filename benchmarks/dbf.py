"""``python -m benchmarks.dbf``: one WinBooks dossier whose ``_act.dbf`` is large, read by the on-premise service.

``[--megabytes 50 500] [--repeat 2]``. The service copies the files, reads the copies and spools Parquet, in a process
of its own for each size; told are its peak memory, and megabytes a second beside a plain copy of the same file in the
same run. The best of ``--repeat`` counts for both. The files go when it ends.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from agent.clock import Clock
from agent.protocol import Request
from agent.reading import Reader
from agent.settings import Settings, load
from agent.spool import Spool
from benchmarks.agent import peak_memory, settings_of
from connectors.catalog import package
from connectors.sandbox.stage import company_of
from connectors.winbooks.sandbox import DOSSIER, WinBooksSandbox

_BLOCK = 25_000  # documents of two lines each
_DIGITS = 8


def write_root(folder: Path, megabytes: float) -> Path:
    """The sandbox's data root, with documents of two lines behind those of its live ``_act`` until that is so large."""
    root = WinBooksSandbox(company_of(package("winbooks"), entries_per_month=6), folder).root
    path = root / DOSSIER / f"{DOSSIER}_act.dbf"
    data = path.read_bytes()
    rows, start, width = struct.unpack("<IHH", data[4:12])
    places = _places(data[32 : start - 1])
    line = np.frombuffer(data, np.uint8, width, start + (rows // 2) * width)
    pair = np.tile(line, (2, 1))
    _fill(pair, places["DOCNUMBER"], [b"", b""])
    _fill(pair, places["DOCORDER"], [b"001", b"002"])
    for amount in ("AMOUNT", "AMOUNTEUR"):
        _fill(pair, places[amount], [b"100.00".rjust(places[amount][1]), b"-100.00".rjust(places[amount][1])])
    documents = int(megabytes * 1e6) // (2 * width)
    number, _ = places["DOCNUMBER"]
    with path.open("r+b") as stream:
        stream.seek(start + rows * width)
        for first in range(0, documents, _BLOCK):
            count = min(_BLOCK, documents - first)
            block = np.tile(pair, (count, 1))
            numbers = np.repeat(10_000_000 + np.arange(first, first + count), 2)
            digits = numbers[:, None] // 10 ** np.arange(_DIGITS - 1, -1, -1) % 10
            block[:, number : number + _DIGITS] = digits + 0x30
            stream.write(block.data)
        stream.write(b"\x1a")
        stream.seek(4)
        stream.write(struct.pack("<I", rows + 2 * documents))
    return root


def _places(descriptors: bytes) -> dict[str, tuple[int, int]]:
    """Where each column stands in a record, and how long it is."""
    found, offset = {}, 1
    for at in range(0, len(descriptors), 32):
        name = descriptors[at : at + 11].split(b"\0")[0].decode()
        found[name] = offset, descriptors[at + 16]
        offset += descriptors[at + 16]
    return found


def _fill(records: np.ndarray, place: tuple[int, int], cells: list[bytes]) -> None:
    offset, length = place
    for record, cell in zip(records, cells, strict=True):
        record[offset : offset + length] = np.frombuffer(cell.ljust(length), np.uint8)


def request() -> Request:
    return Request(request_id="1", source="winbooks", software="winbooks", external_id=DOSSIER)


def read(settings: Settings, spool: Spool) -> dict[str, float]:
    """Reads the dossier once; rows and megabytes spooled, seconds, and the peak of this process in MB."""
    before = peak_memory()
    began, processor = time.perf_counter(), time.process_time()
    refusal = Reader(settings, spool, Clock()).read(request())
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    assert refusal is None, refusal
    (delivery,) = spool.deliveries()
    rows = next(file.rows for file in delivery.files if file.resource == "act")
    told = {"rows": rows, "seconds": seconds, "processor": processor, "spooled": spool.bytes / 1e6}
    spool.drop(delivery.delivery_id)
    return told | {"before": before, "memory": peak_memory()}


def apart(settings: Settings) -> dict[str, float]:
    """:func:`read` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.dbf", "--read", str(settings.path)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def copied(path: Path, target: Path) -> float:
    """Seconds of a plain copy."""
    began = time.perf_counter()
    shutil.copyfile(path, target)
    seconds = time.perf_counter() - began
    target.unlink()
    return seconds


def measure(megabytes: float, repeat: int) -> None:
    with tempfile.TemporaryDirectory(prefix="grandlivre-dbf-") as name:
        folder = Path(name)
        root = write_root(folder, megabytes)
        settings = settings_of(folder, root)
        path = root / DOSSIER / f"{DOSSIER}_act.dbf"
        size = path.stat().st_size / 1e6
        copy = min(copied(path, folder / "copy") for _ in range(repeat))
        runs = [apart(settings) for _ in range(repeat)]
        best = min(runs, key=lambda run: run["seconds"])
        print(
            f"| {size:.0f} | {best['rows']:,.0f} | {size / best['seconds']:.1f} | {size / copy:.0f} |"
            f" {best['seconds'] / copy:.0f} | {best['processor']:.1f} | {best['spooled'] / size:.2f} |"
            f" {max(run['memory'] for run in runs):.0f} | {best['before']:.0f} |",
            flush=True,
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, nargs="+", default=[50, 500])
    arguments.add_argument("--repeat", type=int, default=2)
    arguments.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.read:
        settings = load(given.read)
        spool = Spool(settings.spool, settings.limits)
        with spool.taken():
            print(json.dumps(read(settings, spool)))
        return
    print("| MB | lines | MB/s | copy, MB/s | reading / copying | processor, s | spooled / read | peak, MB | before |")
    print("|---|---|---|---|---|---|---|---|---|")
    for megabytes in given.megabytes:
        measure(megabytes, given.repeat)


if __name__ == "__main__":
    main()
