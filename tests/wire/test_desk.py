"""The sandboxes' desk is as strict as a vendor's: what it refuses at the consent page and at the token call."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from connectors.sandbox.consent import DeskRules, TokenDesk
from tests.landed import Clock

BACK = "http://localhost:8765/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
STRICT = DeskRules(
    basic=True,
    pkce=True,
    scopes=frozenset({"read", "offline"}),
    offline="offline",
    redirects=frozenset({BACK}),
    authorize_more={"filter": "v3"},
)
ASKED = {
    "client_id": "app",
    "redirect_uri": BACK,
    "response_type": "code",
    "state": "s",
    "scope": "read offline",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "filter": "v3",
}
FORM = "application/x-www-form-urlencoded"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"app:hush").decode()}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def desk_of(clock: Clock, rules: DeskRules = STRICT, secret: str = "hush") -> TokenDesk:
    return TokenDesk("app", secret, clock, rules)


def back(desk: TokenDesk, **changed: str) -> dict[str, str]:
    status, headers, _ = desk.authorize(urlencode(ASKED | changed))
    assert status == 302
    assert headers["Location"].startswith(BACK)
    return dict(parse_qsl(urlsplit(headers["Location"]).query))


def call(desk: TokenDesk, headers: dict[str, str] | None = None, **form: str) -> tuple[int, dict[str, str]]:
    status, body = desk.token(FORM, BASIC if headers is None else headers, urlencode(form).encode())
    return status, json.loads(body)


def exchange(desk: TokenDesk, code: str, **changed: str) -> tuple[int, dict[str, str]]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return call(desk, **(form | changed))


def test_consent_comes_back_with_a_code_that_is_good_once(clock: Clock) -> None:
    desk = desk_of(clock)
    desk.callback = {"realmId": "7"}
    came = back(desk)
    assert (came["state"], came["realmId"]) == ("s", "7")
    status, told = exchange(desk, came["code"])
    assert status == 200
    grant = desk.grant_of(told["access_token"])
    assert grant is not None
    assert grant.callback == {"realmId": "7"}
    assert exchange(desk, came["code"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"state": ""}, "invalid_request"),
        ({"filter": "v2"}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "read write"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_what_the_page_refuses_it_tells_on_the_way_back(clock: Clock, changed: dict[str, str], error: str) -> None:
    came = back(desk_of(clock), **changed)
    assert came["error"] == error
    assert "code" not in came


def test_a_person_who_says_no_is_told_on_the_way_back(clock: Clock) -> None:
    desk = desk_of(clock)
    desk.denies = True
    assert back(desk)["error"] == "access_denied"


@pytest.mark.parametrize("changed", [{"client_id": "other"}, {"redirect_uri": BACK + "/"}])
def test_an_unknown_app_or_address_of_return_is_sent_nowhere(clock: Clock, changed: dict[str, str]) -> None:
    status, headers, _ = desk_of(clock).authorize(urlencode(ASKED | changed))
    assert (status, headers) == (400, {})


def test_without_registered_addresses_only_this_computer_is_one(clock: Clock) -> None:
    desk = desk_of(clock, DeskRules())
    asked = ASKED | {"redirect_uri": "http://127.0.0.1:5/x"}
    assert desk.authorize(urlencode(asked))[0] == 302
    for elsewhere in ("https://firm.example/callback", "http://firm.example/"):
        assert desk.authorize(urlencode(asked | {"redirect_uri": elsewhere}))[0] == 400


@pytest.mark.parametrize("changed", [{"code_verifier": "w" * 43}, {"redirect_uri": "http://localhost:1/callback"}])
def test_a_code_belongs_to_its_question(clock: Clock, changed: dict[str, str]) -> None:
    desk = desk_of(clock)
    assert exchange(desk, back(desk)["code"], **changed)[1]["error"] == "invalid_grant"


def test_a_code_grows_old(clock: Clock) -> None:
    desk = desk_of(clock)
    code = back(desk)["code"]
    clock.pass_by(seconds=60)
    assert exchange(desk, code)[0] == 400


def test_the_app_proves_itself_in_the_one_way_that_is_its_own(clock: Clock) -> None:
    desk = desk_of(clock)
    form = {"grant_type": "refresh_token", "refresh_token": desk.grant().refresh_token}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"app:other").decode()}
    for headers in ({}, wrong, {"Authorization": "Basic ?"}):
        assert call(desk, headers, **form)[1]["error"] == "invalid_client"
    assert call(desk, client_id="app", client_secret="hush", **form)[1]["error"] == "invalid_request"
    assert call(desk, **form)[0] == 200


def test_a_public_app_sends_its_id_alone(clock: Clock) -> None:
    desk = desk_of(clock, DeskRules(pkce=True), secret="")
    form = {"grant_type": "refresh_token", "refresh_token": desk.grant().refresh_token}
    assert call(desk, {}, client_id="app", **form)[0] == 200
    assert call(desk, {}, **form)[0] == 400


def test_without_the_offline_scope_there_is_no_refresh_token(clock: Clock) -> None:
    desk = desk_of(clock)
    assert "refresh_token" not in exchange(desk, back(desk, scope="read")["code"])[1]
    assert "refresh_token" in exchange(desk, back(desk)["code"])[1]


def test_only_a_form_is_understood_and_only_known_grants(clock: Clock) -> None:
    desk = desk_of(clock)
    assert desk.token("application/json", BASIC, b"{}")[0] == 400
    assert call(desk, grant_type="password")[1]["error"] == "unsupported_grant_type"
    assert call(desk, grant_type="client_credentials", scope="read")[1]["error"] == "unsupported_grant_type"


def test_an_app_in_its_own_name_asks_for_a_scope_that_it_may_have(clock: Clock) -> None:
    desk = desk_of(clock, DeskRules(basic=True, client_credentials=True, scopes=frozenset({"read"})))
    assert call(desk, grant_type="client_credentials", scope="all")[1]["error"] == "invalid_scope"
    status, told = call(desk, grant_type="client_credentials", scope="read")
    assert status == 200
    assert "refresh_token" not in told
    assert desk.accepts(told["access_token"])


@pytest.mark.parametrize(
    ("rules", "wait", "good"),
    [
        (DeskRules(basic=True), 0, False),
        (DeskRules(basic=True, grace=timedelta(minutes=30)), 29, True),
        (DeskRules(basic=True, grace=timedelta(minutes=30)), 30, False),
        (DeskRules(basic=True, rotates_after=None), 60 * 24, True),
        (DeskRules(basic=True, rotates_after=timedelta(hours=24)), 60, True),
    ],
)
def test_a_spent_refresh_token_is_taken_as_the_vendor_s_rules_say(
    clock: Clock, rules: DeskRules, wait: int, good: bool
) -> None:
    desk = desk_of(clock, rules)
    first = desk.grant().refresh_token
    assert call(desk, grant_type="refresh_token", refresh_token=first)[0] == 200
    clock.pass_by(minutes=wait)
    assert (call(desk, grant_type="refresh_token", refresh_token=first)[0] == 200) is good


def test_a_consent_that_is_used_lives_on_and_one_that_is_not_lapses(clock: Clock) -> None:
    rules = DeskRules(basic=True, consent_lifetime=timedelta(days=31), consent_lifetime_told="refresh_token_expires_in")
    desk = desk_of(clock, rules)
    desk.grant()
    for _ in range(3):
        clock.pass_by(days=31)
        status, told = call(desk, grant_type="refresh_token", refresh_token=desk.refresh_token)
        assert (status, told["refresh_token_expires_in"]) == (200, 31 * 86400)
    clock.pass_by(days=31, seconds=1)
    assert "lapsed" in call(desk, grant_type="refresh_token", refresh_token=desk.refresh_token)[1]["error_description"]


def test_consents_do_not_touch_one_another(clock: Clock) -> None:
    desk = desk_of(clock)
    one, other = desk.grant(), desk.grant()
    assert one.refresh_token != other.refresh_token
    told = call(desk, grant_type="refresh_token", refresh_token=one.refresh_token)[1]
    assert desk.grant_of(told["access_token"]) is one
    assert call(desk, grant_type="refresh_token", refresh_token=other.refresh_token)[0] == 200
    desk.void_refresh_token()
    assert call(desk, grant_type="refresh_token", refresh_token=one.refresh_token)[0] == 400
