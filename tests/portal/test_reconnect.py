"""Other secrets and settings for a connection: the consent goes on, and what does not work is not kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox, open_sandbox
from foundation.home import Home
from foundation.secrets import Secret
from portal.operations.connections import verify
from registry.store import Registry
from resources.house import House
from tests.portal.cli import Cli

ROW = package("exact_online_be")


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "vendor").mkdir()
    with open_sandbox(ROW, company("BE"), tmp_path / "vendor") as sandbox:
        yield sandbox


@pytest.fixture
def registry(cli: Cli) -> Iterator[Registry]:
    with House.open(Home(cli.home)) as house:
        yield house.registry


@pytest.fixture
def connection(cli: Cli, vendor: Sandbox, registry: Registry) -> str:
    """A connection that works, with an access token that is still good."""
    secrets = {name: Secret(value) for name, value in vendor.secrets.items()}
    made = registry.add_connection(ROW.slug, "F", "F", ROW.complete_settings(vendor.settings), secrets)
    with House.open(Home(cli.home)) as house:
        verify(house, made.id)
    return made.id


def test_tokens_that_a_sync_renews_meanwhile_are_not_lost(cli: Cli, registry: Registry, connection: str) -> None:
    tokens = registry.tokens(connection)
    statuses: list[int] = []
    client = registry.connection(connection).settings["client_id"]
    again = threading.Thread(
        target=lambda: statuses.append(cli("reconnect", connection, "--set", f"client_id={client}", ok=False).status)
    )
    with tokens.exclusive():
        again.start()
        again.join(1)
        assert again.is_alive(), "it waits for the renewal"
        tokens.save({**tokens.read(), "refresh_token": "renewed"})
    again.join()
    assert statuses == [0]
    assert tokens.read()["refresh_token"] == "renewed"


def test_secrets_and_settings_that_do_not_work_are_not_kept(
    cli: Cli, registry: Registry, connection: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("another")
    before, secrets = registry.connection(connection), registry.secrets(connection)
    tokens = dict(registry.tokens(connection).read())
    given = (
        "--set",
        f"base_url={before.settings['base_url']}/elsewhere",
        "--secret",
        f"client_secret={tmp_path / 'secret'}",
    )
    refused = cli("reconnect", connection, *given, ok=False)
    assert refused.status == 1
    assert refused.err.startswith("Error: ")
    after = registry.connection(connection)
    assert (after.settings, after.health, after.health_detail) == (before.settings, "ok", None)
    assert registry.secrets(connection) == secrets
    assert dict(registry.tokens(connection).read()) == tokens
    cli("reconnect", connection, "--secret", f"client_secret={tmp_path / 'secret'}")
    assert registry.secrets(connection) == {**secrets, "client_secret": Secret("another")}
