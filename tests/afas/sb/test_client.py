"""Connecting to AFAS SB, listing dossiers, fiscal years, and what the client asks."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

import pytest

from connectors.afas import Afas, AfasSb, open_connector
from connectors.afas.sb.sandbox import SbSandbox
from connectors.afas.sb.sandbox.books import EMPTY, HOLDING, OURS
from connectors.afas.sb.sandbox.vendor import VERSIONS
from connectors.afas.sb.wire import Place
from connectors.catalog import package
from connectors.contract import Access
from connectors.sandbox.company import company
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .landed import asked, connect, loaded, read, standing


@pytest.mark.parametrize(
    ("edition", "address", "kind"),
    [("profit", "https://12345.rest.afas.online", Afas), ("sb", "https://firm.afasfocus.nl/enyoi", AfasSb)],
)
def test_the_setting_tells_which_afas_it_is(edition: str, address: str, kind: type) -> None:
    settings = package("afas").complete_settings({"base_url": address, "edition": edition})
    opened = open_connector(Access("afas", settings, {"token": Secret("0" * 64)}))
    assert type(opened) is kind
    opened.close()


def test_without_the_setting_it_is_profit_and_another_edition_is_wrong_input() -> None:
    settings = package("afas").complete_settings({"base_url": "https://12345.rest.afas.online"})
    assert settings["edition"] == "profit"
    with pytest.raises(WrongInput, match="no edition 'small'"):
        open_connector(Access("afas", settings | {"edition": "small"}, {"token": Secret("0" * 64)}))


def test_an_address_of_sb_is_known_as_one() -> None:
    settings = package("afas").complete_settings({"base_url": "https://firm.afasfocus.nl/enyoi"})
    with pytest.raises(WrongInput, match="edition=sb"):
        open_connector(Access("afas", settings, {"token": Secret("0" * 64)}))


def test_verifying_costs_a_sign_in_and_one_call(connector: AfasSb, sandbox: SbSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == [
        "POST /atelier/authentication/getaccesstoken",
        "GET /atelier/api/administrations?sort=Id+Ascending&skip=0&take=1",
    ]
    assert connector.calls == 2


def test_the_administrations_of_an_environment_are_discovered(connector: AfasSb) -> None:
    found = {ref.external_id: ref for ref in connector.discover()}
    assert set(found) == {f"atelier/{OURS}", f"atelier/{HOLDING}"}
    ours = found[f"atelier/{OURS}"]
    assert (ours.code, ours.name, ours.currency, ours.country) == ("atelier", "Atelier Grand-Livre", "EUR", "NL")


def test_an_accounting_centre_has_the_administrations_of_all_environments(centre: SbSandbox, clock: Clock) -> None:
    centre.knobs.scope_needed = True
    connector = connect(centre, clock)
    connector.verify()
    assert asked(centre, "administrations") == []
    assert {ref.external_id for ref in connector.discover()} == {
        f"atelier/{OURS}",
        f"atelier/{HOLDING}",
        f"leeg/{EMPTY}",
    }
    assert loaded(connector, read(connector)) == standing(centre)
    assert connector.calls == centre.calls
    connector.close()


def test_a_token_is_kept_between_processes_and_asked_for_anew_when_it_ends(sandbox: SbSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    for passed in (0, 1000, 1000):
        clock.pass_by(seconds=passed)
        connector = connect(sandbox, clock, tokens=tokens)
        connector.verify()
        connector.close()
    assert len(asked(sandbox, "getaccesstoken")) == 2
    assert tokens.saved == 2
    assert len(asked(sandbox, "administrations")) == 3, "none was refused on the way"


def test_the_centre_s_token_is_not_taken_for_an_environment_s(centre: SbSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    for _ in range(2):
        connector = connect(centre, clock, tokens=tokens)
        connector.verify()
        assert len(list(connector.discover())) == 3
        connector.close()
    assert tokens.saved == 1
    assert len(asked(centre, "authentication/getaccesstoken")) == 1 + 2 * 2


def test_another_app_token_asks_for_a_sign_in_after_one_call_and_is_not_told(sandbox: SbSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock, secrets={"token": "not-this-one"})
    for _ in range(2):
        with pytest.raises(SignInAgain, match="App Center") as refusal:
            connector.verify()
        assert "not-this-one" not in str(refusal.value)
    assert connector.calls == 1
    connector.close()


def test_an_environment_that_there_is_not_is_wrong_input(sandbox: SbSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock, base_url=f"{sandbox.vendor.base_url}/nowhere")
    with pytest.raises(WrongInput, match="base_url"):
        connector.verify()
    connector.close()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("https://firm.afasfocus.nl/enyoi", Place("https://firm.afasfocus.nl", "enyoi")),
        (" https://firm.afasfocus.nl/admin/ ", Place("https://firm.afasfocus.nl", "admin")),
    ],
)
def test_an_address_names_server_and_environment(text: str, place: Place) -> None:
    assert Place.of(text) == place


@pytest.mark.parametrize("text", ["https://firm.afasfocus.nl", "https://firm.afasfocus.nl/", "firm/enyoi", ""])
def test_an_address_without_an_environment_is_wrong_input(text: str) -> None:
    with pytest.raises(WrongInput, match="names no environment"):
        Place.of(text)


def test_fiscal_years_begin_with_the_first_that_has_figures(connector: AfasSb) -> None:
    told = [(year.label, year.start, year.end) for year in company("NL").years]
    years = connector.fiscal_years(SbSandbox.external_id)
    assert [(year.label, year.start, year.end) for year in years] == told
    assert {year.closed for year in years} == {None}


@pytest.mark.parametrize(
    "external_id", ["5", OURS, "atelier/5", f"leeg/{EMPTY}", f"atelier/{EMPTY}", f"atelier/{OURS} or Id ne 1"]
)
def test_an_unknown_dossier_is_wrong_input(connector: AfasSb, external_id: str) -> None:
    with pytest.raises(WrongInput, match="administration"):
        connector.fiscal_years(external_id)


def test_a_right_that_the_app_lacks_is_a_matter_of_access(connector: AfasSb, sandbox: SbSandbox) -> None:
    sandbox.knobs.forbidden.add("administrations")
    with pytest.raises(AskForAccess, match="voldoende rechten"):
        connector.verify()
    assert connector.calls == 2


def test_every_list_is_ordered_filtered_and_of_its_version(connector: AfasSb, sandbox: SbSandbox) -> None:
    read(connector)
    lists = [request for request in sandbox.vendor.requests if "/api/" in request]
    assert {request.partition("?")[0].rpartition("/")[2] for request in lists} == set(VERSIONS)
    for request in lists:
        query = parse_qs(unquote(request.partition("?")[2]))
        assert set(query) == {"filter", "sort", "skip", "take"}
        assert query["filter"][0].startswith((f"AdministrationId eq {OURS}", f"Id eq {OURS}"))
        assert query["sort"][0].endswith(" Ascending")
