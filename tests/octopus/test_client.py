"""Signing in, which dossiers there are, and their bookyears."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.contract import ExtractRequest
from connectors.octopus import Octopus
from connectors.octopus.masters import bookyears_of
from connectors.octopus.sandbox import OctopusSandbox
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from tests.landed import Clock

from .landed import DOSSIER, asked, connect, read


def test_a_login_proves_itself_and_its_token_serves_the_next_process(sandbox: OctopusSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    connect(sandbox, clock, tokens=tokens).verify()
    connect(sandbox, clock, tokens=tokens).verify()
    assert sandbox.vendor.logins == 1
    assert set(tokens.read()) == {"Token", "issued_at", "expires_at"}


def test_a_token_is_replaced_before_it_is_ten_minutes_old(sandbox: OctopusSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock)
    connector.verify()
    clock.pass_by(minutes=9)
    connector.verify()
    assert sandbox.vendor.logins == 1
    clock.pass_by(seconds=50)
    connector.verify()
    assert sandbox.vendor.logins == 2


def test_a_refused_password_is_tried_once_and_never_shown(sandbox: OctopusSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock, password="wr0ng-pass")
    for _ in range(3):
        with pytest.raises(SignInAgain) as refusal:
            connector.verify()
        assert "Login failed (1 times)" in str(refusal.value)
        assert "wr0ng-pass" not in str(refusal.value)
    assert sandbox.vendor.logins == 1


def test_an_unknown_software_house_is_told(sandbox: OctopusSandbox, clock: Clock) -> None:
    with pytest.raises(SignInAgain, match="Unknown software house"):
        connect(sandbox, clock, software_house_uuid="another").verify()


def test_discover_lists_every_dossier_that_has_a_key(connector: Octopus, sandbox: OctopusSandbox) -> None:
    sandbox.knobs.keyless_records = True
    found = list(connector.discover())
    assert [ref.external_id for ref in found] == ["70113", "70112", "70120"]
    assert (found[1].name, found[1].code, found[1].vat_number) == ("Atelier Grand-Livre", DOSSIER, "BE0403.019.261")
    assert found[2].vat_number is None


def test_bookyears_are_fiscal_years_as_they_are(connector: Octopus, sandbox: OctopusSandbox) -> None:
    assert connector.fiscal_years(DOSSIER) == list(sandbox.vendor.books.company.years)
    assert connector.fiscal_years("70113") == []


def test_bookyears_without_or_with_the_same_description_have_labels_of_their_own() -> None:
    def bookyear(key: int, name: str | None, year: int) -> dict[str, Any]:
        told: dict[str, Any] = {"bookyearKey": {"id": key}, "startDate": f"{year}-01-01", "endDate": f"{year}-12-31"}
        return told | ({"bookyearDescription": name} if name is not None else {})

    found = bookyears_of([bookyear(3, " Boekjaar", 2026), bookyear(1, None, 2024), bookyear(2, "Boekjaar ", 2025)])
    assert [(each.id, each.year.label) for each in found] == [
        (1, "2024-12-31"),
        (2, "Boekjaar (2)"),
        (3, "Boekjaar (3)"),
    ]
    assert found[0].year.start == date(2024, 1, 1)


@pytest.mark.parametrize(("dossier", "error"), [("12", WrongInput), ("70120", AskForAccess), ("bakkerij", WrongInput)])
def test_a_dossier_that_cannot_be_opened_is_told(connector: Octopus, dossier: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        connector.fiscal_years(dossier)


def test_a_dossier_that_left_the_login_is_told(connector: Octopus) -> None:
    with pytest.raises(AskForAccess, match="no longer sees"):
        list(connector.extract(ExtractRequest("70199")))


def test_a_dossier_is_opened_once_for_all_its_calls(connector: Octopus, sandbox: OctopusSandbox) -> None:
    opened = asked(sandbox, "POST /octopus-rest-api/v1/dossiers?dossierId")
    read(connector)
    assert opened() == 1
    assert connector.calls == len(sandbox.vendor.requests)
