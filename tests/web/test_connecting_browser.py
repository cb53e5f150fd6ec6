"""The ways to connect a package, walked in a real browser against the sandboxes."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from connectors.exact_online.sandbox import ExactSandbox
from connectors.sandbox.stage import Sandbox
from portal.web.packages import label_of
from portal.web.texts import LANGUAGES, Texts
from tests.web.browsing import Browser
from tests.web.connecting import connected, service, vendor
from tests.web.stage import until


def quiet(web: Browser) -> None:
    """Nothing was refused by the content security policy, and no script failed."""
    assert web.driver.get_log("browser") == []


def fill(web: Browser, sandbox: Sandbox, texts: Texts, *secrets: str) -> None:
    """Types what the package asks for; the address of the sandbox stands among the further settings."""
    web.click(texts("connections.more"))
    for name, value in sandbox.settings.items():
        web.fill(label_of(name, texts), value)
    for name in secrets:
        web.fill(label_of(name, texts), sandbox.secrets[name])


def nowhere(web: Browser, secret: str) -> None:
    """The secret is on no page that could show it."""
    (made, *_) = web.stage.house.registry.connections()
    base = f"/connections/{made.id}"
    for path in ("/connections", base, f"{base}/reconnect", f"/connections/new/{made.software}"):
        web.open(path)
        assert secret not in web.driver.page_source


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_firm_signs_in_at_exact_online(web: Browser, language: str, tmp_path: Path) -> None:
    texts = Texts(language)
    with vendor("exact_online_be", tmp_path) as exact:
        web.as_person(language=language).open("/connections").click(texts("connections.add"))
        web.find("[href='/connections/new/exact_online_be']").click()
        fill(web, exact, texts, "client_secret")
        web.click(texts("connections.go_sign_in", package="Exact Online BE"))  # there and back by itself
        web.sees(texts("said.connected")).sees(texts("states.health.ok"))
        quiet(web)
        nowhere(web, exact.secrets["client_secret"])


def test_a_firm_types_the_key_of_yuki_and_corrects_it(web: Browser, tmp_path: Path) -> None:
    texts = Texts("en")
    with vendor("yuki", tmp_path) as yuki:
        web.as_person().open("/connections/new/yuki")
        fill(web, yuki, texts)
        web.fill("Web service access key", "6f1d-hunter2").click("Verify and save")
        web.sees("The package does not accept this").sees("type them once more")
        assert "hunter2" not in web.driver.page_source
        web.driver.get_log("browser")  # a form that is refused is told to the browser's log
        web.fill("Web service access key", yuki.secrets["access_key"]).click("Verify and save")
        web.sees("Connected, and it works.")
        quiet(web)
        nowhere(web, yuki.secrets["access_key"])


def test_an_accountant_signs_in_to_a_dossier_of_xero_on_the_way_to_linking_it(web: Browser, tmp_path: Path) -> None:
    with vendor("xero", tmp_path) as xero:
        connected(web.stage, "xero", xero)
        web.as_person("accountant").open("/connections/new?then=link")
        web.find("[href='/connections/new/xero?then=link']").click()
        web.click("Sign in at Xero")
        new = until(lambda: next((c for c in web.stage.house.registry.connections() if c.created_by), None))
        web.wait(lambda: web.path == f"/dossiers/new?connection={new.id}", "the page that links the dossier")
        assert new.created_by == "accountant Demo"
        assert web.clicks == 1
        web.driver.get_log("browser")


def test_support_enters_the_keys_of_octopus_and_an_accountant_asks_for_them(web: Browser, tmp_path: Path) -> None:
    with vendor("octopus", tmp_path) as octopus:
        web.as_person("accountant").open("/connections/new?search=octopus").click("Ask support for it")
        web.sees("Copy the text").sees("Mail to support Demo")
        assert "software house UUID" in (web.field("Your request").get_attribute("value") or "")
        web.field("Your request").send_keys("PS: no hurry")
        assert "no%20hurry" in (web.find("[data-body]").get_attribute("href") or "")
        quiet(web)
        web.as_person("support").open("/connections/new/octopus")
        fill(web, octopus, Texts("en"), "password")
        web.click("Verify and save").sees("Connected, and it works.")
        quiet(web)
        nowhere(web, octopus.secrets["password"])


def test_a_server_enrols_and_its_winbooks_is_chosen(web: Browser) -> None:
    web.as_person().open("/connections/new/winbooks").sees("No service of your firm reads WinBooks yet")
    web.click("Enrol a service").fill("Name of the service", "Server Brugge").click("Make the code")
    web.sees("grandlivre-agent enrol --hub https://HUB --code ")
    code = web.find(".said code").text.rpartition(" ")[2]
    web.open("/services").sees("not enrolled yet")
    assert code not in web.driver.page_source
    service(web.stage)
    web.open("/connections/new/winbooks").sees("winbooks data (2 dossiers, works)")
    web.click("Verify and save").sees("Connected, and it works.").sees("winbooks data")
    quiet(web)


def test_an_expired_consent_is_shown_explained_and_renewed(web: Browser, tmp_path: Path) -> None:
    with web.stage.linked("exact_online_be", tmp_path) as (exact, dossier):
        assert isinstance(exact, ExactSandbox)
        connection = web.stage.house.registry.link(dossier).connection_id
        exact.vendor.desk.void_refresh_token()
        exact.vendor.desk.void_access_token()
        web.as_person().open(f"/connections/{connection}").click("Check now").sees("The sign-in is over")
        web.driver.get_log("browser")
        web.open("/connections").sees("needs a sign-in: until then its dossiers stay as they are")
        exact.vendor.desk.denies = True
        web.click("Sign in again").click("Sign in at Exact Online BE")
        web.sees("You gave no consent at Exact Online BE").sees("Who can fix it:")
        web.driver.get_log("browser")
        exact.vendor.desk.denies = False
        web.click("Sign in at Exact Online BE").sees("Reconnected, and it works.")
        quiet(web)
        assert [each.dossier_id for each in web.stage.house.registry.links(connection_id=connection)] == [dossier]
        web.stage.sync(dossier)


def test_packages_are_found_while_one_types(web: Browser) -> None:
    web.as_person().open("/connections/new")
    field = web.field("Name of the package")
    shown = lambda: [e.text for e in web.driver.find_elements(By.TAG_NAME, "h3") if e.is_displayed()]  # noqa: E731
    assert len(shown()) == 32
    field.send_keys("WINb")
    web.wait(lambda: shown() == ["WinBooks on Web", "WinBooks"], "the two packages of that name")
    assert [e.text for e in web.driver.find_elements(By.TAG_NAME, "h2") if e.is_displayed()] == [
        "Set up by support",
        "On the firm’s own server",
    ]
    field.send_keys(Keys.ENTER, "zz")
    web.sees("No package has that name.")
    assert web.path == "/connections/new"
    quiet(web)
