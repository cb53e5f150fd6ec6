"""Rotating consents: one refresh at a time, durable before use, lazily; and what each refusal means."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.contract import TokenStore
from connectors.exact_online.sandbox import ExactSandbox, Fault, open_sandbox
from connectors.http import HttpClient, VendorWays
from connectors.oauth import OAuthApp, OAuthSigner
from connectors.sandbox.company import company
from connectors.tokens import MemoryTokenStore
from foundation.errors import RateLimited, SignInAgain, VendorDown
from foundation.secrets import Secret
from tests.landed import Clock

from .scripted import Scripted, scripted


class Desk:
    """A signer for the sandbox's sign-in, or for another address."""

    def __init__(self, sandbox: ExactSandbox, clock: Clock, session: requests.Session, url: str = "") -> None:
        self.sandbox = sandbox
        self.clock = clock
        url = url or sandbox.settings["base_url"] + "/api/oauth2/token"
        secret = Secret(sandbox.secrets["client_secret"])
        self.app = OAuthApp(
            "Exact Online",
            url,
            sandbox.settings["client_id"],
            secret,
            timedelta(seconds=570),
            consent_lifetime=timedelta(days=30),
        )
        budget = LocalBudget("Exact Online", clock, clock.sleep)
        self.client = HttpClient(VendorWays("Exact Online"), session, budget, now=clock, sleep=clock.sleep)

    def signer(self, store: TokenStore, consent: str | None = None) -> OAuthSigner:
        first = Secret(self.sandbox.secrets["refresh_token"] if consent is None else consent)
        return OAuthSigner(self.app, store, self.client, now=self.clock, sleep=self.clock.sleep, consent=first)

    @property
    def asked(self) -> int:
        return len(self.sandbox.vendor.desk.log)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Iterator[Desk]:
    with open_sandbox("exact_online_be", company("BE"), now=clock) as sandbox, requests.Session() as session:
        yield Desk(sandbox, clock, session)


def test_a_token_is_asked_for_once_and_kept_between_processes(desk: Desk) -> None:
    store = MemoryTokenStore()
    first = desk.signer(store).headers()
    assert desk.signer(store).headers() == first
    assert desk.signer(store, consent="").headers() == first
    assert (desk.asked, store.saved) == (1, 1)


def test_a_token_is_replaced_in_the_last_seconds_of_its_life_and_not_before(desk: Desk, clock: Clock) -> None:
    signer = desk.signer(MemoryTokenStore())
    first = signer.headers()
    clock.pass_by(seconds=570)
    assert signer.headers() == first
    clock.pass_by(seconds=10)
    assert signer.headers() != first
    clock.pass_by(days=2)
    signer.headers()
    assert desk.asked == 3


def test_the_stored_fields_are_what_the_contract_promises(desk: Desk, clock: Clock) -> None:
    store = MemoryTokenStore()
    desk.signer(store).headers()
    assert dict(store.read()) == {
        "refresh_token": "stampREFRESH.0001",
        "access_token": "stampACCESS.0001",
        "issued_at": clock().isoformat(),
        "expires_at": (clock() + timedelta(seconds=600)).isoformat(),
        "consent_expires_at": (clock() + timedelta(days=30)).isoformat(),
    }


def test_the_stored_consent_wins_over_the_one_to_begin_with(desk: Desk, clock: Clock) -> None:
    store = MemoryTokenStore()
    desk.signer(store).headers()
    clock.pass_by(seconds=601)
    desk.signer(store).headers()
    assert desk.asked == 2
    assert store.read()["refresh_token"] == "stampREFRESH.0002"


def test_a_new_token_is_durable_before_it_is_used(desk: Desk) -> None:
    class Full(MemoryTokenStore):
        def save(self, fields: Mapping[str, Any]) -> None:
            self.saved += 1
            if self.saved < 3:
                raise OSError("no space left")
            super().save(fields)

    store = Full()
    assert desk.signer(store).headers() == {"Authorization": "Bearer stampACCESS.0001"}
    assert desk.asked == 1

    class Broken(MemoryTokenStore):
        def save(self, fields: Mapping[str, Any]) -> None:
            raise OSError("no space left")

    desk.clock.pass_by(seconds=601)
    with pytest.raises(OSError, match="no space"):
        desk.signer(Broken(store.read())).headers()


def test_the_store_is_read_again_once_the_lock_is_held(desk: Desk, clock: Clock) -> None:
    """While we waited, another process refreshed: its token is used, and ours is not spent."""
    shared = MemoryTokenStore()
    other = desk.signer(shared)

    class Contended(MemoryTokenStore):
        @contextmanager
        def exclusive(self) -> Iterator[None]:
            other.headers()
            yield

        def read(self) -> Mapping[str, Any]:
            return shared.read()

        def save(self, fields: Mapping[str, Any]) -> None:
            raise AssertionError("the other's token was good")

    assert desk.signer(Contended()).headers() == other.headers()
    assert desk.asked == 1


def test_many_threads_ask_once(desk: Desk) -> None:
    signer = desk.signer(MemoryTokenStore())
    found: list[Mapping[str, str]] = []
    threads = [threading.Thread(target=lambda: found.append(signer.headers())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert desk.asked == 1


def test_a_refused_token_is_replaced_by_what_another_process_got(desk: Desk, clock: Clock) -> None:
    store = MemoryTokenStore()
    ours, theirs = desk.signer(store), desk.signer(store)
    old = ours.headers()
    clock.pass_by(seconds=580)
    new = theirs.headers()
    clock.moment -= timedelta(seconds=20)  # our clock believes that the old one is still good
    assert ours.headers() == old
    ours.renew(old)
    assert ours.headers() == new
    assert desk.asked == 2


def test_too_early_waits_when_the_rest_is_short_and_parks_when_it_is_long(desk: Desk, clock: Clock) -> None:
    signer = desk.signer(MemoryTokenStore())
    issued = clock()
    old = signer.headers()
    clock.pass_by(seconds=100)
    with pytest.raises(RateLimited) as raised:
        signer.renew(old)
    assert raised.value.resume_at == issued + timedelta(seconds=570)
    clock.pass_by(seconds=400)
    signer.renew(old)
    assert clock.slept == [pytest.approx(70, abs=0.1)]
    assert signer.headers() != old


@pytest.mark.parametrize("case", ["old", "expired", "unknown", "withdrawn", "no consent", "wrong secret"])
def test_a_dead_consent_asks_for_a_sign_in_and_is_not_tried_again(desk: Desk, clock: Clock, case: str) -> None:
    store, consent, asked = MemoryTokenStore(), None, 1
    match case:
        case "old":
            desk.signer(MemoryTokenStore()).headers()
            asked = 2
        case "expired":
            clock.pass_by(days=31)
        case "unknown":
            consent = "stampREFRESH.9999"
        case "withdrawn":
            desk.sandbox.vendor.desk.void_refresh_token()
        case "wrong secret":
            desk.app = OAuthApp("Exact Online", desk.app.token_url, desk.app.client_id, Secret("other"))
        case _:
            consent, asked = "", 0
    with pytest.raises(SignInAgain) as raised:
        desk.signer(store, consent).headers()
    assert "reconnect" in str(raised.value)
    assert "stamp" not in str(raised.value)
    assert desk.asked == asked
    assert store.saved == 0


def test_a_server_error_at_the_desk_is_tried_again_and_a_long_one_is_the_vendor_down(desk: Desk, clock: Clock) -> None:
    reply = b'{"access_token":"a","expires_in":600,"refresh_token":"r","token_type":"bearer"}'
    with (
        scripted(Scripted(503), Scripted(body=b"<html>"), Scripted(body=reply)) as script,
        requests.Session() as session,
    ):
        store = MemoryTokenStore()
        assert Desk(desk.sandbox, clock, session, script.url).signer(store).headers() == {"Authorization": "Bearer a"}
    with scripted(Scripted(500)) as script, requests.Session() as session, pytest.raises(VendorDown):
        Desk(desk.sandbox, clock, session, script.url).signer(MemoryTokenStore()).headers()


@pytest.mark.parametrize(
    ("told", "lifetime"), [('"600"', 600), ("3600", 3600), ("null", 600), ('"soon"', 600), ("1.5", 1.5)]
)
def test_the_lifetime_is_understood_in_every_form(desk: Desk, clock: Clock, told: str, lifetime: float) -> None:
    reply = f'{{"access_token":"a","expires_in":{told}}}'.encode()
    with scripted(Scripted(body=reply)) as script, requests.Session() as session:
        store = MemoryTokenStore()
        Desk(desk.sandbox, clock, session, script.url).signer(store).headers()
    assert store.read()["expires_at"] == (clock() + timedelta(seconds=lifetime)).isoformat()
    assert store.read()["refresh_token"] == desk.sandbox.secrets["refresh_token"]  # this vendor does not rotate


def test_a_refresh_is_a_form_without_redirect_uri(desk: Desk, clock: Clock) -> None:
    with scripted(Scripted(body=b'{"access_token":"a"}')) as script, requests.Session() as session:
        Desk(desk.sandbox, clock, session, script.url).signer(MemoryTokenStore()).headers()
        heard = script.heard[0]
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert set(parse_qs(heard.body.decode())) == {"grant_type", "refresh_token", "client_id", "client_secret"}
    assert "?" not in heard.path


def test_a_reset_of_the_connection_at_the_desk_is_survived(desk: Desk) -> None:
    desk.sandbox.knobs.faults = [Fault("500", path="oauth2/token")]
    # the vendor had rotated already when its answer got lost: only a person can help now
    with pytest.raises(SignInAgain, match="Old refresh token used"):
        desk.signer(MemoryTokenStore()).headers()
    assert desk.asked == 2
