"""What packages call their columns, as data: every heading is understood, and means one thing."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from connectors.catalog import PACKAGES
from connectors.drop_folder import headings
from connectors.drop_folder.headings import Kind, find_header, fold
from connectors.drop_folder.profiles import Profile, profile
from connectors.drop_folder.text import guess_single_byte
from foundation.errors import BadFile
from tests.drop_folder.folders import YEARS, Read, fill, read

TOLD = tomllib.loads(files("connectors.drop_folder").joinpath("profiles.toml").read_text("utf-8"))
KINDS: dict[str, Kind] = {
    "lines": headings.LINES,
    "accounts": headings.ACCOUNTS,
    "fiscal_years": headings.FISCAL_YEARS,
    "journals": headings.JOURNALS,
    "parties": headings.PARTIES,
    "balances": headings.BALANCES,
}
HEADINGS = [
    (package, kind, column, heading)
    for package, told in TOLD.items()
    for kind, columns in told.items()
    if isinstance(columns, dict)
    for column, names in columns.items()
    for heading in names
]


def header_of(kind: Kind, told: Profile, cells: list[str]) -> dict[str, int]:
    found = find_header([";".join(cells)], kind, separator=None, also=told.also(kind.name))
    return dict(found.columns) if found else {}


@pytest.mark.parametrize("package", [name for name in TOLD if name != "shared"])
def test_a_profile_is_one_of_a_package_of_the_catalog(package: str) -> None:
    assert package in PACKAGES
    told = profile(package)
    assert set(TOLD[package]) <= {*KINDS, "encoding", "usual_encoding", "separator", "decimal", "fixed_widths"}
    assert guess_single_byte({}, told.usual_encoding)  # type: ignore[arg-type]
    for column, first, length in told.fixed_widths:
        assert column in set(headings.LINES.headings.values())
        assert first > 0
        assert length > 0


@pytest.mark.parametrize(("package", "kind", "column", "heading"), HEADINGS, ids=lambda part: part)
def test_every_heading_is_understood_beside_the_others(package: str, kind: str, column: str, heading: str) -> None:
    """In a row of its own column and the required others, and in capitals; where it is shared, by every package."""
    told, others = KINDS[kind], [name for name in KINDS[kind].required if name != column]
    assert column in set(told.headings.values())
    for name in [package] if package != "shared" else [name for name in TOLD if name != "shared"]:
        own = {fold(each) for column_, names in TOLD[name].get(kind, {}).items() if column_ != column for each in names}
        if fold(heading) in own:
            continue  # the package's own word for something else
        found = header_of(told, profile(name), [heading.upper(), *others, *_padding(told, others, column)])
        assert found.get(column) == 0, name


def _padding(kind: Kind, others: list[str], column: str) -> list[str]:
    """Further columns, so that a row has as many as make a header row."""
    more = [name for name in kind.headings.values() if name not in (*others, column)]
    return list(dict.fromkeys(more))[: max(0, kind.enough - len(others))]


def test_no_heading_means_two_columns_and_none_of_the_contract_means_another() -> None:
    for package in TOLD:
        for kind, told in KINDS.items():
            meant: dict[str, str] = {}
            for column, names in TOLD[package].get(kind, {}).items():
                for heading in names:
                    key = fold(heading)
                    assert meant.setdefault(key, column) == column, (package, kind, heading)
                    assert told.headings.get(key, column) == column, (package, kind, heading)


def figures(found: Read) -> list[tuple[object, ...]]:
    return found.rows("SELECT account, debit, credit, document FROM books.journal_lines ORDER BY account")


def test_the_lists_of_wings_and_briljant_are_read_by_their_headings(tmp_path: Path) -> None:
    wings = (
        "Dagboek;Documentnummer;Boekdatum;Periode;Rekening;Omschrijving;Debet;Credit;Relatie\r\n"
        "VF;12;15-02-2024;2;400000;Factuur 12;121,00;0,00;1001\r\n"
        "VF;12;15-02-2024;2;700000;Factuur 12;0,00;100,00;\r\nVF;12;15-02-2024;2;451000;Factuur 12;0,00;21,00;\r\n"
    )
    found = read(fill(tmp_path / "DEMOWINGS", {"fiscal_years.csv": YEARS, "lines_2024.csv": wings}), "wings")
    assert found.rows("SELECT DISTINCT counterparty FROM books.journal_lines ORDER BY 1 NULLS LAST") == [
        ("1001",),
        (None,),
    ]
    briljant = (
        "Lijst van boekingen\r\nDagboek;Stuknummer;Datum;Periode;Rekening;Omschrijving;Debet;Credit\r\n"
        "AK;7;15/02/2024;8;604000;Factuur F-77;100,00;0,00\r\nAK;7;15/02/2024;8;411000;Factuur F-77;21,00;0,00\r\n"
        "AK;7;15/02/2024;8;440000;Factuur F-77;0,00;121,00\r\n;;;;;Totaal;121,00;121,00\r\n"
    )
    years = "Code;Begindatum;Einddatum;Afgesloten\r\n2024;01/07/2023;30/06/2024;0\r\n"
    found = read(fill(tmp_path / "BRIL01", {"fiscal_years.csv": years, "lines_2024.csv": briljant}), "briljant")
    assert figures(found) == [
        ("411000", Decimal(21), 0, "7"), ("440000", 0, Decimal(121), "7"), ("604000", Decimal(100), 0, "7")
    ]  # fmt: skip
    assert found.notes == {"subtotals_skipped": 1}


@pytest.mark.parametrize(
    ("package", "heading", "sides"),
    [
        (
            "popsy",
            "JrnlID;DocNumber;DateDoc;PeriodID;GnrlID;Comment;FlagDC;AmountCrcyBase;CrcyDoc;AmountCrcyDoc;CustID;DateDue"
            ";VATCode",
            ("D", "C"),
        ),
        (
            "expertm",
            "Dagboek;DocNumber;DocDate;AccountingPeriod;Rekening;OurRef;DebCre;Amount;CurrencyCode;Bedrag valuta;"
            "Customer_Prime;DueDate;VAT1",
            ("1", "-1"),
        ),
        (
            "topaccount",
            "Code journal;N° pièce;Date d'écriture;Période comptable;Compte général;Libellé;Sens;Montant EUR;"
            "Code devise;Montant en devise;Code tiers;Date d'échéance;Code T.V.A.",
            ("d", "c"),
        ),
        (
            "verocount",
            "Dagboekcode;Stuknr;Datum boeking;Boekperiode;Grootboekrekening;Mededeling;D/C;Bedrag in euro;Muntcode;"
            "Bedrag in valuta;Relatienummer;Verval;BTWcode",
            ("D", "C"),
        ),
    ],
)
def test_an_amount_with_its_side_is_debit_or_credit(
    package: str, heading: str, sides: tuple[str, str], tmp_path: Path
) -> None:
    debit, credit = sides
    rows = [
        f"VEN;12;15/02/2024;2;400000;Facture 12;{debit};121.00;USD;130.00;DUPONT;16/03/2024;21",
        f"VEN;12;15/02/2024;2;700000;Facture 12;{credit};110.00;;;;;",
        f"VEN;12;15/02/2024;2;451000;Facture 12;{credit};21.00;;;;;",
        f"VEN;12;15/02/2024;2;700100;Remise;{credit};-10.00;;;;;",
    ]
    text = "\r\n".join([heading, *rows])
    folder = fill(tmp_path / "P001", {"fiscal_years.csv": YEARS, "lines_2024.csv": text})
    found = read(folder, package)
    assert figures(found) == [
        ("400000", Decimal(121), 0, "12"), ("451000", 0, Decimal(21), "12"), ("700000", 0, Decimal(110), "12"),
        ("700100", 0, Decimal(-10), "12"),
    ]  # fmt: skip
    assert found.rows(
        """SELECT journal, period, description, currency, amount_currency, counterparty, due_date::VARCHAR, vat_code
        FROM books.journal_lines WHERE account = '400000'"""
    ) == [("VEN", 2, "Facture 12", "USD", Decimal(130), "DUPONT", "2024-03-16", "21")]
    fill(folder, {"lines_2024.csv": text.replace(f";{credit};21.00", ";X;21.00")})
    with pytest.raises(BadFile, match=r"lines_2024\.csv: line 4, column side: 'X' is neither D, C, 1 nor -1"):
        read(folder, package)


def test_only_final_lines_of_adsolut_are_the_books(tmp_path: Path) -> None:
    text = (
        "journal;document;date;account;debit;credit;Gecentraliseerd\n"
        "V1;1;2024-02-15;400000;10,00;0;ja\nV1;1;2024-02-15;700000;0;10,00;1\n"
        "V1;2;2024-02-16;400000;99,00;0;Nee\nV1;2;2024-02-16;700000;0;99,00;0\n"
    )
    folder = fill(tmp_path / "0123", {"fiscal_years.csv": YEARS, "lines_2024.csv": text})
    found = read(folder, "adsolut")
    assert found.value("SELECT sum(debit) FROM books.journal_lines") == 10
    assert found.notes == {"drafts_left_out": 2}
    fill(folder, {"lines_2024.csv": text.replace("Nee", "misschien")})
    with pytest.raises(BadFile, match="line 4, column finalised: 'misschien' is neither yes nor no"):
        read(folder, "adsolut")


ORAS = (
    "604000  20240215AK 00000007Factuur \x82\x82n                           100.00          0.00\n"
    "411000  20240215AK 00000007Factuur F-77                           21.00          0.00\n"
    "440000  20240215AK 00000007Factuur F-77                            0.00        121.00\n"
)


def test_fixed_widths_of_oras_need_no_word_in_dossier_csv_and_leave_lists_with_headings_alone(tmp_path: Path) -> None:
    folder = fill(tmp_path / "ORG7", {"fiscal_years.csv": YEARS, "lines_2024.txt": ORAS.encode("latin-1")})
    found = read(folder, "oras")
    assert figures(found) == [
        ("411000", Decimal(21), 0, "00000007"), ("440000", 0, Decimal(121), "00000007"),
        ("604000", Decimal(100), 0, "00000007"),
    ]  # fmt: skip
    assert found.value("SELECT description FROM books.journal_lines WHERE account = '604000'") == "Factuur één"
    (folder / "lines_2024.txt").unlink()
    fill(folder, {"lines_2024.csv": "journal;document;date;account;debit;credit\nA;1;2024-01-01;1;5,00;5,00\n"})
    assert figures(read(folder, "oras")) == [("1", Decimal(5), Decimal(5), "1")]


def test_widths_in_dossier_csv_take_the_place_of_the_packages(tmp_path: Path) -> None:
    text = "".join(f"{line[8:16]}{line[:8]}{line[16:]}\n" for line in ORAS.splitlines())
    widths = {
        "date": "1-8",
        "account": "9-16",
        "journal": "17-19",
        "document": "20-27",
        "debit": "58-71",
        "credit": "72-85",
    }
    told = "key;value\n" + "".join(f"width.{name};{place}\n" for name, place in widths.items())
    files_ = {"fiscal_years.csv": YEARS, "lines_2024.txt": text.encode("latin-1"), "dossier.csv": told}
    found = read(fill(tmp_path / "ORG7", files_), "oras")
    assert [row[0] for row in figures(found)] == ["411000", "440000", "604000"]
    assert found.value("SELECT count(*) FROM books.journal_lines WHERE description LIKE '%F-77%'") == 0
