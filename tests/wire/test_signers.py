"""Every way of signing calls, over a real socket: consents of other vendors' rules, apps, sessions and keys."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.consent import Consent, Question, accept
from connectors.http import HttpClient, Reply, Signer, VendorWays
from connectors.oauth import OAuthApp, OAuthSigner
from connectors.sandbox.consent import DeskRules, TokenDesk
from connectors.signers import ClientCredentialsSigner, HeaderSigner, Session, SessionSigner
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, GrandlivreError, SignInAgain, VendorDown, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .scripted import Scripted, scripted
from .signing_in import Vendor, serving

WAYS = VendorWays("Vendor")
BACK = "http://localhost:8765/callback"
XERO = DeskRules(pkce=True, grace=timedelta(minutes=30), consent_lifetime=timedelta(days=60))
QUICKBOOKS = DeskRules(
    basic=True,
    rotates_after=timedelta(hours=24),
    consent_lifetime=timedelta(days=100),
    consent_lifetime_told="x_refresh_token_expires_in",
    scopes=frozenset({"accounting"}),
)
TWINFIELD = DeskRules(basic=True, rotates_after=None, lifetime=timedelta(hours=1))
BUSINESS_CENTRAL = DeskRules(client_credentials=True, scopes=frozenset({"default"}), lifetime=timedelta(hours=1))


class Wire:
    """A vendor of some rules, our app at it, and a client to call it with."""

    def __init__(self, vendor: Vendor, clock: Clock, session: requests.Session) -> None:
        self.vendor, self.desk, self.clock, self.session = vendor, vendor.desk, clock, session
        rules = vendor.desk.rules
        self.app = OAuthApp(
            "Vendor",
            vendor.base_url + "/token",
            vendor.desk.client_id,
            Secret(vendor.desk.client_secret),
            authorize_url=vendor.base_url + "/authorize",
            scope=" ".join(sorted(rules.scopes)),
            basic=rules.basic,
            pkce=rules.pkce,
            authorize_more=rules.authorize_more,
            token_more=rules.token_more,
        )

    def client(self, signer: Signer | None = None, ways: VendorWays = WAYS) -> HttpClient:
        budget = LocalBudget("Vendor", self.clock, self.clock.sleep)
        return HttpClient(ways, self.session, budget, signer=signer, now=self.clock, sleep=self.clock.sleep)

    def oauth(self, store: MemoryTokenStore, consent: str = "") -> OAuthSigner:
        first = Secret(consent) if consent else None
        return OAuthSigner(self.app, store, self.client(), now=self.clock, sleep=self.clock.sleep, consent=first)

    def credentials(self, store: MemoryTokenStore | None = None) -> ClientCredentialsSigner:
        return ClientCredentialsSigner(self.app, store, self.client(), now=self.clock, sleep=self.clock.sleep)

    def me(self, signer: Signer) -> Reply:
        return self.client(signer).call("GET", self.vendor.base_url + "/me")

    def consent(self, question: Question, settings: Mapping[str, str] | None = None) -> Consent:
        reply = self.session.get(question.address(self.app), allow_redirects=False, timeout=5)
        return accept(self.app, self.client(), question, reply.headers["Location"], settings or {}, now=self.clock)


@contextmanager
def wired(clock: Clock, rules: DeskRules, secret: str = "hush") -> Iterator[Wire]:
    with serving(TokenDesk("app", secret, clock, rules)) as vendor, requests.Session() as session:
        yield Wire(vendor, clock, session)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    "rules", [DeskRules(), XERO, QUICKBOOKS, TWINFIELD, DeskRules(authorize_more={"filter": "v3"})]
)
def test_a_consent_of_every_kind_signs_calls(clock: Clock, rules: DeskRules) -> None:
    with wired(clock, rules) as wire:
        consent = wire.consent(Question.new(BACK))
        store = MemoryTokenStore({name: secret.reveal() for name, secret in consent.tokens.items()})
        assert wire.me(wire.oauth(store)).status == 200
        clock.pass_by(hours=2)
        assert wire.me(wire.oauth(store)).status == 200
        assert wire.desk.log == ["authorization_code", "refresh_token"]


def test_a_public_app_gives_consent_with_the_challenge_alone(clock: Clock) -> None:
    with wired(clock, XERO, secret="") as wire:
        consent = wire.consent(Question.new(BACK))
        store = MemoryTokenStore({name: secret.reveal() for name, secret in consent.tokens.items()})
        clock.pass_by(hours=2)
        assert wire.me(wire.oauth(store)).status == 200


def test_without_the_challenge_a_stolen_code_is_worth_nothing(clock: Clock) -> None:
    with wired(clock, XERO) as wire:
        question = Question.new(BACK)
        reply = wire.session.get(question.address(wire.app), allow_redirects=False, timeout=5)
        thief = Question(BACK, question.state, Question.new(BACK).verifier)
        with pytest.raises(SignInAgain, match="code is not valid"):
            accept(wire.app, wire.client(), thief, reply.headers["Location"], {}, now=clock)


def test_a_code_is_good_once_and_only_for_its_question(clock: Clock) -> None:
    with wired(clock, DeskRules()) as wire:
        question = Question.new(BACK)
        address = wire.session.get(question.address(wire.app), allow_redirects=False, timeout=5).headers["Location"]
        with pytest.raises(SignInAgain, match="does not belong to this sign-in"):
            accept(wire.app, wire.client(), Question.new(BACK), address, {}, now=clock)
        accept(wire.app, wire.client(), question, address, {}, now=clock)
        with pytest.raises(SignInAgain, match="does not accept the consent"):
            accept(wire.app, wire.client(), question, address, {}, now=clock)


def test_questions_cannot_be_guessed_nor_their_verifier_be_seen() -> None:
    questions = [Question.new(BACK) for _ in range(100)]
    assert len({question.state for question in questions}) == 100
    assert len({question.verifier for question in questions}) == 100
    assert min(len(question.state) for question in questions) >= 32
    assert 43 <= len(questions[0].verifier.reveal()) <= 128
    assert questions[0].verifier.reveal() not in repr(questions[0])


def test_a_consent_page_with_a_query_of_its_own_keeps_it() -> None:
    app = OAuthApp("V", "t", "app", Secret("s"), authorize_url="https://v.example/auth?filter=v3", scope="a b")
    asked = parse_qs(urlsplit(Question.new(BACK).address(app)).query)
    assert (asked["filter"], asked["scope"], asked["response_type"]) == (["v3"], ["a b"], ["code"])


def test_a_refusal_says_why_in_the_vendor_s_words() -> None:
    question = Question(BACK, "s", Secret("v"))
    for query, told in {
        "error=access_denied": "access_denied",
        "error=Invalid+request&reason=Email+already+in+use": "Email already in use",
        "": "no code came back",
    }.items():
        with pytest.raises(SignInAgain, match=told):
            question.answered(f"{BACK}?{query}&state=s")


def test_what_came_back_with_the_code_becomes_a_setting(clock: Clock) -> None:
    with wired(clock, QUICKBOOKS) as wire:
        wire.app = replace(wire.app, callback_settings={"realmId": "realm_id"})
        with pytest.raises(SignInAgain, match="without realmId"):
            wire.consent(Question.new(BACK))
        wire.desk.callback = {"realmId": "7"}
        assert wire.consent(Question.new(BACK)).settings == {"realm_id": "7"}
        assert wire.consent(Question.new(BACK), {"realm_id": "7"}).settings == {"realm_id": "7"}
        asked = len(wire.desk.log)
        with pytest.raises(WrongInput, match="consent is for realm_id 7, and the connection is that of 8"):
            wire.consent(Question.new(BACK), {"realm_id": "8"})
        assert len(wire.desk.log) == asked, "no token is asked for another company"


def test_the_end_of_the_consent_is_stored_and_moves_with_its_use(clock: Clock) -> None:
    with wired(clock, QUICKBOOKS) as wire:
        store = MemoryTokenStore()
        wire.app = replace(wire.app, consent_lifetime=timedelta(days=1))
        wire.oauth(store, wire.desk.grant().refresh_token).headers()
        assert store.read()["consent_expires_at"] == (clock() + timedelta(days=100)).isoformat(), "the answer tells it"
        clock.pass_by(days=50)
        wire.oauth(store).headers()
        assert store.read()["consent_expires_at"] == (clock() + timedelta(days=100)).isoformat()
    with wired(clock, XERO) as wire:
        wire.oauth(store := MemoryTokenStore(), wire.desk.grant().refresh_token).headers()
        assert "consent_expires_at" not in store.read()
        wire.app = replace(wire.app, consent_lifetime=timedelta(days=60))
        wire.oauth(store := MemoryTokenStore(), wire.desk.refresh_token).headers()
        assert store.read()["consent_expires_at"] == (clock() + timedelta(days=60)).isoformat()


def test_the_hard_end_of_a_consent_goes_before_the_one_that_moves(clock: Clock) -> None:
    reply = (
        b'{"access_token":"a","refresh_token":"r","x_refresh_token_expires_in":8640000,'
        b'"x_refresh_token_hard_expires_in":"86400"}'
    )
    with wired(clock, DeskRules()) as wire, scripted(Scripted(body=reply)) as script:
        wire.app = replace(wire.app, token_url=script.url)
        store = MemoryTokenStore()
        wire.oauth(store, "r0").headers()
    assert store.read()["consent_expires_at"] == (clock() + timedelta(days=1)).isoformat()


def test_an_answer_that_got_lost_costs_nothing_where_the_old_token_has_grace(clock: Clock) -> None:
    for rules, survives in ((XERO, True), (DeskRules(), False), (TWINFIELD, True)):
        with wired(clock, rules) as wire:
            wire.vendor.lose = 1
            signer = wire.oauth(MemoryTokenStore(), wire.desk.grant().refresh_token)
            if survives:
                assert wire.me(signer).status == 200
            else:
                with pytest.raises(SignInAgain, match="used before"):
                    wire.me(signer)


def test_a_token_that_does_not_rotate_stays_stored(clock: Clock) -> None:
    with wired(clock, TWINFIELD) as wire:
        store, first = MemoryTokenStore(), wire.desk.grant().refresh_token
        for _ in range(3):
            wire.oauth(store, first).headers()
            assert store.read()["refresh_token"] == first
            clock.pass_by(hours=2)


def test_an_app_in_its_own_name_asks_once_for_all_processes_until_the_token_runs_out(clock: Clock) -> None:
    with wired(clock, BUSINESS_CENTRAL) as wire:
        store = MemoryTokenStore()
        for _ in range(3):
            assert wire.me(wire.credentials(store)).status == 200
        assert wire.desk.log == ["client_credentials"]
        clock.pass_by(hours=1)
        assert wire.me(wire.credentials(store)).status == 200
        wire.desk.void_access_token()
        assert wire.me(wire.credentials(store)).status == 200
        assert wire.desk.log == ["client_credentials"] * 3
        assert "consent_expires_at" not in store.read()
        assert "refresh_token" not in store.read()


def test_an_app_that_is_refused_is_not_tried_again(clock: Clock) -> None:
    with wired(clock, BUSINESS_CENTRAL) as wire:
        wire.app = replace(wire.app, client_secret=Secret("stampOTHER"))
        signer = wire.credentials()
        for _ in range(3):
            with pytest.raises(SignInAgain, match="does not accept the app") as raised:
                wire.me(signer)
            assert "stampOTHER" not in str(raised.value)
        assert len(wire.desk.log) == 1


class Door:
    """Logs in as often as it is knocked at; ``refuses`` is what it says instead."""

    def __init__(self, clock: Clock, minutes: float | None = 10) -> None:
        self.clock, self.minutes = clock, minutes
        self.knocks: list[dict[str, str]] = []
        self.refuses: GrandlivreError | None = None

    def __call__(self, before: Mapping[str, str]) -> Session:
        self.knocks.append(dict(before))
        if self.refuses:
            raise self.refuses
        until = None if self.minutes is None else self.clock() + timedelta(minutes=self.minutes)
        return Session({"sessionID": f"s{len(self.knocks)}"}, until)

    def signer(self, store: MemoryTokenStore | None = None) -> SessionSigner:
        return SessionSigner(self, store, now=self.clock, sleep=self.clock.sleep)


def test_a_session_is_kept_between_processes_and_until_its_end(clock: Clock) -> None:
    door, store = Door(clock), MemoryTokenStore()
    assert door.signer(store).headers() == door.signer(store).headers() == {"sessionID": "s1"}
    assert store.read()["sessionID"] == "s1"
    clock.pass_by(minutes=9)
    assert door.signer(store).headers() == {"sessionID": "s1"}
    clock.pass_by(minutes=1)
    assert door.signer(store).headers() == {"sessionID": "s2"}
    assert door.knocks == [{}, {"sessionID": "s1"}]


def test_a_session_without_an_end_lives_until_it_is_refused(clock: Clock) -> None:
    door = Door(clock, minutes=None)
    signer = door.signer()
    old = signer.headers()
    clock.pass_by(days=100)
    assert signer.headers() == old
    signer.renew(old)
    assert signer.headers() == {"sessionID": "s2"}
    signer.renew(old)
    assert len(door.knocks) == 2, "what was refused is not in use any more"


def test_a_refused_session_is_replaced_by_what_another_process_logged_in_to(clock: Clock) -> None:
    door, store = Door(clock), MemoryTokenStore()
    ours, theirs = door.signer(store), door.signer(store)
    old = ours.headers()
    theirs.renew(old)
    ours.renew(old)
    assert ours.headers() == {"sessionID": "s2"}
    assert len(door.knocks) == 2


def test_many_threads_log_in_once(clock: Clock) -> None:
    door = Door(clock)
    signer = door.signer()
    threads = [threading.Thread(target=signer.headers) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(door.knocks) == 1


def test_a_refused_log_in_is_not_tried_again_because_vendors_lock_users_out(clock: Clock) -> None:
    door = Door(clock)
    door.refuses = SignInAgain("the password is wrong", next_step="Give another one.")
    signer = door.signer()
    for _ in range(3):
        with pytest.raises(SignInAgain, match=r"the password is wrong\. Give another one"):
            signer.headers()
    assert len(door.knocks) == 1


def test_a_vendor_that_was_down_is_knocked_at_again(clock: Clock) -> None:
    door = Door(clock)
    door.refuses = VendorDown("no answer")
    signer = door.signer()
    with pytest.raises(VendorDown):
        signer.headers()
    door.refuses = None
    assert signer.headers() == {"sessionID": "s2"}


def test_a_session_may_sign_with_a_part_of_what_is_kept(clock: Clock) -> None:
    kept = SessionSigner(
        lambda before: Session({"access": "a" + before.get("next", "0"), "next": "1"}),
        now=clock,
        sleep=clock.sleep,
        sign=lambda fields: {"Token": fields["access"]},
    )
    first = kept.headers()
    assert first == {"Token": "a0"}
    kept.renew(first)
    assert kept.headers() == {"Token": "a1"}


def test_fixed_headers_have_no_other_when_they_are_refused(clock: Clock) -> None:
    signer = HeaderSigner("Vendor", {"X-App": "public", "X-Key": Secret("hush")})
    assert signer.headers() == {"X-App": "public", "X-Key": "hush"}
    assert "hush" not in repr(signer)
    with wired(clock, DeskRules()) as wire:
        with pytest.raises(SignInAgain, match="refuses the key"):
            wire.me(signer)
        assert wire.vendor.asked == ["/me"], "a refused key is not tried twice"


def test_a_refusal_with_a_meaning_of_its_own_costs_no_sign_in(clock: Clock) -> None:
    def refusal(reply: Reply) -> GrandlivreError | None:
        return AskForAccess("no subscription") if b"(MSE)" in reply.body else None

    with (
        wired(clock, DeskRules()) as wire,
        scripted(Scripted(401, body=b"No active subscription. (MSE)")) as script,
    ):
        signer = wire.oauth(MemoryTokenStore(), wire.desk.grant().refresh_token)
        client = wire.client(signer, VendorWays("Vendor", refusal=refusal))
        with pytest.raises(AskForAccess):
            client.call("GET", script.url)
    assert wire.desk.log == ["refresh_token"]
