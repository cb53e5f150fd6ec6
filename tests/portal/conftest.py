"""The command line on an installation of its own, and a package to connect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox, open_sandbox
from tests.installation import installed
from tests.portal.cli import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """After ``grandlivre init``."""
    return Cli(installed(tmp_path / "home").root)


@pytest.fixture
def bare_cli(tmp_path: Path) -> Cli:
    """Before ``grandlivre init``: there is no state."""
    return Cli(tmp_path / "bare")


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    """A drop folder with the sandbox's company."""
    (tmp_path / "vendor").mkdir()
    with open_sandbox(package("verocount"), company("BE"), tmp_path / "vendor") as sandbox:
        yield sandbox


@pytest.fixture
def dossier(cli: Cli, vendor: Sandbox) -> str:
    """The company, linked; not synced yet."""
    connection = cli("connect", "verocount", "--firm", "Van Damme", "--set", f"root={vendor.settings['root']}").line
    return cli("link", connection, vendor.external_id).line
