"""AFAS SB on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The firm has an accounting centre (``admin``) with two customer environments: ``atelier`` with the company and a holding
with some entries of its own, and ``leeg`` with an administration without books.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .books import OURS
from .knobs import Knobs
from .vendor import ADMIN_TOKEN, TOKEN, Vendor

__all__ = ["Fault", "Knobs", "SbSandbox", "open_sandbox"]

# An entry names no journal and no party, years end without closing entries, and later years open in balances alone.
TELLS = frozenset(
    {"vat_code", "sides", "period", "document", "description", "empty_accounts"}
    | {"first_opening", "lasting_keys", "balances", "net_balances"}
)


class SbSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = f"atelier/{OURS}"

    def __init__(self, vendor: Vendor, server: str, environment: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": f"{server}/{environment}", "edition": "sb"}
        self.secrets = {"token": ADMIN_TOKEN if environment == "admin" else TOKEN}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    def show(self, company: Company) -> None:
        with self.vendor.lock:
            self.vendor.books.show(company)


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    environment: str = "atelier",
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[SbSandbox]:
    """AFAS SB on a free port, connected to one customer's environment or to ``admin``; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as server:
        yield SbSandbox(vendor, server, environment)
