"""Twinfield on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The organisation is an accounting firm: besides the company (office 1042) it has its own office and an old one, both
without books, and one that is listed but that the user may not open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve

from .books import OFFICE
from .knobs import Knobs
from .vendor import Vendor

__all__ = ["Knobs", "TwinfieldSandbox", "open_sandbox"]

# Amounts are signed only.
TELLS = frozenset(
    {"party", "due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts", "closing"}
    | {"openings", "first_opening", "closed_years", "lasting_keys", "counts", "balances"}
)


class TwinfieldSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = OFFICE

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url, "client_id": vendor.desk.client_id}
        self.secrets = {"client_secret": vendor.desk.client_secret, "refresh_token": vendor.desk.refresh_token}

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
) -> Iterator[TwinfieldSandbox]:
    """Twinfield with one firm on it on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield TwinfieldSandbox(vendor, base_url)
