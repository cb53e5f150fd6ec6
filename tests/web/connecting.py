"""Sandboxes to connect to by hand: nothing of them is in the registry yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import requests

from connectors.catalog import package
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from foundation.secrets import Secret
from registry.agent_records import AgentSource
from registry.store import Connection
from tests.web.stage import FIRM, Person, Stage


@contextmanager
def vendor(slug: str, folder: Path) -> Iterator[Sandbox]:
    """A package's sandbox."""
    row = package(slug)
    (folder / slug).mkdir()
    with open_sandbox(row, company_of(row), folder / slug) as sandbox:
        yield sandbox


def typed(
    sandbox: Sandbox,
) -> dict[str, str]:
    """The form of a package, filled in as a person would who signs in at its page."""
    settings = {f"set.{name}": value for name, value in sandbox.settings.items()}
    secrets = {f"secret.{name}": value for name, value in sandbox.secrets.items() if name != "refresh_token"}
    return {**settings, **secrets}


def connected(stage: Stage, slug: str, sandbox: Sandbox, firm: str = FIRM) -> Connection:
    """A connection that is there already."""
    secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
    row, firm_id = package(slug), stage.house.registry.ensure_firm(firm).firm_id
    made = stage.house.registry.add_connection(
        slug, firm_id, row.name, row.complete_settings(sandbox.settings), secrets
    )
    stage.house.registry.set_health(made.id, "ok")
    return stage.house.registry.connection(made.id)


def consent_address(page: str) -> str:
    """The address that a page of ours goes on to by itself."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    return unescape(found[1])


def way_back(person: Person, page: str) -> str:
    """Consents at the package's page, and gives the path of the portal that it sends the browser back to."""
    answer = requests.get(consent_address(page), allow_redirects=False, timeout=30)
    assert answer.status_code == 302, answer.text
    back = answer.headers["Location"]
    assert back.startswith(person.address)
    return back.removeprefix(person.address)


def service(stage: Stage, software: str = "winbooks", firm: str = FIRM, source: str = "winbooks data") -> str:
    """An enrolled service that reads one source of a package, with two dossiers; its id."""
    registry = stage.house.registry
    agent_id = registry.add_agent(firm, "Server Gent").agent_id
    registry.enrol_agent(registry.new_agent_code(agent_id).reveal(), host="GENT01", system="Linux", version="0.1")
    dossiers = [
        {"external_id": each, "code": each, "name": f"Name of {each}", "years": []} for each in ("BAKKER", "SLAGER")
    ]
    told = {
        "version": "0.1",
        "host": "GENT01",
        "system": "Linux",
        "started_at": registry.now(),
        "spool_bytes": 0,
        "free_bytes": 1 << 40,
        "last_error": None,
    }
    registry.note_report(agent_id, told, [AgentSource(agent_id, source, software, None, dossiers)])
    return agent_id
