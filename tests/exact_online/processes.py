"""What another process does in the tests of tokens: opens a connection of its own and verifies it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.contract import Access
from connectors.exact_online import open_connector
from foundation.secrets import Secret
from tests.wire.file_tokens import FileTokens


def verify(settings: dict[str, str], secrets: dict[str, str], path: Path, die: str = "", gate: Any = None) -> None:
    if gate is not None:
        gate.wait()
    access = Access(
        "exact_online_be",
        settings,
        {name: Secret(value) for name, value in secrets.items()},
        tokens=FileTokens(path, die),
    )
    connector = open_connector(access)
    connector.verify()
    connector.close()
