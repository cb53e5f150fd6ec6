"""The file route: whatever a spreadsheet makes of the file, it is read right or refused by line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Connector
from connectors.fid_manager.file_route import parsed
from connectors.fid_manager.sandbox import open_folder
from connectors.sandbox.company import company
from foundation.errors import BadFile, Busy, GrandlivreError
from tests.client_lists.reading import connect, normalized, read
from tests.landed import Clock

PAGE = (
    "code;name;type;legal_form;enterprise_number;vat_number;street;number;box;postal_code;city;country;email;phone;"
    "language;fiscal_year_end;status;responsible;assistant;partner\n"
    "C0017;De Korenbloem;legal_person;BV;0712345630;BE0712345630;Molenstraat;4;;9300;Aalst;BE;info@korenbloem.example;"
    "+32 53 00 00 00;nl;12-31;active;an@kantoor.example;;jo@kantoor.example\n"
)
"""The example of the contract page."""


@pytest.fixture
def connector(folder: Path, clock: Clock) -> Connector:
    return connect("fid_manager", {"root": str(folder)}, {}, clock)


def clients(connector: Connector, folder: Path, content: str | bytes) -> dict[str, dict[str, Any]]:
    data = content.encode() if isinstance(content, str) else content
    (folder / "clients.csv").write_bytes(data)
    table, _ = read(connector)
    assert table is not None
    return normalized(connector, table)


def test_the_example_of_the_contract_page(connector: Connector, folder: Path) -> None:
    (found,) = clients(connector, folder, PAGE).values()
    assert {name: value for name, value in found.items() if value is not None} == {
        "external_id": "C0017",
        "code": "C0017",
        "name": "De Korenbloem",
        "client_type": "legal_person",
        "legal_form": "BV",
        "enterprise_number": "0712345630",
        "vat_number": "BE0712345630",
        "address_line_1": "Molenstraat 4",
        "postcode": "9300",
        "city": "Aalst",
        "country": "BE",
        "email": "info@korenbloem.example",
        "phone": "+32 53 00 00 00",
        "language": "nl",
        "fiscal_year_end": "12-31",
        "responsible": "an@kantoor.example",
        "status": "active",
        "extra": '{"partner":"jo@kantoor.example"}',
    }


@pytest.mark.parametrize(
    "content",
    [
        PAGE.replace(";", ","),
        PAGE.replace(";", "\t"),
        PAGE.replace("\n", "\r\n"),
        "\ufeff" + PAGE,
        PAGE.encode("utf-16"),
        PAGE + "\n;;;;;;;;;;;;;;;;;;;\n",
        PAGE.replace("code;name", "Code; NAME "),
    ],
)
def test_what_spreadsheets_make_of_it(connector: Connector, folder: Path, content: str | bytes) -> None:
    found = clients(connector, folder, content)
    assert [(code, row["name"], row["city"]) for code, row in found.items()] == [("C0017", "De Korenbloem", "Aalst")]


def test_encodings_columns_of_the_firm_s_own_and_cells_of_several_lines(connector: Connector, folder: Path) -> None:
    content = 'name;code;dossierverantwoordelijke;street\n"Électricité; fils";7;Zoë;"Rue\nHaute"\n'
    found = clients(connector, folder, content.encode("cp1252"))["7"]
    assert (found["name"], found["address_line_1"]) == ("Électricité; fils", "Rue\nHaute")
    assert json.loads(found["extra"]) == {"dossierverantwoordelijke": "Zoë"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no column code and name"),
        ("naam;code\nA;1\n", "no column name"),
        ("code;name;code\n1;A;1\n", "two columns 'code'"),
        ("code;name\n1;A;B\n", "line 2 has 3 columns"),
        ("code;name\n1\n", "line 2 has 1 columns"),
        ("code;name\n;A\n", "line 2 has no code"),
        ("code;name\n1;A\n2;B\n1;C\n", "client 1 stands on line 2 and on line 4"),
        ('code;name\n1;"A\n', "not readable"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_by_line(
    connector: Connector, folder: Path, content: str, told: str
) -> None:
    (folder / "clients.csv").write_text(content)
    with pytest.raises(BadFile, match=told):
        read(connector)


def test_a_file_that_is_not_there_yet_is_waited_for(connector: Connector, folder: Path) -> None:
    with pytest.raises(Busy, match=r"no clients\.csv"):
        connector.verify()
    folder.rmdir()
    with pytest.raises(GrandlivreError, match="root"):
        connector.verify()


def test_a_file_that_did_not_change_is_unchanged(folder: Path, clock: Clock) -> None:
    with open_folder("fid_manager", company("BE"), folder) as sandbox:
        connector = connect("fid_manager", sandbox.settings, {}, clock)
        table, end = read(connector)
        assert table is not None
        assert read(connector, end.cursor)[0] is None
        sandbox.show(company("BE", 1))
        changed, _ = read(connector, end.cursor)
        assert changed is not None
        assert set(changed.column("code").to_pylist()) ^ set(table.column("code").to_pylist()) == {"1021", "1055"}


CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)


@given(st.dictionaries(CELL.map(str.strip).filter(bool), st.tuples(CELL, CELL), max_size=8), st.sampled_from(";,\t"))
def test_whatever_a_csv_writer_writes_comes_back(rows: dict[str, tuple[str, str]], separator: str) -> None:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=separator)
    writer.writerow(["code", "name", "city"])
    writer.writerows([code, *rest] for code, rest in rows.items())
    found = parsed(target.getvalue()).to_pylist()
    assert [(r["code"], r["name"], r["city"]) for r in found] == [
        (code, name.strip() or None, city.strip() or None) for code, (name, city) in rows.items()
    ]
