"""What is left of the vendors' windows of calls, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox, open_sandbox
from tests.portal.cli import Cli


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    with open_sandbox(package("exact_online_be"), company("BE", entries_per_month=2), tmp_path) as sandbox:
        yield sandbox


def connect(cli: Cli, vendor: Sandbox, folder: Path) -> str:
    settings = [f"--set={name}={value}" for name, value in vendor.settings.items()]
    for name, value in vendor.secrets.items():
        (folder / name).write_text(value)
    secrets = [f"--secret={name}={folder / name}" for name in vendor.secrets]
    return cli("connect", "exact_online_be", "--firm", "Van Damme", *settings, *secrets).line


def test_each_window_is_listed_with_what_is_left_and_when_it_resets(cli: Cli, vendor: Sandbox, tmp_path: Path) -> None:
    vendor.knobs.day_limit = 5000  # type: ignore[attr-defined]
    connection = connect(cli, vendor, tmp_path)
    cli("link", connection, vendor.external_id)
    rows = cli("budgets", "--json").json
    assert set(rows[0]) == {
        "connection_id", "software", "scope", "subject", "window", "left", "limit", "resets_at", "source", "sharing"
    }  # fmt: skip
    day = next(row for row in rows if row["subject"] == vendor.external_id and row["window"] == "day")
    asked = sum(f"/{vendor.external_id}/" in request for request in vendor.vendor.requests)  # type: ignore[attr-defined]
    assert (day["connection_id"], day["software"], day["scope"]) == (connection, "exact_online_be", "dossier")
    assert (day["left"], day["limit"], day["source"]) == (5000 - asked, 5000, "vendor")
    assert timedelta(0) < datetime.fromisoformat(day["resets_at"]) - datetime.now(UTC) <= timedelta(days=1)
    assert {row["window"] for row in rows} == {"day", "minute"}
    assert str(day["left"]) in cli("budgets").out
    assert cli("budgets", connection, "--json").json == rows


def test_nothing_counted_is_said_and_an_unknown_connection_is_refused(cli: Cli) -> None:
    assert "No vendor" in cli("budgets").out
    assert cli("budgets", "--json").json == []
    refused = cli("budgets", "nobody", ok=False)
    assert refused.status == 1
    assert "nobody" in refused.err
