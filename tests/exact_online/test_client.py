"""Connecting, listing dossiers, fiscal years; and what the client asks, to the letter."""

from __future__ import annotations

from datetime import date
from urllib.parse import unquote

import pytest

from connectors.catalog import available_packages
from connectors.contract import Access, ExtractRequest
from connectors.exact_online import ExactOnline, open_connector
from connectors.exact_online.sandbox import ExactSandbox
from connectors.sandbox.company import company
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, VendorDown, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .landed import SOFTWARE, connect, read


def test_verifying_costs_a_token_and_one_call(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == ["/api/oauth2/token", "/api/v1/current/Me?$select=CurrentDivision"]
    assert connector.calls == 2


def test_every_division_is_discovered_across_pages(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.small_page_size = 2
    found = list(connector.discover())
    assert [ref.external_id for ref in found] == ["900100", "900101", "900102", "900103", "900104"]
    ours = found[1]
    assert (ours.code, ours.name, ours.vat_number, ours.currency, ours.country) == (
        "1042",
        "Atelier Grand-Livre",
        "BE0403019261",
        "EUR",
        "BE",
    )


def test_a_current_division_that_the_app_may_not_open_can_be_replaced_by_a_setting(
    sandbox: ExactSandbox, clock: Clock
) -> None:
    sandbox.vendor.current_division = 900104
    tokens = MemoryTokenStore()
    refused = connect(sandbox, clock, tokens=tokens)
    with pytest.raises(AskForAccess, match="division=CODE"):
        list(refused.discover())
    other = connect(sandbox, clock, tokens=tokens, division="900101")
    assert len(list(other.discover())) == 5
    refused.close()
    other.close()


def test_fiscal_years_are_the_periods_of_a_year_together(connector: ExactOnline) -> None:
    assert connector.fiscal_years("900101") == list(company("BE").years)


def test_without_journal_statuses_it_is_not_known_whether_a_year_is_closed(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    sandbox.knobs.forbidden.add("read/financial/JournalStatusByFinancialPeriod")
    assert [year.closed for year in connector.fiscal_years("900101")] == [None, None, None]


def test_a_year_is_open_while_one_journal_is_open_in_one_period(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.vendor.books.table("journal_statuses")[5]["Status"] = 0
    assert [year.closed for year in connector.fiscal_years("900101")] == [False, True, False]


@pytest.mark.parametrize("external_id", ["123456", "nine", "٣"])
def test_an_unknown_dossier_is_wrong_input(connector: ExactOnline, external_id: str) -> None:
    with pytest.raises(WrongInput, match="division"):
        connector.fiscal_years(external_id)


def test_a_known_dossier_without_access_is_not_wrong_input(connector: ExactOnline) -> None:
    with pytest.raises(AskForAccess, match="may not open"):
        connector.fiscal_years("900104")


def test_a_wrong_address_is_named(sandbox: ExactSandbox, clock: Clock) -> None:
    nowhere = connect(sandbox, clock, base_url="http://127.0.0.1:9")
    with pytest.raises(VendorDown, match="refused"):
        nowhere.verify()
    nothing = connect(sandbox, clock, base_url="start.exactonline.be")
    with pytest.raises(WrongInput, match="base_url"):
        nothing.verify()


def test_a_missing_secret_is_asked_for_by_name(sandbox: ExactSandbox) -> None:
    with pytest.raises(WrongInput, match="client_secret"):
        open_connector(Access(SOFTWARE, sandbox.settings, {}))


def test_only_documented_options_are_sent_and_no_token_in_an_address(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    sandbox.knobs.page_size = 300
    list(connector.discover())
    landed = read(connector)
    sandbox.show(company("BE", 2))
    read(connector, landed)
    for request in sandbox.vendor.requests:
        path, _, query = unquote(request).partition("?")
        assert "stampACCESS" not in request
        assert "stampREFRESH" not in request
        assert path == "/api/oauth2/token" or path.startswith("/api/v1/")
        names = {pair.partition("=")[0] for pair in query.split("&") if pair}
        assert names <= {"$select", "$filter", "$skiptoken"} or names == {"modified", "endPoint"}


def test_lines_of_one_year_only_are_asked_from_a_date(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    read(connector, since=date(2026, 1, 1))
    asked = [unquote(request) for request in sandbox.vendor.requests if "bulk/Financial/TransactionLines?" in request]
    assert len(asked) == 1
    assert "$filter=FinancialYear ge 2026" in asked[0]


def test_the_catalog_s_three_packages_open_this_room() -> None:
    rows = [row for row in available_packages() if row.slug.startswith("exact_online")]
    assert [row.country for row in rows] == ["BE", "NL", "FR"]
    for row in rows:
        settings = row.complete_settings({"client_id": "app"})
        access = Access(row.slug, settings, {"client_secret": Secret("s")}, tokens=MemoryTokenStore())
        opened = row.load_room().open_connector(access)
        assert opened.calls == 0
        opened.close()


def test_the_next_address_of_another_host_is_called_at_ours(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.page_size = 300
    sandbox.vendor.pager.base_url = "https://start.exactonline.invalid"
    assert read(connector).tables["lines"].num_rows >= len(sandbox.vendor.books.lines)


def test_a_next_address_that_is_no_api_address_gets_no_token(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.page_size = 300
    sandbox.vendor.pager.next_address = "https://elsewhere.invalid/steal"
    with pytest.raises(VendorDown, match="not its own"):
        read(connector)


def test_pages_that_run_in_a_circle_end(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    connector.verify()
    sandbox.knobs.page_size = 300
    read(connector)
    first = next(request for request in sandbox.vendor.requests if "skiptoken" in request)
    sandbox.vendor.pager.next_address = sandbox.settings["base_url"] + unquote(first)
    with pytest.raises(VendorDown, match="circle"):
        list(connector.extract(ExtractRequest("900101")))
