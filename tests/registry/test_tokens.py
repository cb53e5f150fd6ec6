from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from foundation.errors import Busy, ReportABug, SignInAgain, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry.store import Registry
from registry.tokens import ConnectionTokens
from tests.registry import worker
from tests.registry.vendor import TokenEndpoint


@pytest.fixture
def vendor(registry: Registry, home: Home) -> TokenEndpoint:
    """A vendor with one consent, kept as connection ``xero-vandamme``."""
    vendor = TokenEndpoint(home.root / "vendor.json")
    registry.add_connection("xero", "Vandamme", secrets={"refresh_token": Secret(vendor.start())})
    return vendor


@pytest.fixture
def tokens(registry: Registry, vendor: TokenEndpoint) -> ConnectionTokens:
    return registry.tokens("xero-vandamme")


def test_a_consent_given_as_a_secret_is_the_first_token_and_no_longer_a_secret(
    registry: Registry, tokens: ConnectionTokens
) -> None:
    assert tokens.read() == {"refresh_token": "refresh-0"}
    assert registry.secrets("xero-vandamme") == {}


def test_what_is_saved_is_read_by_others_at_once(registry: Registry, tokens: ConnectionTokens) -> None:
    other = registry.tokens("xero-vandamme")
    expires = datetime(2025, 1, 1, tzinfo=UTC)
    with tokens.exclusive():
        tokens.save({"refresh_token": Secret("r"), "access_token": "a", "expires_at": expires})
        assert tokens.read() == other.read()
    assert other.read() == {"refresh_token": "r", "access_token": "a", "expires_at": "2025-01-01T00:00:00+00:00"}


def test_saving_without_holding_the_connection_is_a_bug(registry: Registry, tokens: ConnectionTokens) -> None:
    with pytest.raises(ReportABug), registry.tokens("xero-vandamme").exclusive():
        tokens.save({"refresh_token": "r"})
    with tokens.exclusive():
        thread_saved: list[str] = []

        def save() -> None:
            try:
                tokens.save({"refresh_token": "r"})
            except ReportABug as error:
                thread_saved.append(error.kind)

        thread = threading.Thread(target=save)
        thread.start()
        thread.join()
    assert thread_saved == ["bug"]
    assert tokens.read() == {"refresh_token": "refresh-0"}


def test_a_field_that_cannot_be_kept_is_a_bug_and_changes_nothing(tokens: ConnectionTokens) -> None:
    with pytest.raises(ReportABug, match="type object"), tokens.exclusive():
        tokens.save({"refresh_token": object()})
    assert tokens.read() == {"refresh_token": "refresh-0"}


def test_waiting_too_long_for_another_holder_is_busy(registry: Registry, tokens: ConnectionTokens) -> None:
    hasty = ConnectionTokens(registry, "xero-vandamme", timeout=0.05)
    with tokens.exclusive(), pytest.raises(Busy, match="connection xero-vandamme"), hasty.exclusive():
        pass


def test_tokens_of_an_unknown_connection_are_refused(registry: Registry) -> None:
    with pytest.raises(WrongInput):
        registry.tokens("xero-nobody").read()


def test_commits_are_written_through_to_the_disk(registry: Registry) -> None:
    with registry.writing() as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in _PRAGMAS}
    assert found == _PRAGMAS


_PRAGMAS = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30000}


def test_of_several_processes_that_need_a_token_one_renews_it(
    home: Home, vendor: TokenEndpoint, tokens: ConnectionTokens
) -> None:
    assert worker.go(worker.start("renew", home, 4)) == ["access-1"] * 4
    assert vendor.state() == {"good": "refresh-1", "renewals": 1, "ended": False}
    assert tokens.read()["refresh_token"] == "refresh-1"


def test_a_process_killed_between_answer_and_save_leaves_the_lock_free_and_the_old_token(
    home: Home, tokens: ConnectionTokens
) -> None:
    worker.go(worker.start("renew_and_die_before_saving", home))
    with tokens.exclusive():
        assert tokens.read() == {"refresh_token": "refresh-0"}


def test_a_process_killed_right_after_save_leaves_the_new_token_and_the_consent_goes_on(
    home: Home, vendor: TokenEndpoint, tokens: ConnectionTokens
) -> None:
    worker.go(worker.start("renew_and_die_after_saving", home))
    with tokens.exclusive():
        fields = tokens.read()
        assert fields == {"refresh_token": "refresh-1", "access_token": "access-1"}
        assert vendor.renew(fields["refresh_token"])["access_token"] == "access-2"


def test_the_vendor_of_these_tests_ends_the_consent_when_a_token_is_used_twice(vendor: TokenEndpoint) -> None:
    first = vendor.start()
    second = vendor.renew(first)["refresh_token"]
    with pytest.raises(SignInAgain):
        vendor.renew(first)
    with pytest.raises(SignInAgain):
        vendor.renew(second)


def test_a_new_consent_is_not_overwritten_by_a_renewal_of_the_old_one_under_way(
    registry: Registry, tokens: ConnectionTokens
) -> None:
    again = threading.Thread(
        target=registry.replace_secrets, args=["xero-vandamme", {"refresh_token": Secret("new-consent")}]
    )
    with tokens.exclusive():
        again.start()
        again.join(0.2)
        assert again.is_alive()
        tokens.save({"refresh_token": "refresh-1"})
    again.join()
    assert tokens.read() == {"refresh_token": "new-consent"}
