"""An administrative package on the command line: from connect to a query."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.adminpulse.sandbox import AdminPulseSandbox, open_sandbox
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox
from tests.portal.browser import command, free_redirect
from tests.portal.cli import Cli


@pytest.fixture
def office() -> Iterator[AdminPulseSandbox]:
    with open_sandbox("adminpulse", company("BE")) as running:
        yield running


def connected(cli: Cli, office: AdminPulseSandbox) -> str:
    base = f"base_url={office.settings['base_url']}"
    arguments = ("--firm", "Peeters", "--set", base, "--secret", "api_key=-")
    return cli("connect", "adminpulse", *arguments, text=office.secrets["api_key"]).line


def test_from_a_key_to_a_client_tied_to_its_dossier(cli: Cli, office: AdminPulseSandbox, vendor: Sandbox) -> None:
    connection = connected(cli, office)
    (row,) = cli("discover", connection, "--json").json
    assert row["external_id"] == "clients"
    refused = cli("link", connection, "clients", "--from", "2025-01-01", ok=False)
    assert "has no fiscal years" in refused.err
    assert "no totals" in cli("link", connection, "clients", "--totals", ok=False).err
    assert "as a whole" in cli("link", connection, "1042", ok=False).err
    clients = cli("link", connection, "clients").line
    assert clients == "adminpulse-clients-of-kantoor-peeters"
    assert "confirm" not in cli("sync", clients).err
    books = cli("connect", "verocount", "--firm", "Peeters", "--set", f"root={vendor.settings['root']}").line
    cli("link", books, vendor.external_id, "--dossier", "atelier")
    synced = {row["dossier_id"]: row for row in cli("sync", "--all", "--json").json}
    assert (synced[clients]["status"], synced[clients]["lines"]) == ("unchanged", 10)
    assert synced["atelier"]["status"] == "synced"
    told = "SELECT client, dossier_id, tied_by FROM client_dossiers WHERE dossier_id IS NOT NULL"
    tied = cli("query", told, "--format", "json").json
    assert tied == [{"client": "Atelier Grand-Livre", "dossier_id": "atelier", "tied_by": tied[0]["tied_by"]}]
    assert tied[0]["tied_by"] in ("code", "enterprise_number")

    listed = {row["dossier_id"]: row for row in cli("dossiers", "--json").json}
    assert (listed[clients]["status"], listed[clients]["software"]) == ("unchanged", "adminpulse")
    office.show(company("BE", 1))
    assert cli("sync", clients, "--json").json[0]["status"] == "synced"
    changed = cli("changes", clients, "--json").json
    assert {(row["change"], row["client_code"], row["field"], row["old"], row["new"]) for row in changed} >= {
        ("changed", "1017", "name", "De Korenbloem", "De Korenbloem & Zonen"),
        ("removed", "1021", "status", "active", "removed"),
        ("added", "1055", None, None, None),
    }
    states = {row["check_name"]: row["state"] for row in cli("reconciliation", clients, "--json").json}
    assert states["clients_remain"] == "warning"
    cli("unlink", clients, "--yes")
    count = cli("query", "SELECT count(*) AS n FROM clients", "--format", "json").json
    assert count == [{"n": 11}], "what was told stays"


def test_a_person_of_the_office_gives_consent(cli: Cli, office: AdminPulseSandbox, tmp_path: Path) -> None:
    base, redirect = office.settings["base_url"], free_redirect()
    cli.environment["BROWSER"] = command(tmp_path)
    settings = {
        "base_url": base,
        "sign_in": "oauth",
        "authorize_url": f"{base}/oauth/authorize",
        "token_url": f"{base}/oauth/token",
        "redirect_uri": redirect,
        "client_id": office.vendor.desk.client_id,
    }
    given = [each for name, value in settings.items() for each in ("--set", f"{name}={value}")]
    secret = office.vendor.desk.client_secret
    arguments = ("--firm", "Peeters", *given, "--secret", "client_secret=-")
    connection = cli("connect", "adminpulse", *arguments, text=secret).line
    assert cli("sync", cli("link", connection, "clients").line, "--json").json[0]["status"] == "synced"
    office.vendor.desk.void_refresh_token()
    office.vendor.desk.void_access_token()
    failed = cli("sync", "--all", "--json", ok=False)
    assert "grandlivre reconnect" in failed.json[0]["error"]
    assert cli("connections", "--json").json[0]["health"] == "needs_login"


def test_what_must_be_asked_of_fid_manager_is_said(cli: Cli) -> None:
    (detail,) = cli("software", "fid_manager", "--json").json
    assert (detail["contract"], detail["kind"]) == ("reconstructed", "administrative")
    assert "ask the vendor" in detail["note"]
    done = cli("connect", "fid_manager", "--firm", "Peeters", ok=False)
    assert "root=FOLDER" in done.err
    assert cli("connections", "--json").json == []
