"""A subfolder per fiscal year, as exports of WingsOnline are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from foundation.errors import BadFile

from .folders import LINES, YEARS, connector, fill, read

TWO_YEARS = YEARS + "2025;2025-01-01;2025-12-31;0\n"
HEADING = "dossier;journal;document;date;account;debit;credit;relation\n"


def ledger(number: str = "412", year: int = 2024, amount: str = "10,00") -> str:
    day = f"01/02/{year}"
    return f"{HEADING}{number};VK;1;{day};400000;{amount};0,00;K1\n{number};VK;1;{day};700000;0,00;{amount};\n"


def folder(root: Path, **files: str) -> Path:
    """A dossier with two years, each in a folder of its own."""
    home = fill(root / "korenbloem", {"fiscal_years.csv": TWO_YEARS, **files})
    for year in (2024, 2025):
        fill(home / str(year), {"ledger.csv": ledger(year=year, amount=f"{year - 2000},00")})
    return home


def test_each_year_is_read_from_its_folder(tmp_path: Path) -> None:
    found = read(folder(tmp_path, **{"relations.csv": "number;name;type\nK1;Klant;K\n"}), "wingsonline")
    assert found.rows("SELECT fiscal_year, sum(debit)::INTEGER FROM books.journal_lines GROUP BY 1 ORDER BY 1") == [
        ("2024", 24),
        ("2025", 25),
    ]
    assert found.rows("SELECT code, name, kind FROM books.counterparties") == [("K1", "Klant", "customer")]


def test_years_that_change_places_are_a_change(tmp_path: Path) -> None:
    home = folder(tmp_path)
    before = read(home, "wingsonline")
    assert read(home, "wingsonline", cursor=before.cursor.cursor).cursor.unchanged
    for name in ("2024", "2025"):
        (home / name).rename(home / f"_{name}")
    (home / "_2024").rename(home / "2025")
    (home / "_2025").rename(home / "2024")
    assert not read(home, "wingsonline", cursor=before.cursor.cursor).cursor.unchanged


def test_a_fault_is_told_with_the_year_in_which_it_is(tmp_path: Path) -> None:
    home = folder(tmp_path)
    (home / "2025" / "ledger.csv").write_text(ledger(year=2025).replace("0,00;10,00", "0,00;9,00"))
    with pytest.raises(BadFile, match=r"2025_ledger\.csv: debit 10\.00 and credit 9\.00 differ"):
        read(home, "wingsonline")


def test_a_year_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    home = folder(tmp_path, **{"lines_2024.csv": LINES})
    with pytest.raises(BadFile, match="both claim"):
        read(home, "wingsonline")


def test_folders_that_are_no_years_and_links_that_lead_out_are_left_alone(tmp_path: Path) -> None:
    home = folder(tmp_path)
    fill(home / "old", {"ledger.csv": "no ledger"})
    fill(tmp_path / "elsewhere", {"ledger.csv": ledger(year=2026)})
    os.symlink(tmp_path / "elsewhere", home / "2026")
    assert read(home, "wingsonline").value("SELECT count(*) FROM books.journal_lines") == 4
    assert "korenbloem" in [ref.external_id for ref in connector(tmp_path, "wingsonline").discover()]


@pytest.mark.parametrize(("number", "message"), [("413", "lines of dossier 412, not of 413"), ("412", "")])
def test_lines_of_another_dossier_are_refused(tmp_path: Path, number: str, message: str) -> None:
    home = folder(tmp_path, **{"dossier.csv": f"key;value\ninternal_number;{number}\n"})
    if not message:
        assert read(home, "wingsonline").value("SELECT count(*) FROM books.journal_lines") == 4
        return
    with pytest.raises(BadFile, match=message):
        read(home, "wingsonline")


def test_lines_of_several_dossiers_in_one_file_are_refused(tmp_path: Path) -> None:
    home = folder(tmp_path)
    mixed = ledger(year=2025) + ledger("413", 2025).removeprefix(HEADING)
    (home / "2025" / "ledger.csv").write_text(mixed)
    with pytest.raises(BadFile, match="dossier 412, 413 in one file"):
        read(home, "wingsonline")
