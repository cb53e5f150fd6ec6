"""Which folders are dossiers, which file is which table, what the parameters say, where archives are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectors.sandbox.company import company
from connectors.winbooks.dossier import Parameters, find_archive, find_table, parse_path_map
from connectors.winbooks.sandbox import open_sandbox
from foundation.errors import BadFile, Busy, WrongInput
from tests.winbooks.dossiers import LINE, PARAM, connect, extract, read, write, write_dossier


def test_dossiers_are_found_with_name_vat_number_and_country(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        found = list(connect(sandbox.root).discover())
    assert [(ref.external_id, ref.name, ref.vat_number, ref.country, ref.currency) for ref in found] == [
        ("ATELIER", "Atelier Grand-Livre", "BE0403019261", "BE", "EUR"),
        ("BROU_2", "Brouwerij De Tweede", "BE0403170701", "BE", "EUR"),
    ]


def test_folders_that_are_no_dossier_or_are_damaged_do_not_hide_the_others(tmp_path: Path) -> None:
    write_dossier(tmp_path / "GOOD", [LINE])
    write_dossier(tmp_path / "NONAME", [LINE], param={"Socname": " "})
    write_dossier(tmp_path / "CUT", [LINE])
    cut = tmp_path / "CUT" / "CUT_param.dbf"
    cut.write_bytes(cut.read_bytes()[:200])
    write(tmp_path / "NOACF" / "NOACF_param.dbf", PARAM, [{"ID": "Socname", "VALUE": "x"}])
    (tmp_path / "EMPTY").mkdir()
    assert [ref.external_id for ref in connect(tmp_path).discover()] == ["GOOD"]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("..", "is not a folder name"),
        ("../DEMO", "is not a folder name"),
        ("demo", "Use 'DEMO'"),
        ("LINK", "leads out of the root"),
        ("GONE", "unknown sync reference"),
        ("DEMO-2023", "is an archive year of 'DEMO'"),
        ("EMPTY", r"not a WinBooks dossier: it has no EMPTY_param\.dbf"),
    ],
)
def test_a_bad_reference_is_refused_wherever_it_is_used(tmp_path: Path, reference: str, said: str) -> None:
    root = tmp_path / "root"
    write_dossier(root / "DEMO", [LINE])
    write_dossier(tmp_path / "outside" / "LINK", [LINE])
    (root / "LINK").symlink_to(tmp_path / "outside" / "LINK")
    (root / "DEMO-2023").mkdir()
    (root / "EMPTY").mkdir()
    connector = connect(root)
    with pytest.raises(WrongInput, match=said):
        connector.fiscal_years(reference)
    with pytest.raises(WrongInput, match=said):
        extract(connector, reference)


def test_a_table_that_is_a_link_out_of_the_dossier_is_not_read(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [LINE])
    write_dossier(tmp_path / "OTHER", [LINE])
    (tmp_path / "DEMO" / "DEMO_act.dbf").unlink()
    (tmp_path / "DEMO" / "DEMO_act.dbf").symlink_to(tmp_path / "OTHER" / "OTHER_act.dbf")
    with pytest.raises(WrongInput, match=r"it has no DEMO_act\.dbf"):
        extract(connect(tmp_path), "DEMO")


def test_a_root_out_of_reach_is_busy(tmp_path: Path) -> None:
    connector = connect(tmp_path / "unmounted")
    for ask in (connector.verify, lambda: list(connector.discover()), lambda: connector.fiscal_years("DEMO")):
        with pytest.raises(Busy, match="cannot be reached"):
            ask()


@pytest.mark.parametrize(("setting", "value"), [("language", "3"), ("simulations", "maybe"), ("path_map", "Z:")])
def test_a_setting_that_means_nothing_is_refused(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(WrongInput, match=setting):
        connect(tmp_path, **{setting: value})


def test_tables_are_found_in_any_case_and_by_any_of_their_names(tmp_path: Path) -> None:
    for folder, names in {
        "MY_CO": ("MYCO_PARAM.DBF", "MYCO_PARAM.FPT", "my_co_acf.dbf", "xxDBKyy.dbf"),
        "MY_CO-2020": ("MYCO-2020_act.dbf", "MYCO_act.dbf"),
        "MY_CO-2021": ("MYCO_ACT.dbf",),
        "MY_CO-OLD-2022": ("MY_CO-2022_act.dbf",),
    }.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()

    def found(folder: str, table: str) -> list[str]:
        return [path.name for path in find_table(tmp_path / folder, "MY_CO", table)]

    assert found("MY_CO", "param") == ["MYCO_PARAM.DBF", "MYCO_PARAM.FPT"]
    assert found("MY_CO", "acf") == ["my_co_acf.dbf"]
    assert found("MY_CO", "dbk") == ["xxDBKyy.dbf"]
    assert found("MY_CO", "act") == []
    assert found("MY_CO-2020", "act") == ["MYCO-2020_act.dbf"]
    assert found("MY_CO-2021", "act") == ["MYCO_ACT.dbf"]
    assert found("MY_CO-OLD-2022", "act") == ["MY_CO-2022_act.dbf"]


def parameters(**values: str) -> Parameters:
    return Parameters("DEMO_param.dbf", [(key.replace("__", "."), value) for key, value in values.items()])


def test_period_dates_run_together_with_or_without_blanks() -> None:
    quarters = "01012024 0101202401042024  01072024 01102024 31122024 "
    (year,) = parameters(BOOKYEARCOUNT="1", BOOKYEAR1__PERDATE=quarters, BOOKYEAR1__STATUS="CLOSED").book_years()
    assert (year.start, year.end, year.closed, year.label) == (date(2024, 1, 1), date(2024, 12, 31), True, "2024")
    assert [period for period in year.periods if period[3] == "normal"] == [
        (1, date(2024, 1, 1), date(2024, 3, 31), "normal"),
        (2, date(2024, 4, 1), date(2024, 6, 30), "normal"),
        (3, date(2024, 7, 1), date(2024, 9, 30), "normal"),
        (4, date(2024, 10, 1), date(2024, 12, 31), "normal"),
    ]


def test_the_last_of_two_equal_keys_counts_in_any_case() -> None:
    found = Parameters("x", [("Socname", "Old"), ("SOCNAME", "New"), ("AccountPicture", "LENCUS=9, LENGEN=7")])
    assert (found.company_name, found.account_length) == ("New", 7)


def test_a_year_without_keys_is_skipped_and_codes_go_on_with_letters() -> None:
    given = {f"BOOKYEAR{i}__PERDATE": f"0101{2000 + i}" * 2 + f"3112{2000 + i}" for i in range(1, 13) if i != 3}
    years = parameters(BOOKYEARCOUNT="12", **given).book_years()
    assert "".join(year.code for year in years) == "12456789ABC"
    assert years[-1].start == date(2012, 1, 1)


def test_years_with_one_label_are_told_apart_by_their_end() -> None:
    years = parameters(
        BOOKYEARCOUNT="2",
        BOOKYEAR1__SHORTLABEL="Ex.",
        BOOKYEAR1__PERDATE="010120230101202331122023",
        BOOKYEAR2__SHORTLABEL="Ex.",
        BOOKYEAR2__PERDATE="010120240101202431122024",
    ).book_years()
    assert [year.label for year in years] == ["Ex. (2023-12-31)", "Ex. (2024-12-31)"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "BOOKYEARCOUNT is ''"),
        ({"BOOKYEARCOUNT": "40"}, "BOOKYEARCOUNT is '40'"),
        ({"BOOKYEARCOUNT": "1", "BOOKYEAR1__STATUS": "Open"}, "holds 0 dates"),
        ({"BOOKYEARCOUNT": "1", "BOOKYEAR1__PERDATE": "0101202431122024"}, "holds 2 dates"),
        ({"BOOKYEARCOUNT": "1", "BOOKYEAR1__PERDATE": "01012024010120243112202"}, "holds no dates"),
        ({"BOOKYEARCOUNT": "1", "BOOKYEAR1__PERDATE": "010120243002202431122024"}, "holds no dates"),
    ],
)
def test_parameters_that_tell_no_years_are_a_bad_file(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadFile, match=rf"DEMO_param\.dbf: .*{said}"):
        parameters(**given).book_years()


def test_period_dates_that_go_on_in_a_memo_file_are_not_read_without_it(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        (sandbox.root / "ATELIER" / "ATELIER_param.fpt").unlink()
        with pytest.raises(BadFile, match="memo file in which it may go on is missing"):
            connect(sandbox.root).fiscal_years("ATELIER")


def test_an_archive_is_looked_for_where_its_path_is_mapped_and_else_beside_the_dossier(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root / "demo-2023", other / "Old" / "DEMO-2023", other / "DEMO-2022", tmp_path / "secret"):
        folder.mkdir(parents=True)
    paths = parse_path_map(rf"Z:={other}; \\server\share\wb={other};Z:\data={root}")
    assert find_archive(root, r"Y:\wb\DEMO-2023", paths) == root / "demo-2023"
    assert find_archive(root, r"z:\old\demo-2023", paths) == other / "Old" / "DEMO-2023"
    assert find_archive(root, r"\\SERVER\share\WB\demo-2022\ ".strip(), paths) == other / "DEMO-2022"
    assert find_archive(root, r"Z:\data\DEMO-2023", paths) == root / "demo-2023"
    assert find_archive(root, r"Z:\gone\DEMO-2023", paths) == root / "demo-2023"
    for stored in (r"Z:\..\secret", r"..\secret", "..", "", r"Y:\wb\DEMO-2021"):
        assert find_archive(root, stored, paths) is None


def test_a_dossier_with_more_than_nine_years_is_read_by_their_letters(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        db = read(sandbox.root, "BROU_2")
    rows = db.execute("SELECT fiscal_year, count(*), min(entry_key)[1] FROM books.journal_lines GROUP BY 1").fetchall()
    assert sorted(rows)[-3:] == [("Ex. 2022", 8, "9"), ("Ex. 2023", 8, "A"), ("Ex. 2024", 8, "B")]
    assert db.execute(
        "SELECT sum(debit - credit) FROM books.journal_lines WHERE fiscal_year = 'Ex. 2024' AND account = '550000'"
    ).fetchall() == [(1100,)]
    assert db.execute("SELECT name, kind FROM books.counterparties WHERE code = '100'").fetchall() == [
        ("Brouwerij Één / Mouterij Twee", "both")
    ]
    assert db.execute("SELECT name, type FROM books.journals WHERE code = 'MATCHG'").fetchall() == [
        ("MATCHG", "general")
    ]
