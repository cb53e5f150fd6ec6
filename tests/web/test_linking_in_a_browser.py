"""Dossiers linked and refreshed in a real browser, as an accountant lives it: by keyboard, by clicks."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium_axe_python import Axe

from connectors.catalog import package
from connectors.exact_online.sandbox import ExactSandbox, Knobs
from connectors.exact_online.sandbox import open_sandbox as open_exact
from connectors.sandbox.stage import company_of
from foundation.secrets import Secret
from tests.web.browsing import Browser
from tests.web.stage import Stage
from tests.web.test_linking import connected

ROW = package("exact_online_be")


def connect(stage: Stage, sandbox: ExactSandbox) -> str:
    secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
    settings = ROW.complete_settings(sandbox.settings)
    return stage.house.registry.add_connection(ROW.slug, "Demo", "Exact of the firm", settings, secrets).id


def assert_accessible(web: Browser) -> None:
    """No rule of axe is broken on the page as it stands."""
    axe = Axe(web.driver)
    axe.inject()
    broken = {each["id"]: [node["html"] for node in each["nodes"]] for each in axe.run()["violations"]}
    assert broken == {}, web.path


def choose(web: Browser, text: str) -> None:
    """Types in the drop-down and takes what it finds."""
    field = web.field("Dossier in the package")
    field.send_keys(text)
    web.wait(lambda: len(web.driver.find_elements(By.CSS_SELECTOR, "[role=option]")) == 1, "one dossier left")
    assert field.get_attribute("aria-expanded") == "true"
    field.send_keys(Keys.ARROW_DOWN)
    active = field.get_attribute("aria-activedescendant")
    assert active
    assert web.find(f"#{active}").get_attribute("aria-selected") == "true"
    assert_accessible(web)
    field.send_keys(Keys.ENTER)


def test_a_dossier_is_found_by_name_linked_from_a_date_and_refreshed(web: Browser) -> None:
    told = company_of(ROW)
    with open_exact(ROW.slug, told) as sandbox:
        connect(web.stage, sandbox)
        web.as_person("accountant").open("/dossiers").click("Set up synchronisation").click("Exact of the firm")
        choose(web, told.name[:6].upper())
        web.sees("How should it be synchronised?")
        assert_accessible(web)
        web.click("Option 1: from a date")
        years = [
            option.get_attribute("value") for option in web.field("First day").find_elements(By.TAG_NAME, "option")
        ]
        assert sorted(map(str, years)) == [str(year.start) for year in told.years]
        web.click("Save and sync").sees("Synchronised")
        web.wait(lambda: "synced" in web.find(".badge").text, "the first sync to end")
        assert web.clicks <= 4, "beside what is typed in the drop-down"
        sandbox.show(company_of(ROW, 1))
        web.find("button.arrows").click()
        web.sees("lines were added")
        assert web.driver.get_log("browser") == []


def test_a_long_first_sync_shows_its_stages_and_survives_a_closed_page(web: Browser) -> None:
    with open_exact(ROW.slug, company_of(ROW), knobs=Knobs(latency=0.35)) as sandbox:
        connection = connect(web.stage, sandbox)
        web.as_person("accountant").open(f"/dossiers/new?connection={connection}&dossier={sandbox.external_id}")
        web.click("Option 2: replace everything").click("Save and sync")
        web.sees("Reading from the package")
        address = web.path.partition("?")[0]
        web.sees("row")
        assert_accessible(web)
        web.open("/dossiers").sees("syncing")
        row = web.find("tbody tr")
        assert row.get_attribute("data-poll")
        web.open(address).sees("You may close this page")
        assert web.find("progress").get_attribute("aria-label")
        sandbox.knobs.latency = 0.0
        web.wait(lambda: "You may close this page" not in web.text, "the page to be drawn anew")
        web.sees("See how far the figures prove themselves")
        assert_accessible(web)
        web.open("/dossiers").sees("synced")
        assert_accessible(web)
        assert web.driver.get_log("browser") == []


def test_a_typed_reference_is_mended_by_a_click(web: Browser, tmp_path: Path) -> None:
    with connected(web.stage, "winbooks", tmp_path) as (sandbox, _):
        web.as_person("accountant").open("/dossiers/new").click("WinBooks")
        web.fill("Sync reference", sandbox.external_id.lower()[:-1]).click("Next")
        web.sees("Did you mean one of these?")
        assert_accessible(web)
        web.click(sandbox.external_id).sees("How should it be synchronised?")
        web.click("Save and sync")
        web.wait(lambda: "synced" in web.find(".badge").text, "the first sync to end")
        (noted,) = web.driver.get_log("browser")
        assert "422" in noted["message"], "the reference that was refused, and nothing else"


@pytest.mark.parametrize(
    ("language", "arrows", "old"),
    [
        ("en", "Refresh those ticked", "figures of"),
        ("fr", "Actualiser les dossiers cochés", "chiffres relevés"),
        ("nl", "Aangevinkte dossiers verversen", "cijfers van"),
    ],
)
def test_many_are_refreshed_from_the_list_in_every_language(
    web: Browser, tmp_path: Path, language: str, arrows: str, old: str
) -> None:
    with web.stage.linked(ROW.slug, tmp_path) as (_, dossier_id):
        web.as_person("accountant", language=language).open("/dossiers")
        web.find("[data-ticks]").click()
        assert web.find("tbody input[type=checkbox]").is_selected()
        web.click(arrows)
        web.wait(lambda: web.find("tbody tr").get_attribute("data-poll"), "the row to follow its sync")
        web.wait(lambda: not web.find("tbody tr").get_attribute("data-poll"), "the sync to end")
        web.open(f"/dossiers/{dossier_id}").sees(old)
        assert web.find("html").get_attribute("lang") == language
        assert web.driver.get_log("browser") == []
