"""Sandboxes opened and read without a warehouse, and resource maps laid over the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import Access, Event, ExtractRequest, NextCursor
from connectors.declared import Declared
from connectors.declared.sandbox import DeclaredSandbox
from foundation.secrets import Secret
from tests.drop_folder.folders import Read, land
from tests.landed import Clock


def connect(slug: str, sandbox: DeclaredSandbox, clock: Clock | None = None, **settings: str) -> Declared:
    """A connector for the sandbox; ``settings`` stand in for the sandbox's own, or beside them."""
    clock = clock or Clock()
    desk = getattr(sandbox.vendor, "desk", None)
    secrets = sandbox.secrets | ({"refresh_token": desk.refresh_token} if desk else {})  # as it stands now
    access = Access(
        software=slug,
        settings=package(slug).complete_settings({**sandbox.settings, **settings}),
        secrets={name: Secret(value) for name, value in secrets.items()},
        now=clock,
        sleep=clock.sleep,
        budgets=LocalBudgets(),
    )
    return Declared(access)


def told(opened: Declared, external_id: str, **request: Any) -> list[Event]:
    """Every event of one extraction."""
    return list(opened.extract(ExtractRequest(external_id, **request)))


def read(slug: str, sandbox: DeclaredSandbox, **settings: str) -> Read:
    """The sandbox's dossier, read whole, landed and normalised."""
    opened = connect(slug, sandbox, **settings)
    try:
        return land(opened, told(opened, sandbox.external_id))
    finally:
        opened.close()


def cursor(events: list[Event]) -> Any:
    last = events[-1]
    assert isinstance(last, NextCursor)
    return last.cursor


def map_file(folder: Path, text: str) -> str:
    """A resource map of one's own."""
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)
