"""Reading by a map: what differs is put right by data, what is wrong is told by name, nothing is taken by halves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Batch
from connectors.declared import Declared
from connectors.declared.client import journal_types
from connectors.declared.maps import Years
from connectors.declared.sandbox import DeclaredSandbox, Fault, Knobs, open_sandbox
from connectors.declared.sandbox.horus import EMPTY, FORBIDDEN
from connectors.declared.years import repeated
from connectors.sandbox.company import Company, company
from foundation.errors import AskForAccess, FixTheData, Incomplete, RateLimited, SignInAgain, WrongInput
from tests.drop_folder.folders import Read
from tests.landed import Clock

from .reads import connect, cursor, map_file, read, told

OTHERWISE = """
[amounts]
form = "signed"
sign = -1

[paging]
kind = "page"
[resources.dossiers]
path = "api/v2/folders"
[resources.fiscal_years]
path = "api/v2/folders/{dossier}/fiscal-years"
[resources.accounts]
path = "api/v2/folders/{dossier}/accounts"
[resources.journals]
path = "api/v2/folders/{dossier}/daybooks"
[resources.parties]
path = "api/v2/folders/{dossier}/companies"
[resources.lines]
path = "api/v2/folders/{dossier}/ledger"
rows = "data.items"
[resources.lines.fields]
amount = "balance"
debit = ""
credit = ""
date = "bookingDate"
account = "account.code"
"""


def balances(found: Read) -> dict[tuple[str, str], Any]:
    rows = found.rows(
        "SELECT fiscal_year, account, sum(debit - credit) FROM books.journal_lines "
        "WHERE period_kind <> 'closing' GROUP BY ALL"
    )
    return {(year, account): amount for year, account, amount in rows}


def expected(books: Company) -> dict[tuple[str, str], Any]:
    return {key: row["closing"] for key, row in books.balances().items()}


@pytest.fixture
def horus(tmp_path: Path) -> Iterator[DeclaredSandbox]:
    with open_sandbox("horus", company(), tmp_path) as found:
        yield found


def test_a_vendor_that_is_otherwise_is_read_by_an_edit_of_data(tmp_path: Path, horus: DeclaredSandbox) -> None:
    horus.knobs.otherwise = True
    with pytest.raises(WrongInput, match=r"knows nothing at .*/api/v1/folders") as raised:
        read("horus", horus)
    assert "resources.dossiers.path" in str(raised.value)
    found = read("horus", horus, resource_map=map_file(tmp_path, OTHERWISE))
    assert balances(found) == expected(company())
    assert found.value("SELECT count(*) FROM books.journal_lines WHERE counterparty = 'DUPONT'") > 0


def test_a_field_that_is_not_told_is_named_beside_those_that_are(tmp_path: Path, horus: DeclaredSandbox) -> None:
    own = map_file(tmp_path, '[resources.lines.fields]\naccount = "accountNo"\n')
    with pytest.raises(WrongInput, match=r"resources\.lines\.fields\.account is 'accountNo'.*accountNumber") as raised:
        read("horus", horus, resource_map=own)
    assert "resource_map" in str(raised.value)


def test_amounts_under_other_names_are_not_taken_for_nothing(tmp_path: Path, horus: DeclaredSandbox) -> None:
    own = map_file(tmp_path, '[resources.lines.fields]\ndebit = "dr"\ncredit = "cr"\n')
    with pytest.raises(WrongInput, match=r"fields\.debit is 'dr'"):
        read("horus", horus, resource_map=own)


def test_a_moment_is_not_taken_for_a_day(tmp_path: Path, horus: DeclaredSandbox) -> None:
    horus.knobs.hour = "T22:00:00Z"
    with pytest.raises(WrongInput, match=r"fields\.date.*T22:00:00Z' is not a day"):
        read("horus", horus)


@pytest.mark.parametrize("size", [1, 41, 500])
def test_every_page_is_read_whatever_its_size(horus: DeclaredSandbox, size: int) -> None:
    if size == 1:
        horus.show(company(entries_per_month=1))
    horus.knobs.largest_page = size
    assert balances(read("horus", horus)) == expected(company(entries_per_month=1 if size == 1 else 6))


def test_a_server_without_pages_is_noticed_and_read_once_the_map_says_so(
    tmp_path: Path, horus: DeclaredSandbox
) -> None:
    horus.knobs.heedless_of_pages = True
    horus.knobs.faults = [Fault("500", skip=40, times=-1)]  # not noticed, it would go on for ever
    with pytest.raises(WrongInput, match="same page of accounts") as raised:
        read("horus", horus)
    assert "resources.accounts.paging.kind" in str(raised.value)


def test_a_list_that_moves_while_it_is_read_is_refused(horus: DeclaredSandbox) -> None:
    horus.knobs.largest_page, horus.knobs.repeats_a_line = 50, True
    with pytest.raises(Incomplete, match="twice"):
        read("horus", horus)


def test_nothing_new_is_unchanged_and_another_map_reads_again(tmp_path: Path, horus: DeclaredSandbox) -> None:
    opened = connect("horus", horus)
    first = told(opened, horus.external_id)
    again = told(opened, horus.external_id, cursor=cursor(first))
    assert [type(event).__name__ for event in again] == ["NextCursor"]
    other = connect("horus", horus, resource_map=map_file(tmp_path, "[resources.parties]\noptional = false\n"))
    assert len(told(other, horus.external_id, cursor=cursor(first))) > 1
    opened.close()
    other.close()


def test_what_is_reconstructed_is_noted_until_somebody_compared_it(tmp_path: Path, horus: DeclaredSandbox) -> None:
    assert read("horus", horus).notes == {"contract_unverified": 1}
    confirmed = map_file(tmp_path, "confirmed = true\n")
    assert read("horus", horus, resource_map=confirmed).notes == {}


@pytest.mark.parametrize(
    ("period", "types", "years"),
    [
        (0, "", {"2025", "2026"}),
        (1, "OPN=opening", {"2025", "2026"}),
        (1, "", {"2024", "2025", "2026"}),
    ],
)
def test_years_before_a_date_are_read_only_where_it_has_no_opening(
    horus: DeclaredSandbox, period: int, types: str, years: set[str]
) -> None:
    horus.knobs.period_of_openings = period
    opened = connect("horus", horus, journal_types=types)
    events = told(opened, horus.external_id, since=company().years[1].start)
    asked: list[str] = horus.vendor.requests
    lines = [event.rows for event in events if isinstance(event, Batch) and event.resource == "lines"]
    assert {year for rows in lines for year in rows.column("year").to_pylist()} == years
    assert {year.label for year in company().years if any(f"from={year.start}" in each for each in asked)} == years
    opened.close()


def test_a_list_that_pays_no_heed_to_days_is_noticed(horus: DeclaredSandbox) -> None:
    horus.knobs.heedless_of_days = True
    with pytest.raises(WrongInput, match=r"lines outside 2023-07-01 to 2024-12-31"):
        read("horus", horus)


def test_years_follow_from_the_map_where_the_package_lists_none(tmp_path: Path) -> None:
    books = company(long_first_year=False)
    own = map_file(tmp_path, 'years = { first = 2020 }\n[resources.fiscal_years]\npath = ""\n')
    with open_sandbox("horus", books, tmp_path) as sandbox:
        found = read("horus", sandbox, resource_map=own)
    spans = found.rows("SELECT label, start_date, end_date FROM books.fiscal_years ORDER BY 2")
    assert spans == [(year.label, year.start, year.end) for year in books.years]
    assert balances(found) == expected(books)


def test_years_that_end_in_february_end_with_it() -> None:
    ends = [year.end for year in repeated(Years(2023, "02-28"), date(2025, 1, 1))]
    assert ends == [date(2023, 2, 28), date(2024, 2, 29), date(2025, 2, 28)]
    assert [year.end for year in repeated(Years(2024, "02-29"), date(2024, 2, 1))] == [date(2024, 2, 29)]
    with pytest.raises(WrongInput, match=r"years\.end is '31-12'"):
        repeated(Years(2024, "31-12"), date(2024, 1, 1))


@given(st.integers(1, 12), st.integers(1, 28), st.dates(date(2021, 1, 1), date(2060, 1, 1)))
def test_years_follow_one_another_up_to_today(month: int, day: int, today: date) -> None:
    found = repeated(Years(2021, f"{month:02}-{day:02}"), today)
    assert all(later.start - before.end == timedelta(days=1) for before, later in pairwise(found))
    assert found[0].start <= today <= found[-1].end or today < found[0].start
    assert len(found) == 1 or found[-1].start <= today, "none is yet to begin"


def test_dossiers_that_cannot_be_read_say_why(horus: DeclaredSandbox) -> None:
    opened = connect("horus", horus)
    assert [ref.code for ref in opened.discover()] == ["1042", "LEEG", "DICHT"]
    with pytest.raises(FixTheData, match="no fiscal year"):
        opened.fiscal_years(EMPTY)
    with pytest.raises(AskForAccess, match="No right to this folder"):
        opened.fiscal_years(FORBIDDEN)
    with pytest.raises(WrongInput, match="lists no dossier 'nobody'"):
        opened.fiscal_years("nobody")
    opened.close()


def test_names_of_parties_are_done_without_where_they_are_refused(horus: DeclaredSandbox) -> None:
    horus.knobs.forbidden = {"companies"}
    result = read("horus", horus)
    assert result.notes == {"contract_unverified": 1, "no_parties": 1}
    assert balances(result) == expected(company())


@pytest.mark.parametrize(("address", "why"), [("http://127.0.0.1:1", "nobody listens"), ("https://firma.invalid", "")])
def test_an_address_where_nobody_is_is_a_setting_to_correct(horus: DeclaredSandbox, address: str, why: str) -> None:
    opened = connect("horus", horus, base_url=address)
    with pytest.raises(WrongInput, match=f"there is no Horus at {address}.*{why}") as raised:
        opened.verify()
    assert "base_url" in str(raised.value)
    opened.close()


def test_a_consent_is_renewed_before_it_is_used_and_no_secret_is_told(horus: DeclaredSandbox) -> None:
    opened = connect("horus", horus)
    opened.verify()
    horus.knobs.faults = [Fault("401", times=1)]
    opened.verify()
    vendor: Any = horus.vendor
    assert vendor.desk.log == ["refresh_token", "refresh_token"]
    vendor.desk.void_access_token()
    vendor.desk.void_refresh_token()
    with pytest.raises(SignInAgain) as raised:
        opened.verify()
    assert "stamp" not in str(raised.value)
    opened.close()


def test_a_limit_that_passes_is_waited_for_and_a_long_one_parks(tmp_path: Path) -> None:
    clock = Clock()
    with open_sandbox("horus", company(), tmp_path, knobs=Knobs(calls_per_minute=5), now=clock) as sandbox:
        opened: Declared = connect("horus", sandbox, clock)
        assert told(opened, sandbox.external_id)
        assert clock.slept
        clock.slept.clear()
        sandbox.knobs.faults = [Fault("429_day", times=-1)]
        with pytest.raises(RateLimited) as raised:
            told(opened, sandbox.external_id)
        assert raised.value.resume_at
        assert clock.slept == []
        opened.close()


def test_a_person_s_own_log_in_is_pointed_out_where_wings_refuses_it(tmp_path: Path) -> None:
    with open_sandbox("wingsonline", company(), tmp_path) as sandbox:
        opened = connect("wingsonline", sandbox, username="jan.peeters")
        with pytest.raises(SignInAgain, match=r"WINGSCLOUD\\wings") as raised:
            opened.verify()
        assert sandbox.secrets["password"] not in str(raised.value)
        opened.close()


def test_words_of_wings_are_told_in_ours(tmp_path: Path) -> None:
    with open_sandbox("wingsonline", company(), tmp_path) as sandbox:
        found = read("wingsonline", sandbox)
    assert found.value("SELECT country FROM books.dossier") == "BE"
    kinds = dict(found.rows("SELECT code, kind FROM books.counterparties"))
    assert (kinds["DUPONT"], kinds["ELECTRA"]) == ("customer", "supplier")
    assert dict(found.rows("SELECT code, type FROM books.journals WHERE code IN ('OPN', 'CLO')")) == {
        "OPN": "opening",
        "CLO": "closing",
    }
    storno = found.rows("SELECT min(debit) < 0, min(credit) < 0 FROM books.journal_lines")
    assert storno == [(True, True)]  # negative sides stay


@pytest.mark.parametrize("text", ["OPN", "OPN=open", "=opening"])
def test_types_of_journals_are_those_of_the_books(text: str) -> None:
    assert journal_types("OPN=opening, CLO=closing;DIV=general") == {
        "OPN": "opening",
        "CLO": "closing",
        "DIV": "general",
    }
    with pytest.raises(WrongInput, match="journal_types"):
        journal_types(text)
