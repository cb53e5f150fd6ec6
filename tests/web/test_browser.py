"""Signing in by keyboard and mouse in a real browser."""

from __future__ import annotations

from foundation.secrets import Secret
from portal.web.passwords import hashed
from tests.web.browsing import Browser

PASSWORD = "correct horse battery"


def test_a_person_signs_in_and_changes_the_language(web: Browser) -> None:
    user = web.stage.people["Demo", "accountant"]
    web.stage.house.registry.set_password_hash(user.user_id, hashed(Secret(PASSWORD)))
    web.driver.delete_all_cookies()
    web.open("/dossiers").fill("E-mail address", user.email).fill("Password", PASSWORD).click("Sign in")
    web.sees(user.name)
    web.click("Nederlands").sees("Afmelden")
    assert web.driver.get_log("browser") == []  # nothing was refused by the content security policy
