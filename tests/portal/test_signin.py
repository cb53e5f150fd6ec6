"""Signing in by redirect, against the sandbox vendor's own consent page."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from connectors.catalog import package
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox, open_sandbox
from foundation.errors import SignInAgain, Wait, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from portal.operations.connections import verify
from portal.signin import sign_in
from resources.house import House
from tests.portal.browser import free_redirect, person

ROW = package("exact_online_be")


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    with open_sandbox(ROW, company("BE"), tmp_path) as sandbox:
        yield sandbox


def settings(vendor: Sandbox, **more: str) -> dict[str, str]:
    return ROW.complete_settings({**vendor.settings, **more})


def test_consent_in_the_browser_makes_a_connection_that_works(vendor: Sandbox, tmp_path: Path) -> None:
    chosen = settings(vendor, redirect_uri=free_redirect())
    secret = {"client_secret": Secret(vendor.secrets["client_secret"])}
    tokens = sign_in(ROW, chosen, secret, browse=person(), patience=60).tokens
    assert set(tokens) >= {"refresh_token", "access_token", "expires_at"}
    house = House.open(Home(tmp_path / "home"))
    connection = house.registry.add_connection(ROW.slug, "F", "F", chosen, {**secret, **tokens})
    calls = vendor.calls
    verify(house, connection.id)
    assert house.registry.connection(connection.id).health == "ok"
    asked = vendor.calls - calls
    assert asked == 1, "the fresh access token is used: Exact refuses another one within ten minutes"
    house.registry.close()


def test_an_answer_to_another_question_is_refused(vendor: Sandbox) -> None:
    secret = {"client_secret": Secret(vendor.secrets["client_secret"])}
    with pytest.raises(SignInAgain, match="does not belong to this sign-in"):
        sign_in(
            ROW,
            settings(vendor, redirect_uri=free_redirect()),
            secret,
            browse=person(lambda address: address.replace("state=", "state=x")),
            patience=60,
        )


def test_connections_that_stay_silent_and_other_requests_do_not_stand_in_the_way(vendor: Sandbox) -> None:
    redirect = free_redirect()
    secret = {"client_secret": Secret(vendor.secrets["client_secret"])}
    statuses: list[int] = []

    def browse(address: str) -> None:
        def go() -> None:
            with socket.create_connection(("127.0.0.1", urlsplit(redirect).port or 0)):
                strays = (redirect, f"{redirect}?state=x", redirect.replace("callback", "favicon.ico?code=x"))
                statuses.extend(requests.get(stray, timeout=5).status_code for stray in strays)
                target = requests.get(address, allow_redirects=False, timeout=5).headers["Location"]
                statuses.append(requests.get(target, timeout=5).status_code)

        threading.Thread(target=go, daemon=True).start()

    consent = sign_in(ROW, settings(vendor, redirect_uri=redirect), secret, browse=browse, patience=5)
    assert "refresh_token" in consent.tokens
    assert statuses[:3] == [404, 404, 404]


def test_nobody_coming_back_is_said_after_a_while(vendor: Sandbox) -> None:
    secret = {"client_secret": Secret(vendor.secrets["client_secret"])}
    with pytest.raises(Wait, match="nobody came back"):
        sign_in(ROW, settings(vendor, redirect_uri=free_redirect()), secret, browse=lambda address: None, patience=0.1)


def test_a_redirect_to_elsewhere_needs_a_person(vendor: Sandbox) -> None:
    secret = {"client_secret": Secret(vendor.secrets["client_secret"])}
    elsewhere = settings(vendor, redirect_uri="https://firm.example/callback")
    with pytest.raises(WrongInput, match="refresh_token=FILE"):
        sign_in(ROW, elsewhere, secret, browse=lambda address: None)
