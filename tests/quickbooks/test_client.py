"""Signing in for one company, its facts and fiscal years; and what the client asks, to the letter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.catalog import package
from connectors.consent import Consent, Question, accept
from connectors.contract import Access, DossierRef, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.quickbooks import QuickBooks, oauth_app, open_connector
from connectors.quickbooks.sandbox import QuickBooksSandbox
from connectors.quickbooks.sandbox.vendor import OTHER_REALM
from connectors.quickbooks.wire import WAYS
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock
from tests.reader import Reader

from .landed import asked, connect, told

BACK = "http://localhost:8765/callback"


def access(sandbox: QuickBooksSandbox, **settings: str) -> Access:
    given = {name: value for name, value in (sandbox.settings | settings).items() if value}
    secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
    return Access("quickbooks", package("quickbooks").complete_settings(given), secrets)


def consent_to(sandbox: QuickBooksSandbox, clock: Clock, settings: dict[str, str]) -> Consent:
    """A person signs in and gives consent."""
    app, question = oauth_app(access(sandbox)), Question.new(BACK)
    back = requests.get(question.address(app), allow_redirects=False, timeout=10).headers["Location"]
    budget = LocalBudget("QuickBooks", clock, clock.sleep)
    client = HttpClient(WAYS, requests.Session(), budget, now=clock, sleep=clock.sleep)
    return accept(app, client, question, back, settings, now=clock)


def test_verifying_costs_a_token_and_one_call(connector: QuickBooks, sandbox: QuickBooksSandbox) -> None:
    connector.verify()
    assert asked(sandbox) == ["bearer", "companyinfo"]
    assert connector.calls == 2


def test_the_company_of_the_consent_is_the_one_dossier(connector: QuickBooks, sandbox: QuickBooksSandbox) -> None:
    realm = sandbox.external_id
    assert list(connector.discover()) == [DossierRef(realm, realm, "Atelier Grand-Livre", currency="EUR", country="BE")]
    with pytest.raises(WrongInput, match=f"company {realm}, not of {OTHER_REALM}"):
        connector.fiscal_years(OTHER_REALM)
    with pytest.raises(WrongInput, match=f"company {realm}, not of {OTHER_REALM}"):
        list(connector.extract(ExtractRequest(OTHER_REALM)))


def test_fiscal_years_begin_where_the_books_do(connector: QuickBooks, sandbox: QuickBooksSandbox) -> None:
    assert connector.fiscal_years(sandbox.external_id) == list(told().years)
    sandbox.vendor.books.post(
        date(2021, 12, 31), [("bank", "5.00"), ("capital", "-5.00")], datetime(2026, 1, 1, tzinfo=UTC)
    )
    sandbox.vendor.books.closed_until = None
    years = connector.fiscal_years(sandbox.external_id)
    assert [(year.label, year.closed) for year in years] == [(str(year), None) for year in range(2021, 2027)]


def test_years_begin_with_the_month_of_the_preferences(connector: QuickBooks, sandbox: QuickBooksSandbox) -> None:
    sandbox.vendor.books.first_month = 4
    years = connector.fiscal_years(sandbox.external_id)
    assert years[0] == FiscalYear("2024", date(2023, 4, 1), date(2024, 3, 31), closed=True)
    assert years[-1] == FiscalYear("2027", date(2026, 4, 1), date(2027, 3, 31), closed=False)
    assert years[-2].closed is False, "the books are closed up to the end of 2025"


def test_a_consent_brings_its_company_and_no_other_takes_its_place(sandbox: QuickBooksSandbox, clock: Clock) -> None:
    consent = consent_to(sandbox, clock, {})
    assert consent.settings == {"realm_id": sandbox.external_id}
    lapses = datetime.fromisoformat(consent.tokens["consent_expires_at"].reveal())
    assert lapses == clock() + timedelta(days=100)
    sandbox.vendor.desk.callback = {"realmId": OTHER_REALM}
    with pytest.raises(WrongInput, match=f"consent is for realm_id {OTHER_REALM}"):
        consent_to(sandbox, clock, {"realm_id": sandbox.external_id})
    sandbox.vendor.desk.callback = {}
    with pytest.raises(SignInAgain, match="without realmId"):
        consent_to(sandbox, clock, {})


def test_every_consent_has_tokens_of_its_own(sandbox: QuickBooksSandbox, clock: Clock) -> None:
    """Another company's consent neither opens this one nor ages with it."""
    ours = consent_to(sandbox, clock, {})
    sandbox.vendor.desk.callback = {"realmId": OTHER_REALM}
    theirs = consent_to(sandbox, clock, {})
    stores = [MemoryTokenStore({n: s.reveal() for n, s in each.tokens.items()}) for each in (ours, theirs)]
    first = connect(sandbox, clock, stores[0])
    first.verify()
    with pytest.raises(AskForAccess, match="no access"):
        connect(sandbox, clock, stores[1]).verify()
    before = stores[0].read()["refresh_token"]
    clock.pass_by(hours=25)
    first.verify()
    kept = stores[0].read()
    assert kept["refresh_token"] != before, "it rotates once a day"
    assert kept["consent_expires_at"] == (clock() + timedelta(days=100)).isoformat()
    assert stores[1].read()["consent_expires_at"] < kept["consent_expires_at"]
    clock.pass_by(days=101)
    with pytest.raises(SignInAgain, match="no longer accepts"):
        first.verify()


def test_a_token_is_kept_for_its_hour_between_processes(sandbox: QuickBooksSandbox, clock: Clock) -> None:
    store = MemoryTokenStore()
    for _ in range(3):
        connect(sandbox, clock, store).verify()
        clock.pass_by(minutes=20)
    assert asked(sandbox).count("bearer") == 1
    connect(sandbox, clock, store).verify()
    assert asked(sandbox).count("bearer") == 2


def test_without_a_company_the_connection_says_what_is_missing(sandbox: QuickBooksSandbox) -> None:
    with pytest.raises(WrongInput, match="realm_id"):
        open_connector(access(sandbox, realm_id=""))


def test_only_documented_parameters_are_sent_and_no_token_in_an_address(
    reader: Reader, sandbox: QuickBooksSandbox
) -> None:
    reader.read()
    allowed = {
        "companyinfo": set[str](),
        "preferences": set[str](),
        "query": {"query"},
        "cdc": {"entities", "changedSince"},
        "GeneralLedger": {"start_date", "end_date", "accounting_method", "sort_by", "sort_order", "columns"},
        "TrialBalance": {"start_date", "end_date", "accounting_method"},
    }
    for target in sandbox.vendor.requests[1:]:
        parts = urlsplit(target)
        fields = parse_qs(parts.query)
        name = "companyinfo" if "companyinfo" in parts.path else parts.path.rpartition("/")[2]
        assert fields.keys() == allowed[name] | {"minorversion"}
        assert fields["minorversion"] == ["75"]
        assert fields.get("accounting_method", ["Accrual"]) == ["Accrual"], "the company's own basis is cash"
        assert "stamp" not in target
        if name == "GeneralLedger":
            days = [date.fromisoformat(fields[each][0]) for each in ("start_date", "end_date")]
            assert days[1] - days[0] <= timedelta(days=184) or "2022-01-01" in target or "2027-01-01" in target
            assert len(fields["columns"][0].split(",")) <= 25
        if name == "query":
            assert "Active in (true,false)" in fields["query"][0]


def test_its_rule_of_the_sign_in_is_the_vendor_s(sandbox: QuickBooksSandbox) -> None:
    app = oauth_app(access(sandbox, authorize_url="", token_url=""))
    assert app.authorize_url == "https://appcenter.intuit.com/connect/oauth2"
    assert app.token_url == "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
    assert (app.basic, app.pkce, app.scope) == (True, False, "com.intuit.quickbooks.accounting")
    assert "sandbox-app-secret" not in repr(app)
    assert app.callback_settings == {"realmId": "realm_id"}
