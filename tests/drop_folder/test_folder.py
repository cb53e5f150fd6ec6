"""The folder as a source: references, half-written exports, unchanged files, years from a date on."""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from connectors.contract import Access, Batch, Event, ExtractRequest, NextCursor
from connectors.drop_folder import open_connector
from connectors.drop_folder.folder import fec_name
from connectors.drop_folder.sandbox import open_sandbox
from connectors.sandbox.company import company
from foundation.errors import BadFile, Busy, WrongInput
from tests.drop_folder.folders import FEC_NAME, LINES, YEARS, connector, fec, fill, read
from tests.drop_folder.test_xaf import xaf

BASE = {"fiscal_years.csv": YEARS, "lines_2024.csv": LINES}


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(
        BadFile, match=r"0123: the folder 0123 holds no ledger: it is empty\. Put fiscal_years\.csv and"
    ):
        read(fill(tmp_path / "0123", {}))
    with pytest.raises(BadFile, match=r"it holds only scan\.pdf"):
        read(fill(tmp_path / "0123", {"scan.pdf": "x"}))


@pytest.mark.parametrize("reference", ["..", "../0123", "/etc", "a/b", "0124", ""])
def test_a_reference_is_a_folder_under_the_root_and_nothing_else(reference: str, tmp_path: Path) -> None:
    fill(tmp_path / "0123", BASE)
    with pytest.raises(WrongInput):
        list(connector(tmp_path).extract(ExtractRequest(reference)))


def test_a_file_that_is_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    other = fill(tmp_path / "other", {"lines_2024.csv": LINES})
    folder = fill(tmp_path / "0123", {"fiscal_years.csv": YEARS})
    (folder / "lines_2024.csv").symlink_to(other / "lines_2024.csv")
    with pytest.raises(BadFile, match="holds no ledger"):
        read(folder)


def test_a_folder_is_read_only_once_its_marker_is_newest(tmp_path: Path) -> None:
    folder = fill(tmp_path / "0123", {**BASE, "READY": ""})
    os.utime(folder / "READY", ns=(2, 2))
    with pytest.raises(Busy, match=r"the export is still being written: .* is newer than the marker READY"):
        read(folder)
    assert next(connector(tmp_path).discover()).external_id == "0123"
    later = max(path.stat().st_mtime_ns for path in folder.iterdir())
    os.utime(folder / "READY", ns=(later, later))
    assert read(folder).value("SELECT count(*) FROM books.journal_lines") == 5


@contextmanager
def _meanwhile(work: Callable[[int], None]) -> Iterator[None]:
    """Runs ``work`` over and over in another thread, with a rising number."""
    stop = threading.Event()

    def repeat() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            work(number)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_file_that_keeps_growing_is_never_half_imported(tmp_path: Path) -> None:
    folder = fill(tmp_path / "0123", {**BASE, "lines_2024.csv": LINES + "\n" * 120_000_000})  # long to copy

    def grow(_: int) -> None:
        with (folder / "lines_2024.csv").open("a") as stream:
            stream.write("\n")

    slept: list[float] = []
    opened = open_connector(Access("expertm", {"root": str(tmp_path)}, {}, sleep=slept.append))
    events: list[Event] = []
    with _meanwhile(grow), pytest.raises(Busy, match="it keeps changing while it is read"):
        events.extend(opened.extract(ExtractRequest("0123")))
    assert not events
    assert slept


def test_a_file_that_comes_while_the_folder_is_copied_makes_it_wait(tmp_path: Path) -> None:
    balance = "account;debit;credit;closing\n"
    folder = fill(tmp_path / "0123", {**BASE, **{f"trial_balance_x{n}.csv": balance for n in range(200)}})
    events: list[Event] = []
    with (
        _meanwhile(lambda n: (folder / f"trial_balance_y{n}.csv").touch()),
        pytest.raises(Busy, match="files came or went while the folder was read"),
    ):
        events.extend(connector(tmp_path).extract(ExtractRequest("0123")))
    assert not events


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    folder = fill(tmp_path / "0123", BASE)
    first = read(folder).cursor
    opened = connector(tmp_path)
    request = ExtractRequest("0123", cursor=first.cursor)
    assert list(opened.extract(request)) == [NextCursor(first.cursor, unchanged=True)]
    assert opened.calls == 0
    os.utime(folder / "lines_2024.csv")
    assert list(opened.extract(request)) == [NextCursor(first.cursor, unchanged=True)]
    fill(folder, {"lines_2024.csv": LINES.replace("121,00", "122,00").replace("100,00", "101,00")})
    changed = list(opened.extract(request))
    assert any(isinstance(event, Batch) for event in changed)
    assert changed[-1] != NextCursor(first.cursor, unchanged=True)


def test_another_question_is_not_answered_by_unchanged(tmp_path: Path) -> None:
    folder = fill(tmp_path / "0123", BASE)
    cursor = read(folder).cursor.cursor
    events = list(connector(tmp_path).extract(ExtractRequest("0123", cursor=cursor, since=date(2024, 1, 1))))
    assert any(isinstance(event, Batch) for event in events)


def test_from_a_date_on_only_the_years_from_there_are_read(tmp_path: Path) -> None:
    for slug in ("expertm", "oras", "cegid"):
        told = company("FR" if slug == "cegid" else "BE")
        with open_sandbox(slug, told, tmp_path) as sandbox:
            found = read(sandbox.folder, slug, since=date(2025, 1, 1))
            assert found.rows("SELECT DISTINCT fiscal_year FROM books.journal_lines ORDER BY 1") == [
                ("2025",),
                ("2026",),
            ]
            assert found.value("SELECT count(*) FROM books.fiscal_years") == 3
            assert found.value(
                "SELECT count(*) FROM books.journal_lines WHERE fiscal_year = '2025' AND period_kind = 'opening'"
            )


def test_a_fault_in_an_old_year_does_not_stop_a_link_from_a_later_date(tmp_path: Path) -> None:
    with open_sandbox("expertm", company("BE"), tmp_path) as sandbox:
        fill(sandbox.folder, {"lines_2024.csv": "nonsense"})
        with pytest.raises(BadFile, match=r"lines_2024\.csv"):
            read(sandbox.folder)
        assert read(sandbox.folder, since=date(2025, 1, 1)).value("SELECT count(*) FROM books.journal_lines")


def test_without_an_opening_the_years_before_are_read_to_tell_it(tmp_path: Path) -> None:
    years = YEARS + "2025;2025-01-01;2025-12-31;0\n"
    later = "\n".join(line for line in LINES.replace("2024-02", "2025-02").splitlines() if not line.startswith("OPN"))
    folder = fill(tmp_path / "d", {"fiscal_years.csv": years, "lines_2024.csv": LINES, "lines_2025.csv": later})
    found = read(folder, since=date(2025, 1, 1))
    assert found.value("SELECT count(DISTINCT fiscal_year) FROM books.journal_lines") == 2


def test_discover_lists_ledgers_only_and_a_fault_hides_nothing(tmp_path: Path) -> None:
    fill(
        tmp_path / "0123", {**BASE, "dossier.csv": "key;value\nname;Démo NV\nvat_number;BE0403019261\n".encode("cp850")}
    )
    fill(tmp_path / "0124", {"2024.xaf": xaf()})
    fill(tmp_path / "0125", {FEC_NAME: fec()})
    fill(tmp_path / "0126", {"lines_2024.csv": LINES, "dossier.csv": "rubbish"})
    fill(tmp_path / "0127", {"lines_2024.csv": LINES, "lines_2024.txt": LINES})
    fill(tmp_path / "0128", {"2024.xaf": "<broken"})
    fill(tmp_path / "empty", {})
    fill(tmp_path / "scans", {"a.pdf": ""})
    (tmp_path / "lines_2024.csv").write_text(LINES)
    found = {row.external_id: row for row in connector(tmp_path).discover()}
    assert {code: row.name for code, row in found.items()} == {
        "0123": "Démo NV",
        "0124": "Café NV",
        "0125": "0125",
        "0126": "0126",
        "0127": "0127",
        "0128": "0128",
    }
    assert found["0123"].vat_number == "BE0403019261"
    assert (found["0124"].country, found["0124"].currency) == ("NL", "EUR")


def test_fiscal_years_need_no_ledger_to_be_read(tmp_path: Path) -> None:
    folder = fill(tmp_path / "0123", {**BASE, "lines_2024.csv": "nonsense"})
    (year,) = connector(tmp_path).fiscal_years(folder.name)
    assert (year.label, year.start, year.end, year.closed) == ("2024", date(2024, 1, 1), date(2024, 12, 31), False)


def test_a_csv_year_and_an_audit_file_of_the_same_year_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"lines_2024\.csv and a\.xaf both hold fiscal year 2024"):
        read(fill(tmp_path / "d", {**BASE, "a.xaf": xaf()}))


def test_a_csv_year_and_an_audit_file_of_another_go_together(tmp_path: Path) -> None:
    older = xaf().replace("2024-", "2023-").replace("<fiscalYear>2024", "<fiscalYear>2023").replace("02-29", "02-28")
    found = read(fill(tmp_path / "d", {**BASE, "a.xml": older}))
    assert found.rows("SELECT fiscal_year, count(*) FROM books.journal_lines GROUP BY 1 ORDER BY 1") == [
        ("2023", 4),
        ("2024", 5),
    ]


def test_a_root_that_is_gone_waits_and_one_that_is_a_file_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(Busy):
        connector(tmp_path / "share").verify()
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongInput):
        connector(tmp_path / "file").verify()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("303265045FEC20251231", ("303265045", date(2025, 12, 31))),
        ("303265045fec20251231", ("303265045", date(2025, 12, 31))),
        ("30326504500012FEC20251231", ("303265045", date(2025, 12, 31))),
        ("303265045FEC20251231_1", ("303265045", date(2025, 12, 31))),
        ("303265045FEC20251231-DRAFT", ("303265045", date(2025, 12, 31))),
        ("303265045FEC20251331", ("303265045", None)),
        ("303265045FEC2025", (None, None)),
        ("FEC20251231", (None, None)),
        ("1303265045FEC20251231", (None, None)),
        ("303265045FEC202512310", (None, None)),
    ],
)
def test_a_fec_name_tells_only_when_it_is_one(name: str, expected: tuple[str | None, date | None]) -> None:
    assert fec_name(name) == expected


def test_errors_name_the_file_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        read(fill(tmp_path / "0123", {**BASE, "lines_2024.csv": LINES.replace("121,00", "12x")}))
    assert re.fullmatch(r"lines_2024\.csv: .*\. .* the last good sync stand\.", str(caught.value))
