from __future__ import annotations

import logging
import stat
import traceback
from datetime import UTC, datetime, timedelta, timezone

import pytest

from foundation.errors import ReportABug, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry.models import HEALTH
from registry.store import Connection, Link, Registry
from registry.vault import Vault
from tests.registry.conftest import Clock


def test_a_firm_is_the_same_by_name_and_by_slug(registry: Registry) -> None:
    firm = registry.ensure_firm("Vandamme & Zonen")
    assert (firm.firm_id, firm.name) == ("vandamme-zonen", "Vandamme & Zonen")
    assert registry.ensure_firm("vandamme-zonen") == firm
    assert registry.firm("VANDAMME & Zonen") == firm
    assert registry.firms() == [firm]


def test_an_unknown_firm_is_refused_with_near_misses(registry: Registry) -> None:
    registry.ensure_firm("Vandamme")
    with pytest.raises(WrongInput, match=r"no firm 'Vandame'; did you mean vandamme"):
        registry.connections(firm="Vandame")
    with pytest.raises(WrongInput, match="cannot name a firm"):
        registry.ensure_firm("??")


def test_a_connection_is_kept_with_its_settings_and_found_again(registry: Registry, clock: Clock) -> None:
    made = registry.add_connection(
        "exact_online_nl",
        "Vandamme",
        "Exact",
        {"client_id": "app"},
        {"client_secret": Secret("s3cret")},
        created_by="eva",
    )
    assert made.id == "exact_online_nl-vandamme"
    assert registry.connection(made.id) == made
    assert made.settings == {"client_id": "app"}
    assert (made.firm_id, made.name, made.created_by, made.created_at) == ("vandamme", "Exact", "eva", clock.moment)
    assert registry.secrets(made.id) == {"client_secret": Secret("s3cret")}


def test_ids_of_connections_are_unique(registry: Registry) -> None:
    made = [registry.add_connection("yuki", "Vandamme").id for _ in range(3)]
    made.append(registry.add_connection("yuki", "Vandamme 2").id)
    assert made == ["yuki-vandamme", "yuki-vandamme-2", "yuki-vandamme-3", "yuki-vandamme-2-2"]


def test_connections_are_listed_by_firm_and_by_package(registry: Registry) -> None:
    registry.add_connection("yuki", "Vandamme")
    registry.add_connection("xero", "Vandamme")
    registry.add_connection("yuki", "Peeters")
    assert [c.id for c in registry.connections()] == ["xero-vandamme", "yuki-peeters", "yuki-vandamme"]
    assert [c.id for c in registry.connections(firm="vandamme")] == ["xero-vandamme", "yuki-vandamme"]
    assert [c.id for c in registry.connections("Vandamme", "yuki")] == ["yuki-vandamme"]


def test_an_unknown_connection_is_refused_with_near_misses_everywhere(
    registry: Registry, connection: Connection
) -> None:
    for use in (registry.connection, registry.secrets, registry.remove_connection):
        with pytest.raises(WrongInput, match=r"no connection 'yuki-vandame'; did you mean yuki-vandamme"):
            use("yuki-vandame")
    with pytest.raises(WrongInput):
        registry.set_health("yuki-vandame", "ok")
    with pytest.raises(WrongInput):
        registry.replace_secrets("yuki-vandame", {})


def test_a_connection_that_nobody_tried_is_not_healthy(connection: Connection) -> None:
    assert connection.health == "needs_login"


@pytest.mark.parametrize("health", HEALTH)
def test_health_is_noted_with_its_moment(registry: Registry, connection: Connection, clock: Clock, health: str) -> None:
    seen = clock.pass_by(hours=1)
    registry.set_health(connection.id, health, "because")
    now = registry.connection(connection.id)
    assert (now.health, now.health_detail, now.health_at) == (health, "because", seen)


def test_the_end_of_consent_is_kept_until_another_is_given(registry: Registry, connection: Connection) -> None:
    brussels = timezone(timedelta(hours=2))
    registry.set_health(connection.id, "expiring", expires_at=datetime(2025, 6, 1, 1, 30, tzinfo=brussels))
    registry.set_health(connection.id, "ok")
    end = registry.connection(connection.id).expires_at
    assert end == datetime(2025, 5, 31, 23, 30, tzinfo=UTC)
    assert end is not None
    assert end.utcoffset() == timedelta(0)
    assert registry.connection(connection.id).health_detail is None


def test_health_of_no_meaning_is_a_bug(registry: Registry, connection: Connection) -> None:
    with pytest.raises(ReportABug):
        registry.set_health(connection.id, "fine")


def test_other_secrets_replace_all_and_forget_the_tokens_of_the_consent_before(registry: Registry) -> None:
    made = registry.add_connection("xero", "V", secrets={"client_secret": Secret("one"), "refresh_token": Secret("r1")})
    registry.replace_secrets(made.id, {"client_secret": Secret("two")}, settings={"client_id": "x"})
    assert registry.secrets(made.id) == {"client_secret": Secret("two")}
    assert dict(registry.tokens(made.id).read()) == {}
    assert registry.connection(made.id).settings == {"client_id": "x"}
    registry.replace_secrets(made.id, {"refresh_token": Secret("r2")})
    assert dict(registry.tokens(made.id).read()) == {"refresh_token": "r2"}
    assert registry.connection(made.id).settings == {"client_id": "x"}


def test_a_consent_that_goes_on_keeps_its_tokens_until_there_is_a_new_one(registry: Registry) -> None:
    made = registry.add_connection("xero", "V", secrets={"client_secret": Secret("one"), "refresh_token": Secret("r1")})
    registry.replace_secrets(made.id, {"client_secret": Secret("two")}, keep_tokens=True)
    assert registry.secrets(made.id) == {"client_secret": Secret("two")}
    assert dict(registry.tokens(made.id).read()) == {"refresh_token": "r1"}
    registry.replace_secrets(made.id, {"refresh_token": Secret("r2")}, keep_tokens=True)
    assert dict(registry.tokens(made.id).read()) == {"refresh_token": "r2"}


def test_a_connection_without_dossiers_can_be_removed_and_one_with_cannot(registry: Registry, link: Link) -> None:
    spare = registry.add_connection("yuki", "Vandamme")
    registry.remove_connection(spare.id)
    assert [c.id for c in registry.connections()] == [link.connection_id]
    with pytest.raises(WrongInput, match="that of dossier 1042-bakkerij-janssens"):
        registry.remove_connection(link.connection_id)


def test_rotation_seals_everything_with_a_new_key_while_others_go_on(registry: Registry, home: Home) -> None:
    made = registry.add_connection("xero", "V", secrets={"client_secret": Secret("one"), "refresh_token": Secret("r1")})
    quiet = registry.add_connection("xero", "V", secrets={"refresh_token": Secret("q1")})
    old_keys = home.vault_key.read_text()
    with Registry.open(home, vault=Vault.of(home, environ={})) as running:
        assert registry.rotate_vault() == 2
        new_key, *kept = home.vault_key.read_text().split()
        assert kept == old_keys.split()
        tokens = running.tokens(made.id)
        with tokens.exclusive():
            tokens.save({"refresh_token": "r2"})
    home.vault_key.write_text(new_key)
    assert registry.secrets(made.id) == {"client_secret": Secret("one")}
    assert dict(registry.tokens(made.id).read()) == {"refresh_token": "r2"}
    assert dict(registry.tokens(quiet.id).read()) == {"refresh_token": "q1"}
    home.vault_key.write_text(old_keys)
    with pytest.raises(WrongInput, match="sealed with another key"):
        registry.secrets(made.id)


def test_a_lost_key_stops_new_secrets_until_it_is_back(registry: Registry, connection: Connection, home: Home) -> None:
    kept = home.root / "backup"
    home.vault_key.rename(kept)
    for use in (lambda: registry.add_connection("yuki", "V"), registry.rotate_vault):
        with pytest.raises(WrongInput, match="the vault has no key"):
            use()
    kept.rename(home.vault_key)
    assert registry.secrets(connection.id) == {"access_key": Secret("key-of-vandamme")}


def test_no_secret_shows_in_any_file_log_text_or_error(
    registry: Registry, link: Link, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)
        made = registry.add_connection(
            "xero", "V", "X", {}, {"client_secret": Secret("hush-one"), "refresh_token": Secret("hush-two")}
        )
        registry.add_link(made.id, "t", code="t", name="t", dossier_id="t")
        tokens = registry.tokens(made.id)
        with tokens.exclusive():
            tokens.save({"refresh_token": Secret("hush-three"), "access_token": "hush-four", "expires_at": "2025"})
        registry.set_health(made.id, "needs_login", "the vendor said: hush-one is not hush-three")
        sync_id = registry.start_run("t", "t--1", "manual", "replace")
        registry.finish_run(sync_id, "failed", error_kind="bug", error_message="GET /?token=hush-4 with hush-four")
        said = [repr(registry.connection(made.id)), repr(registry.secrets(made.id)), repr(tokens.read()), repr(tokens)]
        said += [repr(registry.run(sync_id)), repr(registry.vault)]
        home.vault_key.write_text(home.vault_key.read_text()[:20])
        with pytest.raises(WrongInput) as refused:
            registry.secrets(made.id)
        said += traceback.format_exception(refused.value)
    logging.getLogger("sqlalchemy").setLevel(logging.NOTSET)
    assert "INSERT INTO connections" in caplog.text
    assert "hush" not in caplog.text
    assert "hush" not in "".join(said)
    assert registry.connection(made.id).health_detail == "the vendor said: *** is not ***"
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert {"registry.db", "registry.db-wal"} <= {path.name for path in files}
    assert [path for path in files if b"hush" in path.read_bytes()] == []
    assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.name.startswith("registry.db")} == {0o600}


def test_a_good_health_seen_a_moment_ago_is_not_written_again(
    registry: Registry, connection: Connection, clock: Clock
) -> None:
    registry.set_health(connection.id, "ok")
    seen = clock.moment
    clock.pass_by(seconds=59)
    registry.set_health(connection.id, "ok")
    assert registry.connection(connection.id).health_at == seen
    clock.pass_by(seconds=1)
    registry.set_health(connection.id, "ok")
    assert registry.connection(connection.id).health_at == clock.moment
    registry.set_health(connection.id, "vendor_down", "no answer")
    clock.pass_by(seconds=1)
    registry.set_health(connection.id, "vendor_down", "no answer at all")
    assert registry.connection(connection.id).health_detail == "no answer at all"


def test_refused_is_a_connection_that_was_tried_in_vain(registry: Registry, connection: Connection) -> None:
    assert not registry.connection(connection.id).refused, "nobody has tried it yet"
    registry.set_health(connection.id, "needs_login", "the key was withdrawn")
    assert registry.connection(connection.id).refused
    registry.set_health(connection.id, "ok")
    assert not registry.connection(connection.id).refused
