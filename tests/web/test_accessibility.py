"""The pages of a dossier's figures pass the accessibility rules that a browser can check, in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium_axe_python import Axe

from tests.web.browsing import Browser

PAGES = ("", "/setup", "/trust", "/trust?differences=on", "/accounts", "/changes", "/years", "/history")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_a_dossier_are_accessible_to_all(web: Browser, scheme: str, tmp_path: Path) -> None:
    prefers = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    web.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", prefers)
    axe, broken = Axe(web.driver), {}
    with web.stage.linked("verocount", tmp_path) as (_, dossier):
        web.stage.sync(dossier)
        for role in ("support", "analyst"):
            web.as_person(role)
            for page in PAGES if role == "support" else PAGES[2:]:
                web.open(f"/dossiers/{dossier}{page}")
                for each in web.driver.find_elements("css selector", "summary"):
                    each.click()
                axe.inject()
                for violation in axe.run()["violations"]:
                    broken[role, page, violation["id"]] = [node["html"] for node in violation["nodes"]]
    web.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert broken == {}
