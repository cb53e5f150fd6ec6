"""Venice's WebConnect gateway on a local socket, telling the sandbox company; from the vendor's help, and strict.

The DossierId of the dossier differs from its directory. Beside it there are one without any year and one that the user
may not see. The files of the other route are told by the drop folder's sandbox, and by agent.venice_dump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .knobs import Knobs
from .vendor import DIRECTORY, DOSSIER_ID, PASSWORD, USER, Vendor

__all__ = ["Fault", "Knobs", "VeniceSandbox", "open_sandbox"]

# One signed amount; accounts and journals are known by the entries that name them. What is carried over is no movement.
TELLS = frozenset({"document", "description", "lasting_keys", "counts", "balances", "net_balances"})


class VeniceSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = DIRECTORY

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url, "username": USER, "dossiers": f"{DIRECTORY}={DOSSIER_ID}"}
        self.secrets = {"password": PASSWORD}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    def show(self, company: Company) -> None:
        self.vendor.show(company)


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[VeniceSandbox]:
    """The gateway on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield VeniceSandbox(vendor, base_url)
