"""Draws the portal's pictures of the docs anew: ``python -m tests.web.pictures FOLDER`` (docs/images)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.pipelines.browser import browser
from tests.web.browsing import Browser
from tests.web.connecting import service
from tests.web.stage import served


def main(folder: Path) -> None:
    """Walks through a firm with a few dossiers and keeps what it sees."""
    with (
        tempfile.TemporaryDirectory() as work,
        served(Path(work) / "home") as stage,
        browser() as driver,
        stage.linked("exact_online_be", Path(work)) as (_, exact),
        stage.linked("winbooks", Path(work)) as (_, winbooks),
        stage.linked("yuki", Path(work)) as (yuki, second),
        stage.linked("xero_tb", Path(work)) as (_, _totals),
    ):
        service(stage)
        stage.sync(exact, winbooks, second)
        lapsed = stage.house.registry.link(second).connection_id
        yuki.secrets["access_key"] = "another"
        stage.house.registry.set_health(lapsed, "needs_login", "the access key is not accepted")
        web = Browser(driver, stage)

        def keep(name: str, path: str, height: int = 800, *, role: str = "administrator", language: str = "en") -> None:
            driver.set_window_size(1280, height)
            web.as_person(role, language=language).open(path)
            driver.save_screenshot(str(folder / f"portal-{name}.png"))

        keep("dossiers", "/dossiers", 720, role="accountant")
        keep("packages", "/connections/new", 900)
        keep("link", f"/dossiers/new?connection={stage.house.registry.link(exact).connection_id}", 700)
        keep("trust", f"/dossiers/{exact}/trust", 1100, role="accountant")
        keep("trust-nl", f"/dossiers/{exact}/trust", 800, role="accountant", language="nl")
        keep("comptes-fr", f"/dossiers/{exact}/accounts", 800, role="accountant", language="fr")
        keep("years", f"/dossiers/{exact}/years", 900, role="support")
        keep("trouble", f"/connections/{lapsed}", 800)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
