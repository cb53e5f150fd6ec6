"""The firm's people, a person's own account, the first start, the audit trail: as people do it in pages."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import pytest

import portal
from foundation.secrets import Secret
from portal.web.first_start import FirstStart
from portal.web.passwords import hashed
from portal.web.texts import LANGUAGES, Texts
from tests.web.stage import FIRM, OTHER_FIRM, Person, Stage

PASSWORD = "correct horse battery"


def invitation_in(text: str) -> str:
    found = re.search(r'value="(http[^"]+)(/invitation/[^"]+)"', text)
    assert found
    return found[2]


def invited(stage: Stage, admin: Person, email: str, role: str = "accountant") -> tuple[str, Person]:
    """Somebody who was invited and chose a password: their id, and them signed in."""
    answer = admin.post("/people", page="/people", email=email, name=f"Name of {email}", role=role)
    assert answer.status_code == 200
    path, person = invitation_in(answer.text), stage.nobody()
    assert person.post(path, page=path, password=PASSWORD, again=PASSWORD).url.endswith("/dossiers")
    found = stage.house.registry.user_of_email(email)
    assert found
    return found[0].user_id, person


def is_in(person: Person) -> bool:
    return person.get("/me", allow_redirects=False).status_code == 200


def test_an_administrator_invites_changes_and_ends_access(shared_stage: Stage) -> None:
    stage, admin = shared_stage, shared_stage.person("administrator")
    user_id, person = invited(stage, admin, "new@demo.example")
    assert admin.get("/people").text.count("Name of new@demo.example") == 1
    assert person.get("/people").status_code == 403
    admin.post(f"/people/{user_id}/role", page=f"/people/{user_id}", role="administrator")
    assert person.get("/people").ok  # from the next click on
    token = person.post("/me/tokens", page="/me", name="script", days="30").text
    key = re.search(r'value="([\w-]{40,})" readonly', token)
    assert key
    assert stage.nobody().get("/api/v1/me", headers={"Authorization": f"Bearer {key[1]}"}).json()["user_id"] == user_id
    admin.post(f"/people/{user_id}/active", page=f"/people/{user_id}", active="false")
    assert not is_in(person)
    assert stage.nobody().get("/api/v1/me", headers={"Authorization": f"Bearer {key[1]}"}).status_code == 401
    answer = stage.nobody().post("/sign-in", page="/sign-in", email="new@demo.example", password=PASSWORD)
    assert answer.status_code == 403
    admin.post(f"/people/{user_id}/active", page=f"/people/{user_id}", active="true")
    path = invitation_in(admin.post(f"/people/{user_id}/invitation", page=f"/people/{user_id}").text)
    assert stage.nobody().get(path).ok
    newer = invitation_in(admin.post(f"/people/{user_id}/invitation", page=f"/people/{user_id}").text)
    assert stage.nobody().get(path).status_code == 404  # the one before it is void
    assert stage.nobody().get(newer).ok
    what = [deed.what for deed in stage.house.registry.deeds("demo", subject=user_id)]
    assert what[::-1] == [
        *("invited", "chose_password", "changed_role", "made_token", "deactivated", "activated"),
        *("invited_again", "invited_again"),
    ]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "no address", "role": "analyst"}, "not an e-mail address"),
        ({"email": "accountant@concurrent.example", "role": "analyst"}, "cannot be invited"),
        ({"email": "fine@demo.example", "role": "owner"}, "no such role"),
    ],
)
def test_what_cannot_be_invited_is_told_and_stays_typed(shared_stage: Stage, form: dict[str, str], words: str) -> None:
    answer = shared_stage.person().post("/people", page="/people", **form)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{form["email"]}"' in answer.text


def test_a_firm_keeps_its_last_administrator(shared_stage: Stage) -> None:
    admin = shared_stage.person("administrator", OTHER_FIRM)
    assert admin.user
    path = f"/people/{admin.user.user_id}"
    for what, form in (("role", {"role": "analyst"}), ("active", {"active": "false"})):
        answer = admin.post(f"{path}/{what}", page=path, **form)
        assert answer.status_code == 422
        assert "last administrator" in answer.text
    assert admin.get("/people").ok


def test_a_new_password_asks_for_the_old_one_and_ends_other_sessions(shared_stage: Stage) -> None:
    stage = shared_stage
    _, here = invited(stage, stage.person(), "two-browsers@demo.example")
    there = stage.nobody()
    there.post("/sign-in", page="/sign-in", email="two-browsers@demo.example", password=PASSWORD)
    new = {"password": "a newer pass phrase", "again": "a newer pass phrase"}
    assert "not right" in here.post("/me/password", page="/me", old="a wrong one", **new).text
    assert is_in(there)
    assert "Saved." in here.post("/me/password", page="/me", old=PASSWORD, **new).text
    assert is_in(here)
    assert not is_in(there)
    for words, form in (("differ", {"again": "b"}), ("12 to 1000", {"password": "b", "again": "b"})):
        assert words in here.post("/me/password", page="/me", old=new["password"], **{**new, **form}).text


def test_signing_out_everywhere_ends_every_session(shared_stage: Stage) -> None:
    _, here = invited(shared_stage, shared_stage.person(), "everywhere@demo.example")
    there = shared_stage.nobody()
    there.post("/sign-in", page="/sign-in", email="everywhere@demo.example", password=PASSWORD)
    assert here.post("/me/sign-out-everywhere", page="/me").url.endswith("/sign-in")
    assert not is_in(here)
    assert not is_in(there)


def test_a_session_that_begins_ends_the_one_before_it(shared_stage: Stage) -> None:
    _, person = invited(shared_stage, shared_stage.person(), "fixed@demo.example")
    cookies = dict(person.session.cookies)
    person.post("/sign-in", page="/sign-in", email="fixed@demo.example", password=PASSWORD)
    assert person.session.cookies["grandlivre"] != cookies["grandlivre"]
    old = Person(shared_stage.address, cookie=("grandlivre", cookies["grandlivre"]))
    assert not is_in(old)
    again = old.post("/sign-in", page="/sign-in", email="fixed@demo.example", password=PASSWORD)
    assert again.ok  # a browser with a session that is over can sign in again


def test_people_change_their_own_name_language_and_tokens(shared_stage: Stage) -> None:
    _, person = invited(shared_stage, shared_stage.person(), "own@demo.example")
    assert "Enregistré." in person.post("/me", page="/me", name="Zoé", language="fr").text
    assert "Zoé" in person.get("/me").text
    person.post("/me/tokens", page="/me", name="jeton un", days="30")
    ended = re.search(r'action="(/me/tokens/\w+/end)"', person.get("/me").text)
    assert ended
    assert "jeton un" not in person.post(ended[1], page="/me").text
    assert person.post(ended[1], page="/me").status_code == 404
    assert person.post("/me/tokens", page="/me", name="long", days="4000").status_code == 422


def test_the_audit_trail_is_in_words_paged_filtered_and_the_firms_alone(shared_stage: Stage) -> None:
    stage, admin = shared_stage, shared_stage.person("administrator", OTHER_FIRM)
    assert admin.user
    registry = stage.house.registry
    for number in range(120):
        registry.note_deed(admin.user, "signed_in", f"subject-{number % 2}", {"name": f"=deed {number}"})
    registry.note_deed(stage.people[FIRM, "support"], "signed_in", "subject-1", {"name": "of another firm"})
    first = admin.get("/deeds").text
    assert first.count("<tr>") == 101
    assert "signed in" in first
    assert "deed 119" in first
    older = re.search(r'href="(/deeds\?before=\d+)"', first)
    assert older
    assert "deed 0<" in admin.get(older[1]).text
    assert "deed 118" not in admin.get("/deeds?subject=subject-1").text
    rows = list(csv.DictReader(io.StringIO(admin.get("/deeds.csv?subject=subject-1").text)))
    assert len(rows) == 60
    assert rows[0]["details"] == "name: =deed 119"
    assert all(not cell.startswith("=") for row in rows for cell in row.values())
    assert "of another firm" not in first
    assert stage.person("support").get("/deeds").status_code == 403


_WHAT = {"note": 0, "note_deed": 1, "note_operator_deed": 2, "_note": 2}
"""The functions that note deeds, and which of their arguments names the deed."""


def noted(source: Path) -> set[str]:
    """The deeds that a module notes by name."""
    found: set[str] = set()
    for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call):
            place = _WHAT.get(getattr(call.func, "attr", getattr(call.func, "id", "")))
            if place is not None and place < len(call.args):
                found |= {str(each.value) for each in ast.walk(call.args[place]) if isinstance(each, ast.Constant)}
    return found


def test_every_deed_that_the_portal_notes_has_words() -> None:
    found = set().union(*map(noted, Path(portal.__path__[0]).rglob("*.py")))
    assert {"signed_in", "invited", "deactivated", "activated", "tied_identity"} <= found
    missing = {(language, word) for language in LANGUAGES for word in found if not Texts(language).has(f"deeds.{word}")}
    assert missing == set()


def test_the_first_administrator_is_made_once(shared_stage: Stage) -> None:
    registry = shared_stage.house.registry
    start = FirstStart(registry)
    code = start.path.reveal().removeprefix("/setup/")
    assert start.make(code, FIRM, "Late", "late@demo.example", Secret(PASSWORD), "en") is None  # there are people
    assert shared_stage.nobody().get(start.path.reveal()).status_code == 404


def test_the_first_start_makes_an_administrator_and_lets_them_in(empty_stage: Stage) -> None:
    stage = empty_stage
    start = stage.app.state.portal.first_start
    path, person = start.path.reveal(), stage.nobody()
    assert stage.nobody().get("/setup/guessed").status_code == 404
    form = {"new_firm": "Kantoor Peeters", "name": "An", "email": "an@peeters.example"}
    answer = person.post(path, page=path, password="short", again="short", **form)
    assert answer.status_code == 422
    assert 'value="Kantoor Peeters"' in answer.text
    assert person.post(path, page=path, password=PASSWORD, again=PASSWORD, **form).url.endswith("/dossiers")
    assert person.get("/people").ok
    assert stage.nobody().get(path).status_code == 404
    (user,) = stage.house.registry.users()
    assert (user.role, user.firm_id, user.email) == ("administrator", "kantoor-peeters", "an@peeters.example")


def test_the_first_start_can_take_a_firm_that_is_there(empty_stage: Stage) -> None:
    stage = empty_stage
    stage.house.registry.ensure_firm("Demo")
    path, person = stage.app.state.portal.first_start.path.reveal(), stage.nobody()
    assert "Demo" in person.get(path).text
    person.post(path, page=path, firm="demo", name="An", email="an@d.example", password=PASSWORD, again=PASSWORD)
    assert [user.firm_id for user in stage.house.registry.users()] == ["demo"]


def test_passwords_are_never_kept_as_they_are(shared_stage: Stage) -> None:
    user = shared_stage.people[FIRM, "support"]
    shared_stage.house.registry.set_password_hash(user.user_id, hashed(Secret(PASSWORD)))
    assert PASSWORD.encode() not in shared_stage.house.home.registry.read_bytes()
