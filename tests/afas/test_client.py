"""Connecting, listing dossiers, fiscal years; tokens, own connectors, and what the client asks."""

from __future__ import annotations

import base64
import json
from datetime import date
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.afas import Afas
from connectors.afas.sandbox import AfasSandbox
from connectors.afas.sandbox.vendor import TOKEN
from connectors.afas.sources import STANDARD, sources
from connectors.afas.token_xml import authorization
from connectors.afas.wire import with_zeros
from connectors.sandbox.company import company
from foundation.errors import AskForAccess, SignInAgain, VendorDown, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .landed import connect, loaded, read, standing

HEADER = "AfasToken " + base64.b64encode(TOKEN.encode()).decode()


def test_verifying_costs_one_call_and_misses_no_needed_connector(connector: Afas, sandbox: AfasSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == ["/ProfitRestServices/metainfo"]
    sandbox.knobs.absent.add("Profit_Transactions")
    with pytest.raises(AskForAccess, match="Profit_Transactions"):
        connector.verify()


@pytest.mark.parametrize(
    "given", [TOKEN, f"  {TOKEN}\n", HEADER.removeprefix("AfasToken "), HEADER, TOKEN[33:97]], ids=range(5)
)
def test_a_token_is_taken_as_people_have_it(given: str) -> None:
    assert authorization(Secret(given)).reveal() == HEADER


@pytest.mark.parametrize("given", ["secret", "<token>", "x" * 200, "eA==", "<token><version>1</version></token>"])
def test_what_is_no_token_is_refused_unseen(given: str) -> None:
    with pytest.raises(WrongInput, match="App Connector") as refusal:
        authorization(Secret(given))
    assert given not in str(refusal.value).replace("<token><version>1</version><data>...", "")


@given(st.text("0123456789ABCDEF", min_size=64, max_size=64))
def test_xml_base64_and_data_are_one_token(data: str) -> None:
    xml = f"<token><version>1</version><data>{data}</data></token>"
    forms = {authorization(Secret(form)) for form in (xml, base64.b64encode(xml.encode()).decode(), data)}
    assert len(forms) == 1


def test_every_administration_is_discovered(connector: Afas) -> None:
    found = {ref.external_id: ref for ref in connector.discover()}
    assert set(found) == {"1", "3", "5"}
    ours = found["5"]
    assert (ours.code, ours.name, ours.currency, ours.country) == ("1042", "Atelier Grand-Livre", "EUR", "NL")
    assert found["1"].code == "1"


def test_fiscal_years_begin_with_the_first_that_has_figures(connector: Afas) -> None:
    assert connector.fiscal_years("5") == list(company("NL").years)


def test_without_periods_years_are_calendar_years(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.knobs.absent.add("Profit_periods_per_administration")
    years = connector.fiscal_years("5")
    assert [(year.label, year.start, year.end, year.closed) for year in years] == [
        (str(year), date(year, 1, 1), date(year, 12, 31), None) for year in (2024, 2025, 2026)
    ]


@pytest.mark.parametrize("external_id", ["77", "five", "٣"])
def test_an_unknown_dossier_is_wrong_input(connector: Afas, external_id: str) -> None:
    with pytest.raises(WrongInput, match="administration"):
        connector.fiscal_years(external_id)


def test_another_token_asks_for_a_sign_in_after_one_call(sandbox: AfasSandbox, clock: Clock) -> None:
    other = connect(sandbox, clock, token=TOKEN.replace("0", "1"))
    with pytest.raises(SignInAgain, match="reconnect"):
        other.verify()
    assert other.calls == 1
    other.close()


def test_an_address_that_is_not_allowed_is_a_matter_of_access(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.knobs.strange_place = True
    with pytest.raises(AskForAccess, match="IP address"):
        connector.verify()
    assert connector.calls == 1


def test_a_blocked_connector_is_not_called_again_and_again(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.knobs.blocked.add("Profit_Administrations")
    with pytest.raises(AskForAccess, match="blocked"):
        list(connector.discover())
    assert connector.calls == 1


def test_long_maintenance_is_not_sat_out(connector: Afas, sandbox: AfasSandbox, clock: Clock) -> None:
    sandbox.knobs.maintenance = 7200
    with pytest.raises(VendorDown, match="121 minutes"):
        connector.verify()
    assert (connector.calls, clock.slept) == (1, [])


def test_a_partner_s_own_connectors_and_fields_are_read_by_their_names(sandbox: AfasSandbox, clock: Clock) -> None:
    sandbox.knobs.own_connectors["Firm_Mutations"] = (
        "Profit_Transactions",
        {"AccountNo": "Rekening", "SeqNo": "Regel"},
    )
    own = "transactions=Firm_Mutations, transactions.AccountNo=Rekening, transactions.SeqNo=Regel"
    connector = connect(sandbox, clock, connectors=own)
    connector.verify()
    assert loaded(connector, read(connector)) == standing(sandbox)
    assert not any("Profit_Transactions" in request for request in sandbox.vendor.requests)
    connector.close()


def test_a_field_that_is_missing_from_an_own_connector_is_named(sandbox: AfasSandbox, clock: Clock) -> None:
    sandbox.knobs.own_connectors["Firm_Mutations"] = ("Profit_Transactions", {"AccountNo": "Rekening"})
    connector = connect(sandbox, clock, connectors="transactions=Firm_Mutations")
    with pytest.raises(WrongInput, match="no field AccountNo"):
        read(connector)
    connector.close()


@pytest.mark.parametrize("text", ["transactions", "nothing=X", "transactions.Nothing=X", "transactions="])
def test_connectors_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(WrongInput, match="connectors"):
        sources(text)


def test_without_the_setting_the_standard_connectors_are_asked() -> None:
    assert sources("") == STANDARD


def test_an_integration_id_and_the_path_may_be_given(sandbox: AfasSandbox, clock: Clock) -> None:
    base = sandbox.settings["base_url"] + "/profitrestservices/"
    connector = connect(sandbox, clock, base_url=base, integration_id="1_2")
    connector.verify()
    assert sandbox.vendor.requests == ["/profitrestservices/metainfo"]
    connector.close()


def test_every_list_is_ordered_and_no_answer_is_too_large(connector: Afas, sandbox: AfasSandbox) -> None:
    landed = read(connector)
    sandbox.show(company("NL", 2))
    read(connector, landed)
    asked = [parse_qs(unquote(request.partition("?")[2])) for request in sandbox.vendor.requests if "?" in request]
    assert asked
    for query in asked:
        assert query["orderbyfieldids"]
        assert set(query) <= {"orderbyfieldids", "filterfieldids", "filtervalues", "operatortypes", "skip", "take"}
        assert int(query["take"][0]) * 18 < 150_000
    of_lines = [query for query in asked if query["orderbyfieldids"][0].startswith("Year,Period,Journal")]
    assert {query["take"][0] for query in of_lines} == {"8333"}


@given(st.decimals(-1, 1, allow_nan=False, places=2), st.text(), st.booleans())
def test_numbers_without_a_zero_are_mended_and_text_is_left_alone(amount: object, text: str, spaced: bool) -> None:
    colon = ": " if spaced else ":"
    name = json.dumps(text)
    plain = f'{{"Description"{colon}{name},"Amt"{colon}{amount}}}'
    short = plain.removesuffix("}").rpartition(colon)
    told = short[0] + short[1] + short[2].replace("0.", ".", 1) + "}"
    assert json.loads(with_zeros(told.encode()), parse_float=str) == json.loads(plain, parse_float=str)
