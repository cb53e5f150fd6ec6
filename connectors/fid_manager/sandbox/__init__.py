"""Fid-Manager's partner interface on a local socket, in the shape that we propose, and the file of its other route.

Nothing public tells the vendor's own shape: this sandbox proves the reader against the map in ``interface.toml``, and
no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.client_lists import EXTERNAL_ID
from connectors.sandbox.company import Company
from connectors.sandbox.office import Office
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .files import write_file
from .vendor import KEY_ID, SECRET, Knobs, Vendor

__all__ = ["Fault", "FidManagerFiles", "FidManagerSandbox", "Knobs", "open_folder", "open_sandbox"]


class FidManagerSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change clients or break things."""

    tells: frozenset[str] = frozenset()
    left_behind: frozenset[str] = frozenset()
    external_id = EXTERNAL_ID

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url, "key_id": KEY_ID}
        self.secrets = {"secret": SECRET}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    def show(self, company: Company) -> None:
        with self.vendor.lock:
            self.vendor.office = Office(company, self.vendor.office.more)


class FidManagerFiles:
    """The folder of the file route, with the list in it."""

    tells: frozenset[str] = frozenset()
    left_behind: frozenset[str] = frozenset()
    external_id = EXTERNAL_ID
    calls = 0

    def __init__(self, folder: Path, company: Company, more: int = 0) -> None:
        self.folder, self._more = folder, more
        self.settings = {"root": str(folder)}
        self.secrets: dict[str, str] = {}
        self.show(company)

    def show(self, company: Company) -> None:
        write_file(self.folder, Office(company, self._more))


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    more: int = 0,
) -> Iterator[FidManagerSandbox]:
    """The interface on a free port; ``folder`` is not needed. ``more`` clients make the list long."""
    vendor = Vendor(Office(company, more), knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield FidManagerSandbox(vendor, base_url)


@contextmanager
def open_folder(software: str, company: Company, folder: Path, *, more: int = 0) -> Iterator[FidManagerFiles]:
    """The file route: ``folder`` with the list in it."""
    yield FidManagerFiles(folder, company, more)
