"""QuickBooks Online on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

A consent is for one company. The company's first year has twelve months: QuickBooks knows no others.
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
from .vendor import REALM, Vendor

__all__ = ["LONG_FIRST_YEAR", "Fault", "Knobs", "QuickBooksSandbox", "open_sandbox"]

LONG_FIRST_YEAR = False

# The general ledger report knows customers and suppliers by the vendor's own ids, and no due dates; amounts have a side
# and no sign; nothing is booked at a year's end, and what the books begin with is a journal entry like others.
TELLS = frozenset({"vat_code", "currency", "document", "description", "empty_accounts", "closed_years"}) | {
    "lasting_keys",
    "balances",
}


class QuickBooksSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = REALM

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {
            "base_url": base_url,
            "authorize_url": f"{base_url}/connect/oauth2",
            "token_url": f"{base_url}/oauth2/v1/tokens/bearer",
            "client_id": vendor.desk.client_id,
            "realm_id": REALM,
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
            self.vendor.books.show(company, self.vendor.moment())


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[QuickBooksSandbox]:
    """QuickBooks on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield QuickBooksSandbox(vendor, base_url)
