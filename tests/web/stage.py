"""A portal on a real socket, two firms with people of every role, and browsers for them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import uvicorn
from fastapi import FastAPI

from connectors.catalog import package
from connectors.package import Package
from connectors.sandbox.company import Company
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from foundation.home import Home
from foundation.secrets import Secret
from portal.demo import link_sandbox
from portal.syncing import run_syncs
from portal.web.app import portal_app
from portal.web.portal import Portal
from portal.web.serving import portal_config
from portal.web.settings import PortalSettings
from registry.store import Link, User
from resources.house import House
from tests.installation import installed
from tests.pipelines.ui import free_port

FIRM, OTHER_FIRM = "Demo", "Concurrent"
ROLES = ("administrator", "accountant", "support", "analyst")


class HereLauncher:
    """Runs syncs in a thread of this process: through the same asset, on a Dagster instance of the installation."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._threads: list[threading.Thread] = []
        self.launched: list[tuple[list[str], dict[str, bool]]] = []
        self.trouble: Exception | None = None

    def launch(
        self, links: Sequence[Link], *, from_landing: bool = False, accept_empty: bool = False
    ) -> dict[str, str]:
        if self.trouble is not None:
            raise self.trouble
        by_software: dict[str, list[str]] = {}
        for link in links:
            by_software.setdefault(link.software, []).append(link.dossier_id)
        options = {"from_landing": from_landing, "accept_empty": accept_empty}
        self.launched.append(([link.dossier_id for link in links], options))
        thread = threading.Thread(target=run_syncs, args=[self._house, by_software], kwargs=options)
        self._threads.append(thread)
        thread.start()
        return {link.dossier_id: "here" for link in links}

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(60)


class Person:
    """A person at an HTTP client that keeps cookies, as a browser does; every form brings back its page's token."""

    def __init__(self, address: str, user: User | None = None, cookie: tuple[str, str] | None = None) -> None:
        self.address, self.user = address, user
        self.session = requests.Session()
        self.session.trust_env = False
        if cookie is not None:
            self.session.cookies.set(*cookie)
        self._csrf: str | None = None

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.address + path, timeout=60, **options)

    def post(self, path: str, *, page: str | None = None, **form: Any) -> requests.Response:
        """Sends a form of the page ``page`` (any page, where it does not matter)."""
        data = {"csrf": self.csrf(page), **form}
        return self.session.post(self.address + path, data=data, timeout=60)

    def csrf(self, page: str | None = None) -> str:
        if page is not None or self._csrf is None:
            found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(page or "/sign-in").text)
            assert found, "the page has no form"
            self._csrf = found[1]
        return self._csrf

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        """Calls the JSON API as a page's script does."""
        headers = {"X-CSRF-Token": self.csrf("/dossiers")} if method != "GET" else {}
        return self.session.request(method, f"{self.address}/api/v1{path}", headers=headers, timeout=60, **options)


@dataclass
class Stage:
    """A served portal."""

    house: House
    address: str
    settings: PortalSettings
    launcher: HereLauncher
    app: FastAPI
    people: dict[tuple[str, str], User] = field(default_factory=dict)
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)

    @property
    def portal(self) -> Portal:
        return Portal(self.house, self.launcher, self.settings)

    def person(self, role: str = "administrator", firm: str = FIRM) -> Person:
        """Somebody of that role, signed in."""
        user = self.people[firm, role]
        key = self.house.registry.give_key(user.user_id, "session", timedelta(hours=1))
        return Person(self.address, user, (self.settings.session_cookie, key.reveal()))

    def nobody(self) -> Person:
        return Person(self.address)

    def sync(self, *dossier_ids: str) -> None:
        """Syncs now, without a run of Dagster."""
        from assets.sync import SyncOptions, sync_dossier

        for dossier_id in dossier_ids:
            outcome = sync_dossier(dossier_id, self.house, SyncOptions())
            assert outcome.good, outcome.error

    @contextmanager
    def linked(self, slug: str, folder: Path, told: Company | None = None) -> Iterator[tuple[Sandbox, str]]:
        """A package's sandbox, connected and linked for the firm "Demo": the sandbox, and the dossier's id."""
        row: Package = package(slug)
        (folder / slug).mkdir()
        with open_sandbox(row, told or company_of(row), folder / slug) as sandbox:
            yield sandbox, link_sandbox(self.house, row, sandbox)


@contextmanager
def served(
    root: Path,
    *,
    database: Secret | None = None,
    change: Callable[[PortalSettings], PortalSettings] = lambda settings: settings,
    now: Callable[[], datetime] | None = None,
    firms: Sequence[str] = (FIRM, OTHER_FIRM),
) -> Iterator[Stage]:
    """A new installation with its portal, and people of every role in two firms, without passwords. ``database`` is
    the address of a Postgres to keep it in, ``change`` other settings, ``now`` another clock."""
    port = free_port()
    settings = change(PortalSettings(public_url=f"http://127.0.0.1:{port}"))
    with _opened(root, database, now) as house:
        house.warehouse.create()
        launcher = HereLauncher(house)
        app = portal_app(house, launcher, settings)
        stage = Stage(house, settings.public_url, settings, launcher, app)
        for firm in firms:
            for role in ROLES:
                email = f"{role}@{firm.lower()}.example"
                stage.people[firm, role] = house.registry.add_user(firm, email, f"{role} {firm}", role, language="en")
        server = uvicorn.Server(portal_config(app, host="127.0.0.1", port=port))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until(lambda: server.started)
            yield stage
        finally:
            server.should_exit = True
            thread.join(20)
            launcher.wait()


@contextmanager
def _opened(root: Path, database: Secret | None, now: Callable[[], datetime] | None) -> Iterator[House]:
    home = installed(root) if database is None else Home(root, database)
    with House.open(home) as house:
        if now is not None:
            house.registry.now = now
            house = replace(house, now=now)
        yield house


def until(done: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``done`` gives, once it gives anything."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")
