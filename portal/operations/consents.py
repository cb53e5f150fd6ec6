"""Consent by redirect: the address of the package's page, and what comes of the address that the person returns to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

import requests

from connectors.budgets import LocalBudget
from connectors.consent import Consent, Question, accept
from connectors.contract import Access
from connectors.http import HttpClient, VendorWays
from connectors.oauth import OAuthApp
from connectors.package import Package
from foundation.secrets import Secret


def app_of(row: Package, settings: Mapping[str, str], secrets: Mapping[str, Secret]) -> OAuthApp:
    """The firm's app at the vendor. Raises WrongInput for settings that do not make one."""
    app: OAuthApp = row.load_room().oauth_app(Access(row.slug, settings, secrets))
    return app


def accepted(app: OAuthApp, question: Question, answer: str, settings: Mapping[str, str]) -> Consent:
    """The consent that ``answer``, the address that the browser ended at, brings: its tokens, and settings that came
    back with it.

    Raises SignInAgain when consent was refused, and WrongInput when it was given for something else than ``settings``
    name, such as another company.
    """

    def now() -> datetime:
        return datetime.now(UTC)

    with requests.Session() as session:
        budget = LocalBudget(app.vendor, now, time.sleep)
        client = HttpClient(VendorWays(app.vendor), session, budget, now=now, sleep=time.sleep)
        return accept(app, client, question, answer, settings, now=now)
