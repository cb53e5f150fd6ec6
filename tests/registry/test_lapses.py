"""The end of a consent: stored with its tokens in one stroke, and told by the clock whether anybody saw it or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from foundation.secrets import Secret
from registry.records import LAPSES_SOON
from registry.store import Connection, Registry

from .conftest import Clock


@pytest.fixture
def consented(registry: Registry, clock: Clock) -> Connection:
    ends = (clock() + timedelta(days=60)).isoformat()
    secrets = {"client_secret": Secret("s"), "refresh_token": Secret("r1"), "consent_expires_at": Secret(ends)}
    made = registry.add_connection("xero", "V", secrets=secrets)
    registry.set_health(made.id, "ok")
    return registry.connection(made.id)


def test_a_fresh_consent_brings_its_end_along(registry: Registry, consented: Connection, clock: Clock) -> None:
    assert consented.expires_at == clock() + timedelta(days=60)
    assert "consent_expires_at" not in registry.secrets(consented.id)
    assert registry.tokens(consented.id).read()["consent_expires_at"]


def test_every_renewal_moves_the_end_with_the_tokens(registry: Registry, consented: Connection, clock: Clock) -> None:
    tokens = registry.tokens(consented.id)
    clock.pass_by(days=30)
    with tokens.exclusive():
        tokens.save({"refresh_token": "r2", "consent_expires_at": clock() + timedelta(days=60)})
    assert registry.connection(consented.id).expires_at == clock() + timedelta(days=60)
    with tokens.exclusive():
        tokens.save({"refresh_token": "r3"})
    assert registry.connection(consented.id).expires_at is None, "nobody knows any more"


def test_other_secrets_leave_the_end_of_a_consent_that_goes_on(registry: Registry, consented: Connection) -> None:
    registry.replace_secrets(consented.id, {"client_secret": Secret("t")}, keep_tokens=True)
    assert registry.connection(consented.id).expires_at == consented.expires_at
    registry.replace_secrets(consented.id, {"client_secret": Secret("t")})
    assert registry.connection(consented.id).expires_at is None


def test_a_consent_is_expiring_a_week_ahead_and_needs_a_sign_in_once_it_is_over(
    consented: Connection, clock: Clock
) -> None:
    assert consented.standing(clock()) == ("ok", None)
    clock.moment = (consented.expires_at or clock()) - LAPSES_SOON - timedelta(seconds=1)
    assert consented.standing(clock())[0] == "ok"
    clock.pass_by(seconds=1)
    assert consented.standing(clock()) == ("expiring", "the consent lapses on 2025-04-30")
    clock.moment = consented.expires_at or clock()
    assert consented.standing(clock()) == ("needs_login", "the consent lapsed on 2025-04-30")
    assert not consented.refused, "only the package can say that it is over"


def test_what_was_seen_is_worse_than_the_clock(registry: Registry, consented: Connection, clock: Clock) -> None:
    clock.pass_by(days=100)
    registry.set_health(consented.id, "rate_limited", "too many calls")
    seen = registry.connection(consented.id)
    assert seen.standing(clock()) == ("rate_limited", "too many calls")
    assert seen.lapse(clock()) is not None
    registry.set_health(consented.id, "needs_login", "refused")
    assert registry.connection(consented.id).lapse(clock()) is None, "a person was asked already"
