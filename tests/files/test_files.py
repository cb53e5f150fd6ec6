"""Folder names that people type, copies of files that are in use, fingerprints."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from connectors.files import (
    ATTEMPTS,
    fingerprint,
    list_dossier_folders,
    resolve_dossier_folder,
    snapshot,
    snapshot_set,
)
from foundation.errors import Busy, WrongInput


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("ATELIER", "BROU_2", "Éclair"):
        (root / name).mkdir(parents=True)
    (root / "loose.txt").write_text("no folder")
    (tmp_path / "outside" / "SECRET").mkdir(parents=True)
    return root


def no_sleep(seconds: float) -> None:
    raise AssertionError("nothing changed, nothing to wait for")


def test_a_folder_is_found_by_its_exact_name(root: Path) -> None:
    assert resolve_dossier_folder(root, "ATELIER") == root / "ATELIER"
    assert resolve_dossier_folder(root, "Éclair") == root / "Éclair"


@pytest.mark.parametrize(
    "reference",
    ["", " ", ".", "..", "../root/ATELIER", "ATELIER/..", "ATELIER/", "..\\ATELIER", "/etc", "C:", "C:ATELIER", "A\0B"],
)
def test_what_is_no_plain_folder_name_is_refused(root: Path, reference: str) -> None:
    with pytest.raises(WrongInput, match="is not a folder name"):
        resolve_dossier_folder(root, reference)


@pytest.mark.parametrize(("reference", "right"), [("atelier", "ATELIER"), ("Brou_2", "BROU_2"), ("éclair", "Éclair")])
def test_another_case_is_refused_and_the_right_spelling_named(root: Path, reference: str, right: str) -> None:
    with pytest.raises(WrongInput, match=f"Use '{right}'"):
        resolve_dossier_folder(root, reference)


def test_an_unknown_name_is_refused_with_near_misses(root: Path) -> None:
    with pytest.raises(WrongInput, match=r"unknown sync reference.*Did you mean 'ATELIER'"):
        resolve_dossier_folder(root, "ATELEIR")
    with pytest.raises(WrongInput, match="unknown sync reference"):
        resolve_dossier_folder(root, "loose.txt")


@pytest.mark.parametrize("target", ["../outside/SECRET", "..", ".", "/"])
def test_a_link_that_leads_out_of_the_root_is_refused_and_not_listed(root: Path, target: str) -> None:
    (root / "LINK").symlink_to(target)
    with pytest.raises(WrongInput, match="leads out of the root"):
        resolve_dossier_folder(root, "LINK")
    assert "LINK" not in [folder.name for folder in list_dossier_folders(root)]


def test_a_link_that_leads_to_itself_is_refused(root: Path) -> None:
    (root / "LOOP").symlink_to("LOOP")
    with pytest.raises(WrongInput):
        resolve_dossier_folder(root, "LOOP")


def test_a_link_that_stays_inside_and_a_root_that_is_a_link_are_fine(root: Path, tmp_path: Path) -> None:
    (root / "ALIAS").symlink_to("ATELIER")
    (tmp_path / "mounted").symlink_to(root)
    assert resolve_dossier_folder(root, "ALIAS").is_dir()
    assert resolve_dossier_folder(tmp_path / "mounted", "ATELIER").is_dir()


def test_hidden_and_system_folders_are_not_listed(root: Path) -> None:
    (root / ".snapshot").mkdir()
    (root / "$RECYCLE.BIN").mkdir()
    assert [folder.name for folder in list_dossier_folders(root)] == ["ATELIER", "BROU_2", "Éclair"]


def test_a_root_that_is_not_there_may_come_back_and_a_file_never_will(root: Path) -> None:
    with pytest.raises(Busy, match="cannot be reached"):
        list_dossier_folders(root / "gone")
    with pytest.raises(WrongInput, match="is not a folder"):
        list_dossier_folders(root / "loose.txt")


def test_a_quiet_file_is_copied_once(tmp_path: Path) -> None:
    source = tmp_path / "act.dbf"
    source.write_bytes(b"ledger")
    copy = snapshot(source, tmp_path / "copies", sleep=no_sleep)
    assert copy == tmp_path / "copies" / "act.dbf"
    assert copy.read_bytes() == b"ledger"


def test_a_file_that_changes_while_it_is_copied_is_copied_again(tmp_path: Path) -> None:
    source, waits = tmp_path / "act.dbf", []
    source.write_bytes(b"one")

    def copy_while_the_package_writes(origin: Path, target: Path) -> None:
        shutil.copyfile(origin, target)
        if not waits:
            origin.write_bytes(b"one and two")

    copy = snapshot(source, tmp_path / "copies", sleep=waits.append, copy=copy_while_the_package_writes)
    assert copy.read_bytes() == b"one and two"
    assert len(waits) == 1


def test_a_change_of_the_same_size_is_noticed_by_its_time(tmp_path: Path) -> None:
    source, waits = tmp_path / "act.dbf", []
    source.write_bytes(b"one")
    os.utime(source, ns=(1, 1))

    def copy_while_the_package_writes(origin: Path, target: Path) -> None:
        shutil.copyfile(origin, target)
        if not waits:
            origin.write_bytes(b"two")

    copy = snapshot(source, tmp_path / "copies", sleep=waits.append, copy=copy_while_the_package_writes)
    assert copy.read_bytes() == b"two"


def test_files_of_a_set_are_of_one_moment(tmp_path: Path) -> None:
    """The table changes while its memo file, copied after it, is read: both must be of the later moment."""
    table, memo, waits = tmp_path / "act.dbf", tmp_path / "act.fpt", []
    table.write_bytes(b"table 1")
    memo.write_bytes(b"memo 1")

    def copy_while_the_package_writes(origin: Path, target: Path) -> None:
        shutil.copyfile(origin, target)
        if origin == memo and not waits:
            table.write_bytes(b"table 1 and 2")
            memo.write_bytes(b"memo 1 and 2")

    copies = snapshot_set([table, memo], tmp_path / "copies", sleep=waits.append, copy=copy_while_the_package_writes)
    assert [copy.read_bytes() for copy in copies] == [b"table 1 and 2", b"memo 1 and 2"]


def test_a_file_that_never_rests_is_busy(tmp_path: Path) -> None:
    source, waits = tmp_path / "act.dbf", []
    source.write_bytes(b"")

    def copy_while_the_package_writes(origin: Path, target: Path) -> None:
        shutil.copyfile(origin, target)
        origin.write_bytes(origin.read_bytes() + b"x")

    with pytest.raises(Busy, match=r"act\.dbf: it keeps changing"):
        snapshot(source, tmp_path / "copies", sleep=waits.append, copy=copy_while_the_package_writes)
    assert len(waits) == ATTEMPTS - 1


def test_a_file_that_is_locked_or_gone_is_busy_and_one_that_comes_back_is_read(tmp_path: Path) -> None:
    source = tmp_path / "act.dbf"
    with pytest.raises(Busy, match=r"act\.dbf: it cannot be read"):
        snapshot(source, tmp_path / "copies", sleep=lambda seconds: None)
    copy = snapshot(source, tmp_path / "copies", sleep=lambda seconds: source.write_bytes(b"back") and None)
    assert copy.read_bytes() == b"back"


def test_a_full_disk_is_said_at_once(tmp_path: Path) -> None:
    source = tmp_path / "act.dbf"
    source.write_bytes(b"ledger")

    def copy_to_a_full_disk(origin: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    with pytest.raises(Busy, match="is full"):
        snapshot(source, tmp_path / "copies", sleep=no_sleep, copy=copy_to_a_full_disk)


def test_a_fingerprint_tells_content_names_and_members_apart_but_not_times_and_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.dbf", tmp_path / "two.dbf"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    first = fingerprint([one, two])
    os.utime(one, ns=(1, 1))
    assert fingerprint([two, one]) == first
    assert fingerprint([one]) != first
    stamp = two.stat().st_mtime_ns
    two.write_bytes(b"3")
    os.utime(two, ns=(stamp, stamp))
    assert fingerprint([one, two]) != first
    two.write_bytes(b"2")
    assert fingerprint([one, two]) == first
    assert fingerprint([one, two.rename(tmp_path / "three.dbf")]) != first
    with pytest.raises(Busy):
        fingerprint([tmp_path / "gone"])
