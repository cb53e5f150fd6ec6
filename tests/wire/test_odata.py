"""OData 4 in common: addresses, literals, error bodies, years from what a service tells."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.bocount.inferred import assumed_starts, year_end
from connectors.bocount.resources import PERIODS, fiscal_years_of
from connectors.budgets import LocalBudget
from connectors.http import HttpClient, Reply, VendorWays
from connectors.json_pages import PageDecoder
from connectors.odata import SHAPE, ODataService, error_of, explain, text
from foundation.errors import VendorDown

DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))


@pytest.fixture
def service() -> ODataService:
    budget = LocalBudget("x", lambda: pytest.fail("no call"), lambda seconds: None)
    client = HttpClient(VendorWays("x"), requests.Session(), budget)
    return ODataService("https://ours.example/v2.0/", client)


@given(st.text(min_size=1))
def test_a_text_literal_reads_back(value: str) -> None:
    literal = text(value)
    assert literal[0] == literal[-1] == "'"
    assert literal[1:-1].replace("''", "'") == value
    assert "'" not in literal[1:-1].replace("''", "")


def test_an_address_carries_the_options_that_are_given(service: ODataService) -> None:
    address = service.address("rows", {"$select": "a,b", "$filter": "name eq 'A & B+C'", "$orderby": ""})
    assert parse_qs(urlsplit(address).query) == {"$select": ["a,b"], "$filter": ["name eq 'A & B+C'"]}


@pytest.mark.parametrize("told", ["https://elsewhere.example/v2.0/rows?$skiptoken=5", "/v2.0/rows?$skiptoken=5"])
def test_a_next_page_is_asked_of_the_configured_host_alone(service: ODataService, told: str) -> None:
    assert service.resolve(told) == "https://ours.example/v2.0/rows?$skiptoken=5"


def test_a_next_page_that_is_no_address_is_refused(service: ODataService) -> None:
    with pytest.raises(VendorDown):
        service.resolve("skiptoken=5")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error":{"code":"A_B","message":"Why."}}', "A_B: Why."),
        (b'{"error":{"message":"Why."}}', "Why."),
        (b'{"error":"odd"}', ""),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_error_bodies_are_explained_whatever_their_shape(body: bytes, told: str) -> None:
    reply = Reply(400, {}, body)
    assert explain(reply) == told
    assert error_of(reply)[0] in ("A_B", "")


def test_a_page_without_rows_is_none_and_a_single_entity_is_one() -> None:
    decoder = PageDecoder(pa.schema([("a", pa.string())]), SHAPE)
    assert decoder.decode(b'{"@odata.context":"x","a":"1"}').rows.to_pylist() == [{"a": "1"}]
    assert decoder.decode(b'{"value":[],"@odata.nextLink":"/n"}').next == "/n"
    for body in (b'{"error":{"code":"x"}}', b'{"value":null}', b"null"):
        with pytest.raises(ValueError, match="answer"):
            decoder.decode(body)


@given(st.lists(DAYS, min_size=1, max_size=8, unique=True))
def test_fiscal_years_follow_one_another_under_names_of_their_own(starts: list[date]) -> None:
    rows = [{"startingDate": start.isoformat(), "newFiscalYear": True, "closed": None} for start in starts]
    years = fiscal_years_of(pa.Table.from_pylist(rows, schema=PERIODS))
    assert [year.start for year in years] == sorted(starts)
    assert all(a.end + timedelta(days=1) == b.start for a, b in pairwise(years))
    assert len({year.label for year in years}) == len(years)


@given(DAYS)
def test_a_year_without_a_following_one_has_twelve_months(start: date) -> None:
    following = year_end(start) + timedelta(days=1)
    assert (following.year, following.month) in {(start.year + 1, start.month), (start.year + 1, 3)}
    assert following.day == start.day or (start.month, start.day) == (2, 29)


@given(DAYS, DAYS, DAYS)
def test_assumed_years_reach_from_the_first_entry_to_today(current: date, first: date, today: date) -> None:
    starts = assumed_starts(current, first, today)
    assert starts[0] <= first or starts[0] <= current
    assert starts == sorted(set(starts))
    assert starts[-1] <= max(today, current)
