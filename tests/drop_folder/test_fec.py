"""FEC dialects that are read, faults that are refused, and the fiscal years that files stand for."""

from __future__ import annotations

import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.drop_folder.dossier import french_vat
from foundation.errors import BadFile
from tests.drop_folder.folders import FEC_HEADER, FEC_LINES, FEC_NAME, Read, connector, fec, fill, read


def _read(folder: Path, content: str | bytes, name: str = FEC_NAME) -> Read:
    return read(fill(folder / "d", {name: content}), "cegid")


def _figures(found: Read) -> list[tuple[object, ...]]:
    return found.rows(
        """SELECT journal, document, date, period_kind, account, counterparty, description, debit, credit
        FROM books.journal_lines ORDER BY date, line_key"""
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    return _figures(_read(tmp_path_factory.mktemp("plain"), fec()))


def test_the_contract_s_own_sample_is_read(tmp_path: Path) -> None:
    found = _read(tmp_path, fec())
    assert _figures(found)[-1] == (
        "VE", "FA2501", date(2025, 2, 3), "normal", "445710", None, "Facture FA2501", Decimal(0), Decimal(20),
    )  # fmt: skip
    assert found.rows("SELECT * FROM books.fiscal_years") == [("2025", date(2025, 1, 1), date(2025, 12, 31), True)]
    assert found.rows("SELECT country, currency, vat_number FROM books.dossier") == [("FR", "EUR", "FR40303265045")]
    assert found.rows("SELECT code, name, kind, control_account FROM books.counterparties") == [
        ("CDUPONT", "Dupont SA", "customer", "411000")
    ]
    assert found.rows("SELECT code, type FROM books.journals ORDER BY 1") == [("AN", "opening"), ("VE", "sales")]
    assert found.rows("SELECT period FROM books.journal_lines WHERE period_kind = 'opening'") == [(0,), (0,)]
    assert found.rows("SELECT DISTINCT period FROM books.journal_lines WHERE period_kind = 'normal'") == [(None,)]
    assert not found.notes


def _montant(line: str, debit: str, credit: str) -> str:
    cells = line.split("|")
    cells[11:13] = [cells[11], debit] if cells[11] != "0,00" else [cells[12], credit]
    return "|".join(cells)


_ORDER = [2, 0, 1, 3, 5, 4, *range(6, 18)]


@pytest.mark.parametrize(
    "content",
    [
        fec(end="\n"),
        fec(end="\r"),
        fec(end="\r\r\n"),
        fec(end="\n\n"),
        fec().rstrip("\r\n"),
        fec().replace("|", "\t"),
        fec().replace("\r\n", "|\r\n"),
        fec(*(line + "|" for line in FEC_LINES)),
        fec().encode("utf-8-sig"),
        fec().encode("utf-16"),
        fec().replace("|", "\0|"),
        fec().upper().replace("MONTANTDEVISE", "MontantDevise"),
        fec(header=FEC_HEADER.replace("CompAuxNum", "CompteAuxNum").replace("DateLet", "DateLettrage")),
        fec(*(_montant(x, "D", "C") for x in FEC_LINES), header=FEC_HEADER.replace("Debit|Credit", "Montant|Sens")),
        fec(*(_montant(x, "+1", "-1") for x in FEC_LINES), header=FEC_HEADER.replace("Debit|Credit", "Montant|Sens")),
        fec(*(f"{x}||||libre" for x in FEC_LINES), header=FEC_HEADER + "|DateRglt|ModeRglt|NatOp|IdClient"),
        fec(*("|".join(cell.ljust(24) for cell in x.split("|")) for x in FEC_LINES)),
        fec(*(re.sub(r"\|(\d+,\d\d)(?=\|)", lambda m: f"|{m[1]:0>15}", x) for x in FEC_LINES)),
        fec(
            *("|".join(x.split("|")[i] for i in _ORDER) for x in FEC_LINES),
            header="|".join(FEC_HEADER.split("|")[i] for i in _ORDER),
        ),
        "\r\n".join(FEC_LINES),
        fec(*(x.replace("20250203", "2025-02-03") for x in FEC_LINES)),
        fec(*(x.replace("|||20250131", "||00000000|20250131") for x in FEC_LINES)),
    ],
)
def test_every_dialect_tells_the_same_books(
    content: str | bytes, tmp_path: Path, plain: list[tuple[object, ...]]
) -> None:
    got = _figures(_read(tmp_path, content))
    assert [(*row[:6], *row[7:]) for row in got] == [(*row[:6], *row[7:]) for row in plain]


def test_a_separator_inside_a_text_is_merged_back(tmp_path: Path) -> None:
    lines = [line.replace("Facture FA2501|120", "Facture | FA2501|bis|120") for line in FEC_LINES]
    found = _read(tmp_path, fec(*lines))
    assert found.value("SELECT description FROM books.journal_lines WHERE debit = 120") == "Facture | FA2501|bis"
    assert found.notes == {"separator_in_text": 1}
    spare = _read(tmp_path / "spare", fec(*(f"{line}|" for line in lines), header=FEC_HEADER + "|"))
    assert spare.value("SELECT description FROM books.journal_lines WHERE debit = 120") == "Facture | FA2501|bis"


def test_a_text_that_ends_in_an_amount_is_not_taken_for_one(tmp_path: Path) -> None:
    lines = [line.replace("Facture FA2501|120,00", "Acompte|50,00|120,00") for line in FEC_LINES]
    found = _read(tmp_path, fec(*lines))
    assert found.value("SELECT description FROM books.journal_lines WHERE debit = 120") == "Acompte|50,00"


def test_quotes_are_literal(tmp_path: Path) -> None:
    lines = [line.replace("Facture FA2501|120", 'Vis 3" x "5|120') for line in FEC_LINES]
    found = _read(tmp_path, fec(*lines))
    assert found.value("SELECT description FROM books.journal_lines WHERE debit = 120") == 'Vis 3" x "5'


def test_negative_amounts_keep_their_side_and_foreign_ones_follow_the_line(tmp_path: Path) -> None:
    lines = (
        *FEC_LINES,
        "VE|Ventes|VE2|20250301|411000|Clients|||X|20250301|Avoir|-120,00|0,00|||20250401|-130,00|USD",
        "VE|Ventes|VE2|20250301|706000|Prestations|||X|20250301|Avoir|0,00|-120,00|||20250401|-130,00|USD",
    )
    found = _read(tmp_path, fec(*lines))
    assert found.rows(
        "SELECT debit, credit, currency, amount_currency FROM books.journal_lines WHERE document = 'X' ORDER BY line_no"
    ) == [
        (Decimal(-120), Decimal(0), "USD", Decimal(-130)),
        (Decimal(0), Decimal(-120), "USD", Decimal(130)),
    ]


def test_what_is_odd_but_can_be_read_is_noted(tmp_path: Path) -> None:
    lines = [*FEC_LINES, FEC_LINES[0].replace("A nouveaux", "Ventes").replace("AN|", "OD|").replace("Banque", "BNP")]
    lines.append(lines[-1].replace("AN0001", "AN0002").replace("1500,00|0,00", "0,00|1500,00"))
    lines = [line.replace(",", ".") for line in lines]
    lines = [*lines[:2], lines[2].replace("20250203", "20260203", 1), *lines[3:]]
    found = _read(tmp_path, fec(*lines))
    assert found.notes == {
        "decimal_point": 7,
        "entries_regrouped": 3,
        "loose_entries": 2,
        "dates_outside_year": 1,
        "accounts_renamed": 1,
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "303265045FEC20251231.txt: the file is empty"),
        (fec().replace("|", " "), "the first line has none of the column names of a FEC"),
        (fec().replace("|", ","), "line 2 has 20 fields, the header has 18"),
        (fec(header=FEC_HEADER.replace("CompteNum", "Compte")), "line 1: the header has no column CompteNum"),
        (fec(header=FEC_HEADER.replace("Debit|Credit", "A|B")), "line 1: the header has no column Debit, Credit"),
        (fec(header=FEC_HEADER.replace("Debit", "Montant")), "line 1: the header has no column Sens"),
        (fec(FEC_LINES[0], FEC_LINES[1].rpartition("|RAN")[0]), "line 3 has 8 fields, the header has 18"),
        (fec(*FEC_LINES[:4]), "debit 1620.00 and credit 1600.00 differ by 20.00"),
        (fec(FEC_LINES[0].replace("1500,00", "1500€")), "line 2, column Debit: '1500€' is not an amount"),
        (fec(FEC_LINES[0].replace("|20250101|512", "|20251301|512")), "line 2, column EcritureDate: '20251301'"),
        (fec(FEC_LINES[0].replace("|512000|", "||")), "line 2, column CompteNum: it is empty"),
        (
            fec(FEC_LINES[0].replace("0,00", "X"), header=FEC_HEADER.replace("Debit|Credit", "Montant|Sens")),
            "line 2, column Sens: 'X' is neither D, C, +1 nor -1",
        ),
        (fec(*(x.replace("|20250203|Facture", "|2025|0203|Facture") for x in FEC_LINES)), "line 4 has 19 fields"),
        (FEC_HEADER, "the file holds no entries"),
    ],
)
def test_a_fault_is_refused_with_file_and_place(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=re.escape(says)) as caught:
        _read(tmp_path, content)
    assert FEC_NAME in str(caught.value)


def _year(year: int, first: str, last: str, *, opening: str = "") -> str:
    lines = []
    if opening:
        lines += [
            f"AN|A nouveaux|AN1|{opening}|512000|Banque|||RAN|{opening}|Report|10,00|0,00|||||",
            f"AN|A nouveaux|AN1|{opening}|101000|Capital|||RAN|{opening}|Report|0,00|10,00|||||",
        ]
    for number, day in enumerate((first, last)):
        lines += [
            f"OD|Divers|{year}{number}|{day}|606000|Achats|||P{number}|{day}|Achat|5,00|0,00|||||",
            f"OD|Divers|{year}{number}|{day}|512000|Banque|||P{number}|{day}|Achat|0,00|5,00|||||",
        ]
    return fec(*lines)


def _years(folder: Path, **files: str) -> Read:
    return read(
        fill(folder / "d", {f"303265045FEC{name[1:]}.txt": content for name, content in files.items()}), "cegid"
    )


@pytest.mark.parametrize(
    ("files", "years"),
    [
        # twelve months, where nothing tells otherwise
        ({"f20241231": _year(2024, "20240305", "20241120")}, [("2024", "2024-01-01", "2024-12-31")]),
        # a first year of eighteen months, by its opening entries or by its first entry
        (
            {"f20241231": _year(2024, "20230705", "20241120", opening="20230703")},
            [("2024", "2023-07-03", "2024-12-31")],
        ),
        ({"f20241231": _year(2024, "20230705", "20241120")}, [("2024", "2023-07-01", "2024-12-31")]),
        # a short first year, by its opening entries
        (
            {"f20241231": _year(2024, "20240905", "20241120", opening="20240901")},
            [("2024", "2024-09-01", "2024-12-31")],
        ),
        # a broken year, and the next one joined to it although it is longer
        (
            {"f20230331": _year(2023, "20220405", "20230320"), "f20241231": _year(2024, "20240105", "20241220")},
            [("2023", "2022-04-01", "2023-03-31"), ("2024", "2023-04-01", "2024-12-31")],
        ),
        # two years that close in one calendar year
        (
            {"f20230331": _year(2023, "20220405", "20230320"), "f20231231": _year(2024, "20230405", "20231220")},
            [("2023-03-31", "2022-04-01", "2023-03-31"), ("2023-12-31", "2023-04-01", "2023-12-31")],
        ),
    ],
)
def test_a_fiscal_year_follows_from_name_entries_and_the_year_before(
    files: dict[str, str], years: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    found = _years(tmp_path, **files)
    assert found.rows("SELECT label, start_date::VARCHAR, end_date::VARCHAR FROM books.fiscal_years") == years
    assert found.value("SELECT count(*) FROM books.journal_lines WHERE fiscal_year IS NULL") == 0
    assert not {"dates_outside_year", "name_does_not_fit"} & set(found.notes)


def test_a_year_that_is_missing_between_two_files_is_reported(tmp_path: Path) -> None:
    found = _years(tmp_path, f20211231=_year(1, "20210105", "20211220"), f20231231=_year(3, "20230105", "20231220"))
    assert found.notes == {"missing_year": 1}
    assert found.value("SELECT max(start_date) FROM books.fiscal_years") == date(2023, 1, 1)


def test_an_opening_journal_after_the_first_day_is_movement(tmp_path: Path) -> None:
    lines = [*FEC_LINES, *(line.replace("20250101", "20250615").replace("AN0001", "AN2") for line in FEC_LINES[:2])]
    found = _read(tmp_path, fec(*lines))
    assert found.rows(
        "SELECT period_kind, count(*) FROM books.journal_lines WHERE journal = 'AN' GROUP BY 1 ORDER BY 1"
    ) == [("normal", 2), ("opening", 2)]


@pytest.mark.parametrize(
    ("code", "name", "number"),
    [("ANO", "x", "1"), ("RAN", "x", "1"), ("ZZ", "Reports à nouveau", "1"), ("ZZ", "x", "OUVERTURE/2025")],
)
def test_opening_entries_are_known_by_code_name_or_number(code: str, name: str, number: str, tmp_path: Path) -> None:
    lines = [
        line.replace("AN|A nouveaux|AN0001", f"{code}|{name}|{number}") if line.startswith("AN") else line
        for line in FEC_LINES
    ]
    found = _read(tmp_path, fec(*lines))
    assert found.value("SELECT count(*) FROM books.journal_lines WHERE period_kind = 'opening'") == 2


def test_of_two_exports_of_one_year_the_newer_one_counts(tmp_path: Path) -> None:
    older = fec().replace("120,00", "240,00").replace("100,00", "220,00")
    folder = fill(tmp_path / "d", {FEC_NAME: fec(), FEC_NAME.replace(".txt", "_2.txt"): older})
    os.utime(folder / FEC_NAME.replace(".txt", "_2.txt"), (1_000_000, 1_000_000))
    found = read(folder, "cegid")
    assert found.value("SELECT max(debit) FROM books.journal_lines WHERE period_kind = 'normal'") == 120
    assert found.notes == {"older_export": 1}


def test_two_companies_in_one_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="SIREN 111111118 and 303265045"):
        read(fill(tmp_path / "d", {FEC_NAME: fec(), "111111118FEC20241231.txt": fec()}), "cegid")


def test_a_name_with_signs_of_a_pattern_is_an_ordinary_name(tmp_path: Path) -> None:
    assert (
        _read(tmp_path, fec(), "303265045FEC20251231_[1]*.txt").value("SELECT count(*) FROM books.journal_lines") == 5
    )


def test_a_name_that_is_no_fec_name_still_gives_its_lines(tmp_path: Path) -> None:
    found = _read(tmp_path, fec(), "export fec client.txt")
    assert found.notes == {"name_without_date": 1}
    assert found.rows("SELECT label, end_date FROM books.fiscal_years") == [("2025", date(2025, 2, 28))]
    assert found.value("SELECT vat_number FROM books.dossier") is None


def test_fiscal_years_csv_corrects_what_a_fec_cannot_tell(tmp_path: Path) -> None:
    years = "label;start_date;end_date;closed\nEX1;2024-10-01;2025-12-31;0\n"
    found = read(fill(tmp_path / "d", {FEC_NAME: fec(), "fiscal_years.csv": years}), "cegid")
    assert found.rows("SELECT * FROM books.fiscal_years") == [("EX1", date(2024, 10, 1), date(2025, 12, 31), False)]
    with pytest.raises(BadFile, match=r"fiscal year 2025 .* does not go with EX1 from 2025-06-01"):
        read(
            fill(tmp_path / "d", {"fiscal_years.csv": years.replace("2024-10-01;2025-12-31", "2025-06-01;2026-05-31")})
        )


def test_the_vat_number_follows_from_the_siren(tmp_path: Path) -> None:
    assert french_vat("303265045") == "FR40303265045"
    fill(tmp_path / "d", {FEC_NAME: fec()})
    (found,) = connector(tmp_path, "cegid").discover()
    assert (found.vat_number, found.country, found.name) == ("FR40303265045", "FR", "d")
