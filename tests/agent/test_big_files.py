"""A file of any size is copied, read and spooled in pieces: memory does not grow with it."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path

import pyarrow as pa

from agent.reading import Reader
from agent.spool import Spool
from benchmarks.dbf import request, write_root
from tests.agent.ground import TurnedClock, configure, load


def peak(folder: Path, megabytes: float) -> tuple[float, int]:
    """Megabytes of Python's, NumPy's and Arrow's memory that reading takes at most, and how many lines there are.

    What DuckDB takes is bounded by its own limit.
    """
    folder.mkdir()
    settings = load(configure(folder, "https://hub.example.com", write_root(folder, megabytes)))
    before, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    spool = Spool(settings.spool, settings.limits)
    with spool.taken():
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            assert Reader(settings, spool, TurnedClock()).read(request()) is None
            most = (tracemalloc.get_traced_memory()[1] + pool.max_memory()) / 1e6
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(before)
        (delivery,) = spool.deliveries()
        rows = next(file.rows for file in delivery.files if file.resource == "act")
    shutil.rmtree(folder)
    return most, rows


def test_memory_does_not_grow_with_a_dbf_file(tmp_path: Path) -> None:
    small, few = peak(tmp_path / "small", 20)
    large, many = peak(tmp_path / "large", 80)
    assert many > 3.5 * few
    assert large < small + 30, "it holds what it reads"
