"""One consent per dossier, and the commands that ask for consent, with a real callback and a real consent page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.catalog import package
from connectors.consent import Consent
from connectors.contract import Access
from connectors.exact_online.sandbox import ExactSandbox
from connectors.exact_online.sandbox import open_sandbox as open_exact
from connectors.http import HttpClient, Signer, VendorWays
from connectors.oauth import OAuthSigner
from connectors.sandbox.company import company
from connectors.sandbox.consent import DeskRules, TokenDesk
from foundation.errors import SignInAgain, Wait, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from portal.signin import sign_in
from registry.store import Registry
from tests.landed import Clock
from tests.portal.browser import command, free_redirect, person
from tests.portal.cli import Cli, Done
from tests.portal.consent_room import oauth_app
from tests.wire.signing_in import Vendor, serving

ROW = replace(package("quickbooks"), room="tests.portal.consent_room")
WAYS = VendorWays("Vendor")
SECRET = {"client_secret": Secret("hush")}


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
def vendor(clock: Clock) -> Iterator[Vendor]:
    """Registers each address of return to the letter, as the vendor's portal does."""
    rules = DeskRules(basic=True, pkce=True, scopes=frozenset({"accounting", "offline"}), offline="offline")
    with serving(TokenDesk("app", "hush", clock, rules)) as running:
        yield running


def settings(vendor: Vendor, **more: str) -> dict[str, str]:
    redirect = free_redirect()
    vendor.desk.rules = replace(vendor.desk.rules, redirects=vendor.desk.rules.redirects | {redirect})
    own = {
        "base_url": vendor.base_url,
        "authorize_url": vendor.base_url + "/authorize",
        "token_url": vendor.base_url + "/token",
        "client_id": "app",
        "redirect_uri": redirect,
    }
    return ROW.complete_settings(own | more)


def consent_for(vendor: Vendor, realm: str, **more: str) -> tuple[dict[str, str], Consent]:
    vendor.desk.callback = {"realmId": realm}
    chosen = settings(vendor, **more)
    consent = sign_in(ROW, chosen, SECRET, browse=person(), patience=60)
    return {**chosen, **consent.settings}, consent


def test_each_dossier_has_a_consent_of_its_own_with_a_life_of_its_own(
    vendor: Vendor, clock: Clock, tmp_path: Path
) -> None:
    with Registry.open(Home(tmp_path / "home")) as registry, requests.Session() as session:
        made = []
        for realm in ("7", "8"):
            chosen, consent = consent_for(vendor, realm)
            made.append(registry.add_connection(ROW.slug, "F", realm, chosen, {**SECRET, **consent.tokens}))

        def client(signer: Signer | None = None) -> HttpClient:
            budget = LocalBudget("Vendor", clock, clock.sleep)
            return HttpClient(WAYS, session, budget, signer=signer, now=clock, sleep=clock.sleep)

        def company_of(connection_id: str) -> dict[str, str]:
            connection = registry.connection(connection_id)
            access = Access(ROW.slug, connection.settings, registry.secrets(connection_id))
            tokens = registry.tokens(connection_id)
            signer = OAuthSigner(oauth_app(access), tokens, client(), now=clock, sleep=clock.sleep)
            return json.loads(client(signer).call("GET", f"{vendor.base_url}/me").body)

        one, other = (connection.id for connection in made)
        assert [c.settings["realm_id"] for c in registry.connections()] == ["7", "8"]
        untouched = dict(registry.tokens(other).read())
        clock.pass_by(days=50)
        assert company_of(one) == {"realmId": "7"}
        assert dict(registry.tokens(other).read()) == untouched
        ends = [registry.connection(each).expires_at for each in (one, other)]
        assert ends[0] == clock() + timedelta(days=100)
        assert ends[1] is not None
        assert ends[1] < clock() + timedelta(days=51)
        vendor.desk.grants[0].withdrawn = True
        clock.pass_by(hours=1)
        with pytest.raises(SignInAgain):
            company_of(one)
        assert company_of(other) == {"realmId": "8"}


def test_signing_in_to_another_company_is_refused_before_a_token_is_asked_for(vendor: Vendor) -> None:
    with pytest.raises(WrongInput, match="consent is for realm_id 8, and the connection is that of 7"):
        consent_for(vendor, "8", realm_id="7")
    assert vendor.desk.log == []


def test_a_person_who_says_no_gives_nothing(vendor: Vendor) -> None:
    vendor.desk.denies = True
    with pytest.raises(SignInAgain, match="The user said no"):
        consent_for(vendor, "7")
    assert vendor.desk.log == []


def test_an_address_of_return_that_is_not_registered_sends_nobody_back(vendor: Vendor) -> None:
    chosen = settings(vendor) | {"redirect_uri": free_redirect()}
    statuses: list[int] = []
    with pytest.raises(Wait, match="nobody came back"):
        sign_in(
            ROW,
            chosen,
            SECRET,
            browse=lambda address: statuses.append(requests.get(address, allow_redirects=False, timeout=5).status_code),
            patience=0.1,
        )
    assert statuses == [400]


@pytest.fixture
def exact() -> Iterator[ExactSandbox]:
    with open_exact("exact_online_be", company("BE")) as sandbox:
        yield sandbox


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    found = Cli(tmp_path / "home")
    found.environment["BROWSER"] = command(tmp_path)
    return found


def connect(cli: Cli, exact: ExactSandbox, *, ok: bool = True) -> Done:
    secret = cli.home.parent / "secret"
    secret.write_text(exact.secrets["client_secret"])
    given = [f"--set={name}={value}" for name, value in (exact.settings | {"redirect_uri": free_redirect()}).items()]
    return cli.process("connect", "exact_online_be", "--firm=F", *given, f"--secret=client_secret={secret}", ok=ok)


def test_connect_opens_the_browser_and_prints_a_connection_that_works(cli: Cli, exact: ExactSandbox) -> None:
    done = connect(cli, exact)
    (row,) = cli("connections", "--json").json
    assert (row["id"], row["health"]) == (done.line, "ok")
    ends = datetime.fromisoformat(row["expires_at"])
    assert timedelta(days=29) < ends - datetime.now(UTC) <= timedelta(days=30)
    assert exact.vendor.desk.log == ["authorization_code"]
    assert "stamp" not in done.out + done.err


def test_consent_that_was_refused_leaves_no_connection(cli: Cli, exact: ExactSandbox) -> None:
    exact.vendor.desk.denies = True
    done = connect(cli, exact, ok=False)
    assert done.status == 1
    assert "consent was not given (The user said no)" in done.err
    assert cli("connections", "--json").json == []


def test_after_reconnect_all_dossiers_of_the_connection_go_on(cli: Cli, exact: ExactSandbox) -> None:
    connection = connect(cli, exact).line
    dossiers = [cli("link", connection, external).line for external in (exact.external_id, "900100")]
    exact.vendor.desk.void_refresh_token()
    exact.vendor.desk.void_access_token()
    with Registry.open(Home(cli.home)) as registry:  # the access token that is still good by the clock is refused
        failed = json.loads(cli("sync", dossiers[0], "--json", ok=False).out)[0]
        assert failed["status"] == "failed"
        assert registry.connection(connection).refused
        before = registry.secrets(connection)
        cli.process("reconnect", connection)
        assert not registry.connection(connection).refused
        assert registry.secrets(connection) == before, "no secret is typed twice"
        assert {link.dossier_id for link in registry.links(connection_id=connection)} == set(dossiers)
    assert json.loads(cli("sync", dossiers[0], "--json").out)[0]["status"] == "synced"
    assert cli("connections", "--json").json[0]["health"] == "ok"
