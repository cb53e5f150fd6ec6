"""Xero on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The consent covers the firm's own practice, the company, an organisation whose consent was withdrawn and one without
books. The company's first year has twelve months: Xero knows no others but those cut short by a conversion.
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
from .vendor import TENANT, Vendor

__all__ = ["CORRECTS_BY_ENTRIES", "LONG_FIRST_YEAR", "Fault", "Knobs", "XeroSandbox", "open_sandbox"]

LONG_FIRST_YEAR = False
CORRECTS_BY_ENTRIES = True

# Journals name neither party, due date nor foreign amount; amounts are signed; nothing is booked at a year's end, and
# what was changed or deleted is reversed by further journals.
TELLS = frozenset({"vat_code", "document", "description", "empty_accounts", "first_opening", "closed_years"}) | {
    "lasting_keys",
    "balances",
}


class XeroSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = TENANT

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {
            "base_url": base_url,
            "authorize_url": f"{base_url}/identity/connect/authorize",
            "token_url": f"{base_url}/connect/token",
            "client_id": vendor.desk.client_id,
        }
        self.secrets = {
            "client_secret": vendor.desk.client_secret,
            "refresh_token": vendor.desk.refresh_token,
        }

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
) -> Iterator[XeroSandbox]:
    """Xero for ``software`` (``xero`` or ``xero_tb``) on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield XeroSandbox(vendor, base_url)
