"""People, invitations, tokens and the audit trail in a real browser; and the rules of accessibility on all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from selenium_axe_python.axe import Axe

from tests.web.browsing import Browser
from tests.web.stage import Stage

PASSWORD = "correct horse battery"


def test_somebody_is_invited_and_comes(web: Browser) -> None:
    web.as_person("administrator").open("/people")
    web.fill("E-mail address", "new@demo.example").fill("Name", "Noor").click("Make an invitation")
    address = web.field("Address to send").get_attribute("value")
    assert address
    web.driver.delete_all_cookies()
    web.driver.get(address)
    web.sees("Welcome, Noor").fill("New password", PASSWORD).fill("The same once more", PASSWORD)
    web.click("Save and sign in").sees("Noor")
    assert web.path == "/dossiers"
    web.open("/me").fill("What it is for", "script").click("Make a token").sees("New token")
    assert len(web.field("Token").get_attribute("value") or "") > 40
    web.as_person("administrator", language="nl").open("/deeds").sees("nodigde uit")
    assert "maakte een token" in web.text
    assert web.driver.get_log("browser") == []


def test_the_first_administrator_begins(empty_stage: Stage, web: Browser) -> None:
    web.driver.delete_all_cookies()
    web.driver.get(empty_stage.address + empty_stage.app.state.portal.first_start.path.reveal())
    web.fill("Name of a new firm", "Kantoor Peeters").fill("Your name", "An").fill("E-mail", "an@peeters.example")
    web.fill("New password", PASSWORD).fill("The same once more", PASSWORD).click("Begin").sees("An")
    assert [user.role for user in empty_stage.house.registry.users()] == ["administrator"]
    assert web.driver.get_log("browser") == []


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
def test_every_page_of_people_is_accessible_to_all(web: Browser, language: str) -> None:
    registry = web.stage.house.registry
    user = web.stage.people["Demo", "accountant"]
    admin = web.stage.people["Demo", "administrator"]
    invitation = registry.give_key(user.user_id, "invitation", timedelta(days=1)).reveal()
    registry.give_key(admin.user_id, "token", timedelta(days=1), "script")
    registry.note_deed(admin, "changed_role", user.user_id, {"was": "analyst", "role": "accountant"})
    axe, found = Axe(web.driver), {}
    web.as_person("administrator", language=language)
    own = ["/people", f"/people/{user.user_id}", "/me", "/deeds", "/api", "/deeds?subject=nothing"]
    for path in [*own, "/sign-in", f"/invitation/{invitation}"]:
        web.open(path)
        axe.inject()
        for violation in axe.run()["violations"]:
            found[path, violation["id"]] = [node["html"] for node in violation["nodes"]]
    assert found == {}
    assert web.driver.get_log("browser") == []
