"""Odoo on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The database holds the accountant's own company, the one that is told, a branch, one without books, and one that the
user may not see. The company's ledger runs on: years have no opening and no closing entries but the one that opened the
books. Its first year is longer than the others by a record of the module that keeps fiscal years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .books import TOLD
from .knobs import Knobs
from .vendor import API_KEY, DATABASE, USERNAME, Vendor

__all__ = ["Fault", "Knobs", "OdooSandbox", "open_sandbox"]

TELLS = frozenset(
    {"party", "due_date", "vat_code", "currency", "sides", "document", "description", "empty_accounts"}
    | {"first_opening", "closed_years", "lasting_keys", "counts", "balances"}
)


class OdooSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind = frozenset({"drafts_left_out"})
    external_id = str(TOLD)

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url, "database": DATABASE, "username": USERNAME}
        self.secrets = {"api_key": API_KEY}

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
) -> Iterator[OdooSandbox]:
    """An Odoo server on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield OdooSandbox(vendor, base_url)
