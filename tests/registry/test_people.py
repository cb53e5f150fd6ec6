"""People, what they are let in by, what they did; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from foundation.errors import WrongInput
from foundation.secrets import Secret
from registry.store import Registry, User
from tests.registry.conftest import Clock

HOUR = timedelta(hours=1)


@pytest.fixture
def anna(registry: Registry) -> User:
    return registry.add_user("Van Damme", " Anna@Firm.be ", "Anna", "administrator", created_by="test")


def test_an_address_is_one_persons_in_any_case_of_letters(registry: Registry, anna: User) -> None:
    assert (anna.user_id, anna.email, anna.firm_id) == ("anna", "anna@firm.be", "van-damme")
    with pytest.raises(WrongInput, match="somebody's address"):
        registry.add_user("Other", "ANNA@firm.be", "Anna", "analyst")
    for wrong in ("anna", "@firm.be", "anna@", "anna@firm", "an na@firm.be"):
        with pytest.raises(WrongInput, match="not an e-mail address"):
            registry.add_user("Other", wrong, "Anna", "analyst")
    with pytest.raises(WrongInput, match="no role 'owner'"):
        registry.add_user("Other", "b@firm.be", "B", "owner")


def test_a_firm_keeps_an_administrator(registry: Registry, anna: User) -> None:
    for change in ({"role": "analyst"}, {"active": False}):
        with pytest.raises(WrongInput, match="last administrator"):
            registry.change_user(anna.user_id, **change)
    registry.add_user("Van Damme", "bert@firm.be", "Bert", "administrator")
    registry.add_user("Other", "c@other.be", "C", "administrator")
    assert registry.change_user(anna.user_id, role="analyst").role == "analyst"
    assert [user.name for user in registry.users("Van Damme")] == ["Anna", "Bert"]


def test_a_key_lets_its_person_in_until_it_ends(registry: Registry, anna: User, clock: Clock) -> None:
    key = registry.give_key(anna.user_id, "session", 10 * HOUR).reveal()
    found = registry.key(key, "session", idle=HOUR)
    assert found is not None
    assert found.user == anna
    assert registry.key(key, "token") is None
    assert registry.key(key + "x", "session") is None
    clock.moment += 50 * timedelta(minutes=1)
    assert registry.key(key, "session", idle=HOUR)
    clock.moment += 50 * timedelta(minutes=1)
    assert registry.key(key, "session", idle=HOUR), "it was seen fifty minutes ago"
    clock.moment += 2 * HOUR
    assert registry.key(key, "session", idle=HOUR) is None
    assert registry.key(key, "session"), "it is idle, and not at its end"
    clock.moment += 10 * HOUR
    assert registry.key(key, "session") is None


def test_a_new_password_ends_sessions_and_leaving_ends_everything(registry: Registry, anna: User) -> None:
    bert = registry.add_user("Van Damme", "bert@firm.be", "Bert", "administrator")
    session, token = (registry.give_key(bert.user_id, use, HOUR).reveal() for use in ("session", "token"))
    registry.set_password_hash(bert.user_id, Secret("$argon2id$..."))
    assert registry.key(session, "session") is None
    assert registry.key(token, "token")
    assert [key.use for key in registry.keys_of(bert.user_id, "token")] == ["token"]
    registry.change_user(bert.user_id, active=False)
    assert registry.key(token, "token") is None
    assert registry.key(registry.give_key(bert.user_id, "token", HOUR).reveal(), "token") is None


def test_keys_are_kept_as_hashes_and_notes_are_sealed(registry: Registry, anna: User) -> None:
    key = registry.give_key(anna.user_id, "session", HOUR).reveal()
    (kept,) = registry.keys_of(anna.user_id, "session")
    registry.keep_notes(kept.key_hash, {"verifier": "not for eyes"})
    assert registry.notes(kept.key_hash) == {"verifier": "not for eyes"}
    with registry.reading() as session:
        from registry.portal_models import AccessKey

        row = session.get_one(AccessKey, kept.key_hash)
        assert key not in (row.key_hash, row.notes)
        assert "eyes" not in (row.notes or "")
    registry.keep_notes(kept.key_hash, None)
    assert registry.notes(kept.key_hash) == {}


def test_deeds_are_told_by_firm_and_without_secrets(registry: Registry, anna: User) -> None:
    other = registry.add_user("Other", "c@other.be", "C", "administrator")
    registry.note_deed(anna, "linked", "1042-bakkerij", {"mode": "replace"})
    registry.note_deed(anna, "renamed", "exact", {"why": "password=hunter2"})
    registry.note_deed(other, "linked", "1042-bakkerij")
    last, first = registry.deeds("van-damme")
    assert (first.who, first.what, first.subject, first.details) == (
        "Anna",
        "linked",
        "1042-bakkerij",
        {"mode": "replace"},
    )
    assert "hunter2" not in str(last.details)
    assert registry.deeds("van-damme", subject="1042-bakkerij") == [first]
    assert registry.deeds("van-damme", before=last.id) == [first]


def test_progress_and_lists_stand_in_the_place_of_those_before(registry: Registry, clock: Clock) -> None:
    connection = registry.add_connection("winbooks", "Van Damme").id
    assert registry.dossier_list(connection) is None
    registry.keep_dossier_list(connection, [{"external_id": "A", "name": "Atelier"}])
    registry.keep_dossier_list(connection, [{"external_id": "B", "name": "Bakkerij"}])
    kept = registry.dossier_list(connection)
    assert kept is not None
    assert (kept.dossiers, kept.at) == (({"external_id": "B", "name": "Bakkerij"},), clock.moment)
    registry.note_asked(["a", "b"], "Anna", "run-1")
    registry.note_progress("a", "sync-1", "extract", 1200, waits_until=clock.moment + HOUR)
    found = registry.progress(["a", "b", "c"])
    assert {each: (p.stage, p.rows, p.asked_by, p.sync_id) for each, p in found.items()} == {
        "a": ("extract", 1200, "Anna", "sync-1"),
        "b": ("asked", 0, "Anna", None),
    }
    assert found["a"].waits_until == clock.moment + HOUR
    registry.forget_progress("a")
    assert list(registry.progress(["a", "b"])) == ["b"]
    registry.remove_connection(connection)
    assert registry.dossier_list(connection) is None
