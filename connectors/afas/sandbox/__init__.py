"""AFAS Profit on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The environment holds three administrations: the company (5), a holding with some entries of its own (3), and one
without books (1).
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
from .tables import UNIT
from .vendor import TOKEN, Vendor

__all__ = ["AfasSandbox", "Fault", "Knobs", "open_sandbox"]

# Lines have no foreign amount, years end without closing entries, and nobody states how many lines there are.
TELLS = frozenset(
    {"party", "due_date", "vat_code", "sides", "period", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "closed_years", "lasting_keys", "balances"}
)


class AfasSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = str(UNIT)

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url}
        self.secrets = {"token": TOKEN}

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
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[AfasSandbox]:
    """AFAS Profit on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield AfasSandbox(vendor, base_url)
