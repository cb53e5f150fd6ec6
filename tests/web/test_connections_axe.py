"""Every page of synchronisations and services passes the accessibility rules that a browser can check."""

from __future__ import annotations

from pathlib import Path

from selenium_axe_python.axe import Axe

from tests.web.browsing import Browser
from tests.web.connecting import connected, service, vendor
from tests.web.stage import Stage


def prepared(stage: Stage, folder: Path) -> list[str]:
    """A firm with something on every page; the paths of all of them."""
    registry = stage.house.registry
    service(stage)
    with stage.linked("exact_online_be", folder) as (_, dossier), vendor("xero", folder) as xero:
        lapsed = registry.link(dossier).connection_id
        registry.set_health(lapsed, "needs_login", "the consent is over")
        unused = connected(stage, "xero", xero).id
    return [
        "/connections",
        "/connections/new",
        "/connections/new?search=zzz",
        *(f"/connections/new/{slug}" for slug in ("exact_online_be", "adminpulse", "xero", "octopus", "winbooks")),
        *(f"/connections/{each}{path}" for each in (lapsed, unused) for path in ("", "/reconnect")),
        "/connections/consent",
        "/services",
    ]


def test_pages_are_accessible_to_all(web: Browser, tmp_path: Path) -> None:
    paths = prepared(web.stage, tmp_path)
    axe, found = Axe(web.driver), {}
    theirs = [path for path in paths if path.endswith(("/connections", "/octopus"))]
    for role, walked in (("administrator", paths), ("accountant", theirs)):
        web.as_person(role)
        for path in walked:
            web.open(path)
            for each in web.driver.find_elements("css selector", "summary"):
                each.click()
            axe.inject()
            for violation in axe.run()["violations"]:
                found[role, path, violation["id"]] = [node["html"] for node in violation["nodes"]]
    web.driver.get_log("browser")  # an accountant's refusals are told there
    assert found == {}
