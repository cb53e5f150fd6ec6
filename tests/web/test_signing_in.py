"""Signing in, out, by invitation; what is refused, and what every answer carries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from foundation.secrets import Secret
from portal.web.passwords import hashed, is_right
from tests.web.stage import Person, Stage

PASSWORD = "correct horse battery"


@pytest.fixture
def accountant(shared_stage: Stage) -> Person:
    """Somebody with a password, at the sign-in page."""
    user = shared_stage.people["Demo", "accountant"]
    shared_stage.house.registry.set_password_hash(user.user_id, hashed(Secret(PASSWORD)))
    return Person(shared_stage.address, user)


def sign_in(person: Person, password: str = PASSWORD, **form: str):  # type: ignore[no-untyped-def]
    assert person.user is not None
    return person.post("/sign-in", page="/sign-in", email=person.user.email, password=password, **form)


def test_the_right_password_lets_in_and_signing_out_ends_it(accountant: Person) -> None:
    assert accountant.get("/dossiers").url.endswith("/sign-in?next=/dossiers")
    assert sign_in(accountant, next="/dossiers").url.endswith("/dossiers")
    cookies = dict(accountant.session.cookies)
    accountant.post("/sign-out", page="/dossiers")
    accountant.session.cookies.update(cookies)  # a thief of the cookie is not let in either
    assert "/sign-in" in accountant.get("/dossiers").url


def test_a_wrong_password_lets_nobody_in(accountant: Person) -> None:
    answer = sign_in(accountant, "correct horse batteri")
    assert answer.status_code == 403
    assert "not right" in answer.text
    assert "/sign-in" in accountant.get("/dossiers").url


def test_nobody_is_led_elsewhere_after_signing_in(accountant: Person) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert sign_in(accountant, next=elsewhere).url.startswith(accountant.address)


def test_a_form_of_another_page_is_refused(accountant: Person) -> None:
    sign_in(accountant)
    answer = accountant.session.post(f"{accountant.address}/sign-out", data={"csrf": "0" * 64}, timeout=10)
    assert answer.status_code == 403
    assert accountant.get("/dossiers").ok
    elsewhere = {"Origin": "https://evil.example"}
    own = {"csrf": accountant.csrf("/dossiers")}
    assert (
        accountant.session.post(f"{accountant.address}/sign-out", own, headers=elsewhere, timeout=10).status_code == 403
    )
    site = {"Sec-Fetch-Site": "cross-site"}
    assert accountant.session.post(f"{accountant.address}/sign-out", own, headers=site, timeout=10).status_code == 403


def test_another_host_is_no_address_of_the_portal(shared_stage: Stage) -> None:
    answer = shared_stage.nobody().session.get(
        f"{shared_stage.address}/sign-in", headers={"Host": "rebound.example"}, timeout=10
    )
    assert answer.status_code == 421


def test_an_invitation_is_used_once(shared_stage: Stage) -> None:
    user = shared_stage.people["Demo", "analyst"]
    key = shared_stage.house.registry.give_key(user.user_id, "invitation", timedelta(days=1)).reveal()
    person, path = Person(shared_stage.address, user), f"/invitation/{key}"
    assert person.post(path, page=path, password="too short", again="too short").status_code == 422
    assert person.post(path, page=path, password=PASSWORD, again=PASSWORD).url.endswith("/dossiers")
    assert Person(shared_stage.address).get(path).status_code == 404
    assert sign_in(Person(shared_stage.address, user)).ok


def test_every_answer_tells_browsers_what_to_keep_to(shared_stage: Stage) -> None:
    answer = shared_stage.nobody().get("/sign-in")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    cookies = answer.headers["Set-Cookie"].lower()
    assert "httponly" in cookies
    assert "samesite=lax" in cookies


def test_a_password_is_kept_as_a_hash_that_tells_it_from_others() -> None:
    kept = hashed(Secret(PASSWORD))
    assert PASSWORD not in kept.reveal()
    assert is_right(Secret(PASSWORD), kept)
    assert not is_right(Secret(PASSWORD + " "), kept)
    assert not is_right(Secret(PASSWORD), None)
