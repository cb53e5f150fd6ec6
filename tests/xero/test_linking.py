"""From the command line: a public app connects, and a package of totals is linked as one."""

from __future__ import annotations

from pathlib import Path

from connectors.xero.sandbox import open_sandbox
from tests.installation import installed
from tests.portal.cli import Cli

from .landed import told


def test_a_package_of_totals_is_linked_in_totals_mode_and_in_no_other(tmp_path: Path) -> None:
    cli = Cli(installed(tmp_path / "home").root)
    with open_sandbox("xero_tb", told()) as sandbox:
        sandbox.vendor.desk.client_secret = ""
        (tmp_path / "consent").write_text(sandbox.secrets["refresh_token"])
        settings = [part for name, value in sandbox.settings.items() for part in ("--set", f"{name}={value}")]
        consent = f"refresh_token={tmp_path / 'consent'}"
        connection = cli("connect", "xero_tb", "--firm", "F", *settings, "--secret", consent).line
        for mode in (("--replace",), ("--from", "2025-01-01")):
            assert "totals alone" in cli("link", connection, sandbox.external_id, *mode, ok=False).err
        dossier = cli("link", connection, sandbox.external_id).line
        assert [row["sync_mode"] for row in cli("dossiers", "--json").json] == ["totals"]
        years = cli("fiscal-years", dossier, "--json").json
        assert [(year["label"], year["closed"]) for year in years] == [("2024", True), ("2025", True), ("2026", False)]
