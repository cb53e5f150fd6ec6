"""A copy is brought up to date by what changed, and nobody's open file is written to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.snapshots import replace_with_copy

BLOCK = 1 << 18


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "live"
    path.write_bytes(os.urandom(BLOCK * 8 + 100))
    return path


def change(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(os.urandom(16))


def test_only_blocks_that_changed_are_written_once_a_spare_is_there(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    whole = replace_with_copy(source, copy)
    if not whole:
        pytest.skip("this filesystem clones")
    change(source, BLOCK * 2)
    assert replace_with_copy(source, copy) == whole
    change(source, BLOCK * 5)
    assert replace_with_copy(source, copy) == 2 * BLOCK, "both changes since the spare was in place"
    assert copy.read_bytes() == source.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere copies are made whole")
@pytest.mark.parametrize("reader", ["this process", "another"])
def test_who_has_an_old_copy_open_keeps_what_they_opened(source: Path, tmp_path: Path, reader: str) -> None:
    copy = tmp_path / "copy"
    replace_with_copy(source, copy)
    told = copy.read_bytes()
    if reader == "another":
        script = (
            "import sys; f = open(sys.argv[1], 'rb'); print(flush=True); input(); sys.stdout.buffer.write(f.read())"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(copy)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        renew(source, copy)
        assert process.communicate(b"\n", timeout=30)[0] == told
        return
    with copy.open("rb") as opened:
        renew(source, copy)
        assert opened.read() == told


def renew(source: Path, copy: Path) -> None:
    for turn in range(4):
        change(source, BLOCK * turn)
        replace_with_copy(source, copy)
        assert copy.read_bytes() == source.read_bytes()


def test_what_a_killed_copy_left_is_mended(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for _ in range(2):
        replace_with_copy(source, copy)
    (tmp_path / ".copy.fresh").write_bytes(b"half")
    (tmp_path / ".copy.spare").write_bytes(b"half of a block")
    (tmp_path / ".copy.before").write_bytes(b"")
    replace_with_copy(source, copy)
    assert copy.read_bytes() == source.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} <= {"live", "copy", ".copy.spare"}


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_copy_is_always_the_source(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], times: int
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    for content in contents:
        (folder / "live").write_bytes(content * times * 1000)
        replace_with_copy(folder / "live", folder / "copy")
        assert (folder / "copy").read_bytes() == content * times * 1000
