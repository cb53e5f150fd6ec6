"""Signing in, listing, years, and what the gateway's refusals become."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.catalog import package
from connectors.contract import Access, ExtractRequest, FiscalYear
from connectors.sandbox.company import company
from connectors.sandbox.vendor import Fault
from connectors.venice import Venice, VeniceFolders, open_connector
from connectors.venice.client import named_dossiers
from connectors.venice.inferred import OLDEST_YEARS
from connectors.venice.sandbox import VeniceSandbox
from foundation.errors import AskForAccess, Busy, ReportABug, SignInAgain, VendorDown, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .landed import asked, connect, read


def test_verify_opens_the_first_dossier_with_one_call(connector: Venice) -> None:
    connector.verify()
    assert connector.calls == 1


def test_verify_proves_the_user_without_any_dossier(sandbox: VeniceSandbox, clock: Clock) -> None:
    connect(sandbox, clock, dossiers="").verify()
    with pytest.raises(SignInAgain):
        connect(sandbox, clock, password="wrong", dossiers="").verify()


def test_a_password_that_was_changed_is_asked_for_and_never_told(sandbox: VeniceSandbox, clock: Clock) -> None:
    with pytest.raises(SignInAgain) as refusal:
        connect(sandbox, clock, password="old-password").verify()
    assert "old-password" not in str(refusal.value)
    assert len(sandbox.vendor.requests) <= 2, "a refused password is not tried again and again"


def test_discover_lists_the_named_dossiers_that_open(sandbox: VeniceSandbox, clock: Clock) -> None:
    named = "ATELIER=atelier-wc; NOBODY; GESLOTEN=gesloten-wc; LEEG=leeg-wc"
    found = list(connect(sandbox, clock, dossiers=named).discover())
    assert [(ref.external_id, ref.name, ref.currency) for ref in found] == [
        ("ATELIER", "Atelier Grand-Livre", "EUR"),
        ("LEEG", "Leeg", "EUR"),
    ]


def test_dossiers_are_named_with_or_without_their_id() -> None:
    assert named_dossiers(" A = a-1 ;B; ;C=") == {"A": "a-1", "B": "B", "C": "C"}


def test_an_id_that_leads_to_another_directory_is_refused(sandbox: VeniceSandbox, clock: Clock) -> None:
    with pytest.raises(WrongInput, match="'ATELIER', not 'BAKKER'"):
        read(connect(sandbox, clock, dossiers="BAKKER=atelier-wc"), dossier="BAKKER")
    sandbox.vendor.directory = r"S:\Venice\Kast1\Atelier"
    assert connect(sandbox, clock).fiscal_years("ATELIER")


def test_refusals_are_told_as_what_to_do(sandbox: VeniceSandbox, clock: Clock) -> None:
    named = connect(sandbox, clock, dossiers="GESLOTEN=gesloten-wc")
    with pytest.raises(WrongInput, match="Activate the dossier"):
        named.fiscal_years("NOBODY")
    with pytest.raises(AskForAccess, match="external group"):
        named.fiscal_years("GESLOTEN")
    sandbox.knobs.licences_taken = True
    with pytest.raises(Busy, match="licence"):
        named.fiscal_years("ATELIER")


@pytest.mark.parametrize("address", ["{}/", "{}/webconnect", "{}/WebConnect/"])
def test_the_gateway_is_found_with_or_without_its_path(sandbox: VeniceSandbox, clock: Clock, address: str) -> None:
    connect(sandbox, clock, base_url=address.format(sandbox.settings["base_url"])).verify()


YEARS = list(company("BE").years)


def told(years: list[FiscalYear]) -> list[tuple[str, date, date]]:
    return [(year.label, year.start, year.end) for year in years]


@pytest.mark.parametrize("last", ["2026", "2025", "0", "2031"])
def test_years_are_walked_from_the_last_one_to_both_sides(sandbox: VeniceSandbox, clock: Clock, last: str) -> None:
    sandbox.knobs.last_year = last
    found = connect(sandbox, clock).fiscal_years("ATELIER")
    assert told(found) == told(YEARS)
    assert {year.closed for year in found} == {None}


def test_an_old_dossier_has_no_year_near_today(sandbox: VeniceSandbox, clock: Clock) -> None:
    sandbox.knobs.last_year = "0"
    clock.moment = clock.moment.replace(year=2044)
    assert told(connect(sandbox, clock).fiscal_years("ATELIER")) == told(YEARS)


def test_a_dossier_without_any_year_is_given_up(sandbox: VeniceSandbox, clock: Clock) -> None:
    empty = connect(sandbox, clock, dossiers="LEEG=leeg-wc")
    calls = asked(sandbox, "FinancialYear")
    assert empty.fiscal_years("LEEG") == []
    assert calls() == OLDEST_YEARS + 1
    landed = read(empty, dossier="LEEG")
    assert landed.tables["entries"].num_rows == 0


def test_a_page_for_people_in_place_of_an_answer_is_sat_out(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.faults = [Fault("html", path="/Year", times=2)]
    assert told(connector.fiscal_years("ATELIER")) == told(YEARS)
    sandbox.knobs.faults = [Fault("html", path="/Year", times=-1)]
    with pytest.raises(VendorDown):
        connector.fiscal_years("ATELIER")


def access(**settings: str) -> Access:
    return Access("venice", settings, {"password": Secret("x")})


def test_the_settings_name_one_route() -> None:
    assert isinstance(open_connector(access(root="/srv/venice")), VeniceFolders)
    assert isinstance(open_connector(access(base_url="https://venice.example", username="u")), Venice)
    with pytest.raises(WrongInput, match="one place"):
        open_connector(access(root="/srv/venice", base_url="https://venice.example", username="u"))


def test_the_catalog_takes_the_gateway_or_a_folder_or_an_agent() -> None:
    row = package("venice")
    assert row.complete_settings({"root": "/srv/venice"})["root"] == "/srv/venice"
    assert row.complete_settings({"base_url": "https://venice.example", "username": "u"})["username"] == "u"
    assert row.complete_settings({"agent": "a1", "source": "venice"}) == {"agent": "a1", "source": "venice"}
    with pytest.raises(WrongInput, match="base_url, username"):
        row.complete_settings({})
    password = next(field for field in row.secrets if field.name == "password")
    assert password.needed({"base_url": "https://venice.example"})
    assert not password.needed({"root": "/srv/venice"})


def test_a_language_that_is_none_is_refused(sandbox: VeniceSandbox, clock: Clock) -> None:
    with pytest.raises(WrongInput, match="nld or fra"):
        connect(sandbox, clock, language="eng")


def test_a_date_from_which_no_year_goes_on_is_refused(connector: Venice) -> None:
    with pytest.raises(WrongInput, match="no financial year"):
        list(connector.extract(ExtractRequest("ATELIER", since=date(2030, 1, 1))))


def test_a_field_that_the_gateway_does_not_know_is_told(sandbox: VeniceSandbox, connector: Venice) -> None:
    for row in sandbox.vendor.books.tables["ENT"]:
        del row["AmountDosC"]
    with pytest.raises(ReportABug, match="No property AmountDosC"):
        read(connector)
