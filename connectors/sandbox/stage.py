"""What every package's sandbox looks like from outside: the contract suite and the demo start them alike.

A room's ``sandbox.py`` has ``open_sandbox(software, company, folder)``, a context manager that yields a
:class:`Sandbox`: a vendor on a real socket, or real files in ``folder``. It is written from the vendor's contract,
before the client, and refuses what the vendor would refuse. An administrative package tells the office that the company
is a client of (:mod:`connectors.sandbox.office`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from connectors.package import Package
from connectors.sandbox.company import Company, company

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
        "openings",  # every year's opening balances are lines; without it later years carry over what stood before
        "first_opening",  # the balances that the books begin with are an opening, not movements of the first year
        "closed_years",  # whether a year is closed
        "lasting_keys",  # a line keeps its key when others go
        "counts",  # how many rows there are, apart from the rows
        "balances",  # the package's own balances beside the lines
        "net_balances",  # those are one figure each, without opening and movement apart
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
    def left_behind(self) -> frozenset[str]:
        """Notes about what the sandbox lets lie about, as real books do; it is told to people and is in no figure."""
        ...

    @property
    def calls(self) -> int:
        """How many calls were answered so far; 0 for files."""
        ...

    def show(self, company: Company) -> None:
        """From now on tells ``company`` (a later revision): changes and deletions appear as at the vendor."""
        ...


def company_of(package: Package, revision: int = 0, entries_per_month: int = 6) -> Company:
    """The company as the package can tell it: in its country's chart, and with a long first year unless the room's
    sandbox says ``LONG_FIRST_YEAR = False``. Where it says ``CORRECTS_BY_ENTRIES = True``, nothing booked is changed or
    deleted."""
    country = package.country if package.country in ("BE", "FR", "NL") else "BE"
    told = _sandbox_of(package)
    long_first, by_entries = getattr(told, "LONG_FIRST_YEAR", True), getattr(told, "CORRECTS_BY_ENTRIES", False)
    return company(country, revision, entries_per_month, long_first, by_entries)


def _sandbox_of(package: Package) -> ModuleType:
    return import_module(f"{package.load_room().__name__}.sandbox")


def open_sandbox(package: Package, told: Company, folder: Path) -> AbstractContextManager[Sandbox]:
    """The sandbox of a package's room, telling ``told``; ``folder`` is for those that write files."""
    opened = _sandbox_of(package).open_sandbox(package.slug, told, folder)
    return cast(AbstractContextManager[Sandbox], opened)
