"""Connecting, the one dossier of a grant, its fiscal years; and what the client asks, to the letter."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.catalog import package
from connectors.contract import ExtractRequest, FiscalYear
from connectors.e_conomic import Economic, open_connector
from connectors.e_conomic.sandbox import EconomicSandbox
from foundation.errors import AskForAccess, ReportABug, SignInAgain, WrongInput
from tests.landed import Clock

from .landed import AGREEMENT, connect, numbers, read


def test_verifying_costs_one_call(connector: Economic, sandbox: EconomicSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == ["/self"]
    assert connector.calls == 1


def test_a_grant_is_one_dossier(connector: Economic) -> None:
    (found,) = connector.discover()
    assert (found.external_id, found.code, found.name) == (AGREEMENT, AGREEMENT, "Atelier Grand-Livre")
    assert (found.vat_number, found.currency, found.country) == ("BE0403019261", "EUR", "BE")


def test_a_danish_company_without_a_vat_number_has_that_of_its_registration(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    company = {"name": "Fjordens Cykler ApS", "companyIdentificationNumber": "10 20 30 40"}
    sandbox.vendor.self_fields = {"company": company}
    (found,) = connector.discover()
    assert (found.vat_number, found.country) == ("DK10203040", "DK")


def test_another_grant_leads_to_another_agreement(sandbox: EconomicSandbox, clock: Clock) -> None:
    other = connect(sandbox, clock, agreement_grant_token=sandbox.vendor.agreements[1].token)
    (found,) = other.discover()
    assert (found.external_id, found.currency) == ("700124", "DKK")
    assert other.fiscal_years("700124") == []
    with pytest.raises(WrongInput, match="agreement 700124 of e-conomic, not to 700123"):
        other.fiscal_years(AGREEMENT)
    with pytest.raises(WrongInput, match="its own grant token"):
        read(other)
    other.close()


def test_years_of_any_length_are_told_as_they_are_called(connector: Economic) -> None:
    assert connector.fiscal_years(AGREEMENT) == [
        FiscalYear("2023/2024", date(2023, 7, 1), date(2024, 12, 31), closed=True),
        FiscalYear("2025", date(2025, 1, 1), date(2025, 12, 31), closed=True),
        FiscalYear("2026", date(2026, 1, 1), date(2026, 12, 31), closed=False),
    ]


def test_a_withdrawn_grant_asks_for_another_and_shows_no_token(sandbox: EconomicSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock)
    sandbox.vendor.forget_sign_in()
    with pytest.raises(SignInAgain, match="reconnect") as refused:
        connector.verify()
    assert "stamp" not in f"{refused.value} {refused.value.next_step}"
    connector.close()


def test_a_missing_role_is_told_in_the_vendor_s_words(sandbox: EconomicSandbox, clock: Clock) -> None:
    sales = connect(sandbox, clock, agreement_grant_token=sandbox.vendor.agreements[2].token)
    sales.verify()
    with pytest.raises(AskForAccess, match="lacks a role"):
        sales.fiscal_years("700125")
    sales.close()


def test_a_full_read_asks_for_whole_pages_in_the_order_of_entry_numbers(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    read(connector)
    page = "skippages=0&pagesize=1000"
    entries = f"entries?sort=entryNumber&{page}"
    years = ("2023_6_2024", "2025", "2026")
    assert sandbox.vendor.requests == [
        "/self",
        *(f"/{name}?{page}" for name in ("accounting-years", "accounts", "customers", "suppliers")),
        *(f"/accounting-years/{year}/{entries}" for year in years),
        *(f"/accounting-years/{year}/periods?{page}" for year in years),
        *(f"/accounting-years/{year}/totals?{page}" for year in years),
    ]
    assert connector.calls == len(sandbox.vendor.requests)


def test_tokens_go_to_the_configured_host_whichever_one_links_name(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    sandbox.knobs.own_host = True
    sandbox.knobs.largest_page = 50
    assert len(numbers(read(connector))) == sandbox.vendor.books.last_entry


def test_an_answer_that_is_no_collection_is_named(connector: Economic, sandbox: EconomicSandbox) -> None:
    sandbox.vendor.self_fields = {"agreementNumber": "seven"}
    with pytest.raises(ReportABug, match="agreementNumber"):
        connector.verify()


def test_the_catalog_opens_this_room(sandbox: EconomicSandbox) -> None:
    row = package("e_conomic")
    assert row.load_room().open_connector is open_connector
    assert {field.name for field in row.secrets} == set(sandbox.secrets)
    assert row.deletion.method == "never deleted"
    assert not row.by_redirect


def test_extract_touches_the_network_only_when_asked(connector: Economic, sandbox: EconomicSandbox) -> None:
    connector.extract(ExtractRequest(AGREEMENT))
    assert sandbox.vendor.requests == []
