"""What every package's sandbox looks like from outside: the contract suite and the demo start them alike.

A room's ``sandbox.py`` has ``open_sandbox(software, company, folder)``, a context manager that yields a
:class:`Sandbox`: a vendor on a real socket, or real files in ``folder``. It is written from the vendor's contract,
before the client, and refuses what the vendor would refuse.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, cast

from connectors.catalog import Package
from connectors.sandbox.company import Company

DETAILS = frozenset(
    {
        "closing",  # closing entries are told
        "party",  # counterparties on lines
        "due_date",
        "vat_code",
        "currency",  # foreign currency and amount
        "sides",  # debit and credit apart (storno keeps its negative sign), not only a signed amount
        "period",  # the booking period is stated
        "document",
        "description",
        "empty_accounts",  # accounts without lines are in the chart
    }
)
"""What a dialect may or may not be able to tell; a sandbox lists what its package tells in ``tells``."""


class Sandbox(Protocol):
    """A package's stand-in telling one company. ``settings`` and ``secrets`` are what ``connect`` takes."""

    settings: dict[str, str]
    secrets: dict[str, str]
    external_id: str
    tells: frozenset[str]

    @property
    def calls(self) -> int:
        """How many calls were answered so far; 0 for files."""
        ...

    def show(self, company: Company) -> None:
        """From now on tells ``company`` (a later revision): changes and deletions appear as at the vendor."""
        ...


def open_sandbox(package: Package, company: Company, folder: Path) -> AbstractContextManager[Sandbox]:
    """The sandbox of a package's room, telling ``company``; ``folder`` is for those that write files."""
    from importlib import import_module

    room = import_module(f"{package.load_room().__name__}.sandbox")
    return cast(AbstractContextManager[Sandbox], room.open_sandbox(package.slug, company, folder))
