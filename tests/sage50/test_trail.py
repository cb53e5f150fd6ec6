"""The audit trail: both sides of every type, years, openings, dialects of the file, and damage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Batch
from connectors.sage50.dossier import years_of
from foundation.errors import BadFile, WrongInput
from tests.sage50.companies import CHART, connect, extract, lines, normalized, notes, read, row, write_company

SIDES = {  # type: account reference, nominal code, and what must stand on which account for 100.00 and 20.00 of tax
    "SI": ("CUST", "4000", {"4000": -100, "2200": -20, "1100": 120}),
    "SC": ("CUST", "4000", {"4000": 100, "2200": 20, "1100": -120}),
    "SD": ("CUST", "4009", {"4009": 100, "2200": 20, "1100": -120}),
    "PI": ("SUPP", "5000", {"5000": 100, "2201": 20, "2100": -120}),
    "PC": ("SUPP", "5000", {"5000": -100, "2201": -20, "2100": 120}),
    "PD": ("SUPP", "5000", {"5000": -100, "2201": -20, "2100": 120}),
    "BP": ("1200", "7500", {"7500": 100, "2201": 20, "1200": -120}),
    "BR": ("1200", "4000", {"4000": -100, "2200": -20, "1200": 120}),
    "CP": ("1230", "7500", {"7500": 100, "2201": 20, "1230": -120}),
    "CR": ("1230", "4000", {"4000": -100, "2200": -20, "1230": 120}),
    "VP": ("1230", "7500", {"7500": 100, "2201": 20, "1230": -120}),
    "VR": ("1230", "4000", {"4000": -100, "2200": -20, "1230": 120}),
}
PAYMENTS = {
    "SR": ("CUST", {"1200": 100, "1100": -100}),
    "SA": ("CUST", {"1200": 100, "1100": -100}),
    "SP": ("CUST", {"1200": -100, "1100": 100}),
    "PP": ("SUPP", {"1200": -100, "2100": 100}),
    "PA": ("SUPP", {"1200": -100, "2100": 100}),
    "PR": ("SUPP", {"1200": 100, "2100": -100}),
}


@pytest.mark.parametrize("kind", [*SIDES, *PAYMENTS])
def test_the_control_and_vat_sides_of_a_transaction_are_rebuilt(tmp_path: Path, kind: str) -> None:
    if kind in SIDES:
        ref, nominal, expected = SIDES[kind]
        told = row(kind, ref, nominal, "100.00", "20.00")
    else:
        ref, expected = PAYMENTS[kind]
        told = row(kind, ref, "1200", "100.00", code="T9")
    write_company(tmp_path / "DEMO", [told])
    connector = connect(tmp_path)
    events = extract(connector, "DEMO")
    db = normalized(connector, events)
    assert dict(lines(db)) == expected
    parties = dict(lines(db, "account, counterparty"))
    control = {"S": "1100", "P": "2100"}.get(kind[0])
    assert {account for account, party in parties.items() if party} == ({control} if control else set())
    assert notes(events) == ({} if control else {"bank_side_assumed": 1})
    keys = "SELECT count(DISTINCT entry_key), count(*) = count(DISTINCT line_key) FROM books.journal_lines"
    assert db.execute(keys).fetchall() == [(1, True)]


def test_journals_balance_on_their_date_and_reference(tmp_path: Path) -> None:
    trail = [row("JD", "7500", "7500", "10.00"), row("JC", "1200", "1200", "4.00"), row("JC", "1230", "1230", "6.00")]
    trail += [row("JD", "7500", "7500", "1.00", reference=""), row("JC", "1200", "1200", "1.00", reference="")]
    write_company(tmp_path / "DEMO", trail)
    db = read(tmp_path)
    assert lines(db) == [("7500", 1.0), ("1200", -1.0), ("7500", 10.0), ("1200", -4.0), ("1230", -6.0)]
    assert (
        db.execute("SELECT entry_key FROM books.journal_lines GROUP BY 1 HAVING sum(debit - credit) <> 0").fetchall()
        == []
    )


def test_splits_of_one_invoice_are_one_entry_and_keep_their_keys_when_others_go(tmp_path: Path) -> None:
    splits = [row("SI", "CUST", "4000", "10.00", "2.00"), row("SI", "CUST", "4000", "5.00", "1.00")]
    other = row("SI", "CUST", "4000", "7.00", reference="R0", day="01/02/2024")
    write_company(tmp_path / "DEMO", [other, *splits])
    before = {key for (key,) in lines(read(tmp_path), "line_key")}
    write_company(tmp_path / "DEMO", splits)
    db = read(tmp_path)
    assert {key for (key,) in lines(db, "line_key")} < before
    assert lines(db, "count(DISTINCT entry_key) OVER ()")[0] == (1,)


@pytest.mark.parametrize("heading", [True, False])
@pytest.mark.parametrize("day", ["15/02/2024", "15022024", "150224", "5/2/2024", "2024-02-15"])
def test_headings_or_none_and_every_way_to_write_a_date(tmp_path: Path, heading: bool, day: str) -> None:
    write_company(tmp_path / "DEMO", [row("SI", "CUST", "4000", "1,234.50", "0.5", day=day)], heading=heading)
    when = date(2024, 2, 5 if day.startswith("5") else 15)
    assert lines(read(tmp_path), "date, account, debit - credit") == [
        (when, "4000", Decimal("-1234.50")), (when, "2200", Decimal("-0.5")), (when, "1100", Decimal("1235"))
    ]  # fmt: skip


def test_an_exchange_rate_is_noted_and_own_control_accounts_are_used(tmp_path: Path) -> None:
    own: dict[str, object] = {"NOM_DEBTORS": "1230", "NOM_TAX_SALES": "2201", "COUNTRY_CODE": "IE"}
    rows = [row("SI", "CUST", "4000", "1.00", "0.20", rate="1.00"), row("SI", "CUST", "4000", "1.00", rate="0.8561")]
    write_company(tmp_path / "DEMO", rows, company=own)  # pyright: ignore[reportArgumentType]
    connector = connect(tmp_path)
    events = extract(connector, "DEMO")
    assert notes(events) == {"exchange_rates": 1}
    db = normalized(connector, events)
    assert {account for account, _ in lines(db)} == {"4000", "2201", "1230"}
    assert db.execute("SELECT name, currency FROM books.dossier").fetchall() == [("Demo Ltd", "EUR")]


def test_years_step_back_and_forward_from_the_current_one(tmp_path: Path) -> None:
    days = ["01/04/2021", "31/03/2022", "15/05/2023", "02/04/2024"]
    trail = [row("SI", "CUST", "4000", "1.00", day=day, reference=day) for day in days]
    write_company(tmp_path / "DEMO", trail, company={"START_MONTH": 4, "FINANCIAL_YEAR": 2023})
    years = connect(tmp_path).fiscal_years("DEMO")
    assert [(year.label, year.start, year.end, year.closed) for year in years] == [
        ("2021/2022", date(2021, 4, 1), date(2022, 3, 31), True),
        ("2022/2023", date(2022, 4, 1), date(2023, 3, 31), True),
        ("2023/2024", date(2023, 4, 1), date(2024, 3, 31), False),
        ("2024/2025", date(2024, 4, 1), date(2025, 3, 31), False),
    ]
    assert lines(read(tmp_path), "date, fiscal_year")[:2] == [
        (date(2021, 4, 1), "2021/2022"), (date(2021, 4, 1), "2021/2022")
    ]  # fmt: skip


@given(st.integers(1, 12), st.integers(2000, 2030), st.dates(date(1971, 1, 1), date(2080, 1, 1)))
def test_years_follow_one_another_and_reach_every_date(month: int, year: int, day: date) -> None:
    years = years_of({"start_month": month, "financial_year": year}, day, day)
    assert any(each.start <= day <= each.end for each in years)
    assert all((after.start - before.end).days == 1 for before, after in pairwise(years))
    assert all(364 <= (each.end - each.start).days <= 365 for each in years)


BALANCES = ("ACCOUNT_REF", "NAME", "BALANCE_BF", "BALANCE")


def brought(**figures: tuple[int, int]) -> list[tuple[object, ...]]:
    return [(ref, name, *figures.get(f"a{ref}", (0, 0))) for ref, name in CHART]


def test_what_the_current_year_opens_with_is_what_the_nominal_ledger_brought_forward(tmp_path: Path) -> None:
    """Only where the trail before it was cleared; otherwise what was booked carries over, and nothing is added."""
    trail = [row("SI", "CUST", "4000", "10.00", day="01/06/2023"), row("SI", "CUST", "4000", "1.00")]
    whole = brought(a1100=(10, 11), a3200=(-10, -10), a4000=(0, -1))
    write_company(tmp_path / "DEMO", trail, nominal=whole, nominal_columns=BALANCES)  # pyright: ignore
    db = read(tmp_path)
    assert lines(db, "count(*) FILTER (period_kind = 'opening') OVER ()")[0] == (0,)
    cleared = brought(a1100=(25, 26), a3200=(-25, -25), a4000=(0, -1))
    write_company(tmp_path / "DEMO", trail, nominal=cleared, nominal_columns=BALANCES)  # pyright: ignore
    opening = "SELECT fiscal_year, date, account, (debit - credit)::INTEGER FROM books.journal_lines"
    opening += " WHERE period_kind = 'opening' ORDER BY account"
    db = read(tmp_path)
    for each in (db, read(tmp_path, since=date(2024, 1, 1))):
        assert each.execute(opening).fetchall() == [
            ("2024", date(2024, 1, 1), "1100", 25),
            ("2024", date(2024, 1, 1), "3200", -25),
        ]
    balances = db.execute(
        "SELECT account, opening::INTEGER, closing::INTEGER FROM books.trial_balances WHERE closing <> 0"
    )
    assert sorted(balances.fetchall()) == [("1100", 25, 26), ("3200", -25, -25), ("4000", 0, -1)]


def test_a_sync_from_a_date_opens_with_what_was_booked_before_and_its_result_is_retained(tmp_path: Path) -> None:
    days = ["01/06/2022", "01/06/2023", "15/02/2024"]
    write_company(tmp_path / "DEMO", [row("SI", "CUST", "4000", "10.00", day=day, reference=day) for day in days])
    for since, amount in ((date(2023, 1, 1), 10), (date(2024, 1, 1), 20)):
        found = lines(read(tmp_path, since=since), "fiscal_year, period_kind, account, (debit - credit)::INTEGER")
        label = str(since.year)
        assert {line[1:] for line in found if line[0] == label} == {
            ("opening", "1100", amount), ("opening", "3200", -amount), ("normal", "4000", -10), ("normal", "1100", 10)
        }  # fmt: skip
        assert {line[0] for line in found} == {str(year) for year in range(since.year, 2025)}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (row("XX", "CUST", "4000", "1.00"), r"row 3, column TYPE: this is no type of transaction"),
        (row("SI", "CUST", "4000", "1.2.3"), r"row 3, column NET_AMOUNT: '1\.2\.3' is no amount"),
        (row("SI", "CUST", "4000", "", "1.00"), r"row 3, column NET_AMOUNT: it is empty"),
        (row("SI", "CUST", "", "1.00"), r"row 3, column NOMINAL_CODE: it is empty"),
        (row("SI", "CUST", "4000", "1.00", day="31/02/2024"), r"row 3, column DATE: '31/02/2024' is no date"),
        (row("SI", "CUST", "4000", "1.00", day=""), r"row 3, column DATE: it is empty"),
        (row("BP", "", "7500", "1.00"), r"row 3, column ACCOUNT_REF: a bank, cash or card transaction names no bank"),
        (row("SI", "CUST", "4000", "1.00")[:7], r"row 3 has 7 fields, the header has 15"),
        (row("SI", "CUST", "4000", "1.00", day="01/02/0024"), r"a transaction is dated 0024-02-01"),
    ],
)
def test_what_cannot_be_read_is_named_with_file_and_row(tmp_path: Path, told: list[object], said: str) -> None:
    write_company(tmp_path / "DEMO", [row("SI", "CUST", "4000", "1.00"), told])  # pyright: ignore
    with pytest.raises(BadFile, match=rf"Audit Trail\.csv: {said}"):
        extract(connect(tmp_path), "DEMO")


def test_folders_that_are_no_company_or_lack_a_list_are_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = write_company(tmp_path / "DEMO", [row("SI", "CUST", "4000", "1.00")])
    (tmp_path / "OTHER").mkdir()
    with pytest.raises(WrongInput, match=r"OTHER is not a Sage 50 company.*audit_trail\.csv"):
        extract(connect(tmp_path), "OTHER")
    (tmp_path / "OTHER" / "ACCDATA").mkdir()
    with pytest.raises(WrongInput, match="OTHER holds no export, and no ODBC driver is set"):
        extract(connect(tmp_path), "OTHER")
    with pytest.raises(WrongInput, match="balances of one year"):
        extract(connect(tmp_path), "DEMO", totals_only=True)
    (folder / "audit_trail 2.csv").write_text("SI\n")
    with pytest.raises(BadFile, match="both claim to be the audit trail"):
        extract(connect(tmp_path), "DEMO")
    (folder / "audit_trail 2.csv").unlink()
    wrong = {
        "START_MONTH\n1\n": "has no column FINANCIAL_YEAR",
        "START_MONTH,FINANCIAL_YEAR\n13,2024\n": "begins no fiscal year",
        "START_MONTH,FINANCIAL_YEAR\n": "it holds 0 rows",
    }
    for content, said in wrong.items():
        (folder / "COMPANY.csv").write_text(content)
        with pytest.raises(BadFile, match=rf"COMPANY\.csv: .*{said}"):
            extract(connect(tmp_path), "DEMO")
    (folder / "COMPANY.csv").unlink()
    with pytest.raises(BadFile, match=r"DEMO: there is no COMPANY\.csv"):
        connect(tmp_path).fiscal_years("DEMO")
    write_company(tmp_path / "DEMO", [])
    (folder / "Audit Trail.csv").write_text("Hello,World\n")
    with pytest.raises(BadFile, match="row 1 begins with 'Hello'"):
        extract(connect(tmp_path), "DEMO")


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_named_or_gives_books_that_balance(tmp_path: Path, data: st.DataObject) -> None:
    trail = [
        row(kind, "CUST", "4000", f"{n}00.00", "20.00", reference=f'R"{n}') for n, kind in enumerate(("SI", "SC", "PI"))
    ]
    folder = write_company(tmp_path / "DEMO", trail)
    path = data.draw(st.sampled_from(sorted(folder.glob("*.csv"))))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + 3] = data.draw(st.binary(min_size=1, max_size=3))
    path.write_bytes(content)
    try:
        events = extract(connect(tmp_path), "DEMO")
    except BadFile as error:
        said = str(error)
    else:
        said = ""
        assert any(isinstance(event, Batch) and event.resource == "audit_trail" for event in events)
        assert sum(amount for _, amount in lines(normalized(connect(tmp_path), events))) == pytest.approx(0)
    assert not said or path.name in said
