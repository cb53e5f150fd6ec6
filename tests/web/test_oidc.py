"""Signing in with an identity provider, over real sockets: who is let in, and every way in which an answer proves
nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.web.provider_settings import ProviderSettings
from portal.web.settings import PortalSettings
from tests.web.identity_provider import IdentityProvider, Lies, identity_provider
from tests.web.stage import Person, Stage, served

ACCOUNTANT = ("Demo", "accountant")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, IdentityProvider]]:
    """A portal that knows a provider, which knows the portal."""
    with identity_provider("") as provider:

        def known(settings: PortalSettings) -> PortalSettings:
            provider.redirect_uri = settings.sign_in_back_url
            registered = ProviderSettings(provider.base_url, provider.client_id, Secret(provider.client_secret))
            return replace(settings, provider=registered)

        with served(tmp_path_factory.mktemp("oidc") / "home", change=known) as stage:
            yield stage, provider


@pytest.fixture
def stage(both: tuple[Stage, IdentityProvider]) -> Stage:
    return both[0]


@pytest.fixture
def provider(both: tuple[Stage, IdentityProvider]) -> IdentityProvider:
    both[1].lies = Lies()
    return both[1]


def is_in(person: Person) -> bool:
    return person.get("/me", allow_redirects=False).status_code == 200


def come(stage: Stage, provider: IdentityProvider, sub: str, **account: Any) -> tuple[Person, requests.Response]:
    """Somebody signs in at the provider with an account, and comes back."""
    provider.account = {"sub": sub, **account}
    person = stage.nobody()
    return person, person.get("/sign-in/oidc?next=/me")


def test_a_verified_address_lets_its_person_in_and_ties_the_account(stage: Stage, provider: IdentityProvider) -> None:
    user = stage.people[ACCOUNTANT]
    person, answer = come(stage, provider, "sub-of-accountant", email=user.email.upper(), email_verified=True)
    assert answer.url == f"{stage.address}/me"
    assert user.email in answer.text
    assert stage.house.registry.user(user.user_id).issuer == provider.base_url
    assert is_in(person)
    again, _ = come(stage, provider, "sub-of-accountant", email="new@elsewhere.example")  # tied: the address may change
    assert is_in(again)
    other, answer = come(stage, provider, "sub-of-successor", email=user.email, email_verified=True)
    assert answer.status_code == 403  # the address went to somebody else at the provider
    assert not is_in(other)
    assert [deed.what for deed in stage.house.registry.deeds("demo", subject=user.user_id)] == ["tied_identity"]


def test_what_is_not_in_the_id_token_is_asked_for(stage: Stage, provider: IdentityProvider) -> None:
    user = stage.people["Demo", "support"]
    provider.lies = Lies(claims={"email": None, "email_verified": None}, userinfo_subject="somebody-else")
    person, _ = come(stage, provider, "sub-of-support", email=user.email, email_verified=True)
    assert not is_in(person)
    provider.lies = Lies(claims={"email": None, "email_verified": None})
    person, _ = come(stage, provider, "sub-of-support", email=user.email, email_verified=True)
    assert is_in(person)


@pytest.mark.parametrize(
    "account",
    [
        {"email": "nobody@demo.example", "email_verified": True},
        {"email": "analyst@demo.example", "email_verified": False},
        {"email": "analyst@demo.example", "email_verified": "true"},
        {"email": "analyst@demo.example"},
        {},
    ],
    ids=["stranger", "not verified", "verified in words", "verification not told", "no address"],
)
def test_who_is_not_known_by_a_verified_address_is_let_in_nowhere(
    stage: Stage, provider: IdentityProvider, account: dict[str, Any]
) -> None:
    before = len(stage.house.registry.users())
    person, answer = come(stage, provider, "stranger", **account)
    assert answer.status_code == 403
    assert "no access here" in answer.text
    assert not is_in(person)
    assert len(stage.house.registry.users()) == before  # nobody is made


def test_who_has_no_access_any_more_is_let_in_nowhere(stage: Stage, provider: IdentityProvider) -> None:
    registry = stage.house.registry
    user = registry.add_user("Demo", "left@demo.example", "Left", "analyst")
    registry.set_identity(user.user_id, provider.base_url, "sub-of-left")
    registry.change_user(user.user_id, active=False)
    person, answer = come(stage, provider, "sub-of-left", email=user.email, email_verified=True)
    assert answer.status_code == 403
    assert not is_in(person)


@pytest.mark.parametrize(
    "lies",
    [
        Lies(claims={"nonce": "of-another-question"}),
        Lies(claims={"nonce": None}),
        Lies(claims={"aud": "another-client"}),
        Lies(claims={"aud": "another-client", "azp": "portal"}),
        Lies(claims={"aud": ["portal", "another-client"], "azp": "another-client"}),
        Lies(claims={"iss": "https://another.example"}),
        Lies(claims={"exp": int(time.time()) - 3600}),
        Lies(claims={"exp": None}),
        Lies(claims={"sub": None}),
        Lies(alg="none"),
        Lies(alg="HS256"),
        Lies(alg="other"),
    ],
    ids=lambda lies: f"{lies.alg} {','.join(f'{k}={v}' for k, v in lies.claims.items() if k != 'exp')}",
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the liar's own key
def test_an_answer_that_proves_nothing_lets_nobody_in(stage: Stage, provider: IdentityProvider, lies: Lies) -> None:
    provider.lies = lies
    user = stage.people["Demo", "administrator"]
    person, answer = come(stage, provider, "sub-of-administrator", email=user.email, email_verified=True)
    assert answer.status_code == 403
    assert "did not succeed" in answer.text
    assert not is_in(person)
    provider.lies = Lies()
    person, _ = come(stage, provider, "sub-of-administrator", email=user.email, email_verified=True)
    assert is_in(person)  # it was the lie that kept them out


def test_an_answer_to_another_browser_is_not_taken(stage: Stage, provider: IdentityProvider) -> None:
    user = stage.people[ACCOUNTANT]
    provider.account = {"sub": "sub-of-accountant", "email": user.email, "email_verified": True}
    attacker, victim = stage.nobody(), stage.nobody()
    page = attacker.get("/sign-in/oidc", allow_redirects=False).headers["Location"]
    back = attacker.session.get(page, allow_redirects=False, timeout=10).headers["Location"]
    path = back.removeprefix(stage.address)
    victim.get("/sign-in/oidc", allow_redirects=False)
    provider.calls.clear()
    assert victim.get(path).status_code == 403
    assert not is_in(victim)
    assert attacker.get(path.replace("iss=http", "iss=https")).status_code == 403  # another provider's answer
    assert not is_in(attacker)
    attacker.get("/sign-in/oidc", allow_redirects=False)
    assert attacker.get("/sign-in/oidc/back?error=access_denied").status_code == 403
    assert not is_in(attacker)
    assert "POST /token" not in provider.calls  # none of these codes was even asked about


def test_after_signing_in_nobody_is_led_elsewhere(stage: Stage, provider: IdentityProvider) -> None:
    user = stage.people[ACCOUNTANT]
    provider.account = {"sub": "sub-of-accountant", "email": user.email, "email_verified": True}
    assert stage.nobody().get("/sign-in/oidc?next=//evil.example").url.startswith(stage.address)


def test_a_provider_that_is_down_or_another_one_is_told(tmp_path: Path) -> None:
    with identity_provider("") as provider:

        def known(settings: PortalSettings) -> PortalSettings:
            registered = ProviderSettings(provider.base_url, provider.client_id, Secret(provider.client_secret))
            return replace(settings, provider=registered)

        with served(tmp_path / "home", change=known) as stage:
            provider.lies = Lies(issuer="https://another.example")
            answer = stage.nobody().get("/sign-in/oidc")
            assert answer.status_code == 503
            assert "does not answer" in answer.text
            assert "Sign in with" in stage.nobody().get("/sign-in").text  # passwords still work


def test_only_addresses_of_the_domain_are_let_in(tmp_path: Path) -> None:
    with identity_provider("") as provider:

        def known(settings: PortalSettings) -> PortalSettings:
            provider.redirect_uri = settings.sign_in_back_url
            secret = Secret(provider.client_secret)
            return replace(
                settings, provider=ProviderSettings(provider.base_url, provider.client_id, secret, "demo.example")
            )

        with served(tmp_path / "home", change=known) as stage:
            for firm, lets_in in (("Demo", True), ("Concurrent", False)):
                user = stage.people[firm, "support"]
                person, _ = come(stage, provider, firm, email=user.email, email_verified=True)
                assert is_in(person) is lets_in
                assert (stage.house.registry.user(user.user_id).issuer is not None) is lets_in


def test_without_a_provider_there_is_no_such_page(shared_stage: Stage) -> None:
    assert shared_stage.nobody().get("/sign-in/oidc").status_code == 404
    assert "/sign-in/oidc" not in shared_stage.nobody().get("/sign-in").text


def test_the_settings_are_read_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept apart\n")
    whole = {
        "GRANDLIVRE_OIDC_ISSUER": "https://id.example/realm",
        "GRANDLIVRE_OIDC_CLIENT_ID": "portal",
        "GRANDLIVRE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "GRANDLIVRE_OIDC_DOMAIN": "@Firm.be",
    }
    found = ProviderSettings.from_environment(whole)
    assert found == ProviderSettings("https://id.example/realm", "portal", Secret("kept apart"), "firm.be")
    assert ProviderSettings.from_environment({}) is None
    for wrong in (
        {"GRANDLIVRE_OIDC_ISSUER": "http://id.example"},
        {"GRANDLIVRE_OIDC_CLIENT_ID": ""},
        {"GRANDLIVRE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "nowhere")},
    ):
        with pytest.raises(WrongInput):
            ProviderSettings.from_environment({**whole, **wrong})
