"""e-conomic on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

A pair of tokens leads to one agreement. Besides the company (700123) there are one that has no books yet (700124) and
one whose owner gave the app a role that does not reach the ledger (700125).
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
from .vendor import APP_TOKEN, Vendor

__all__ = ["CORRECTS_BY_ENTRIES", "EconomicSandbox", "Fault", "Knobs", "open_sandbox"]

CORRECTS_BY_ENTRIES = True

# Amounts are signed only. The period follows from the date; customers and suppliers have numbers and no codes. The
# result is carried by opening entries, so that no closing ones are booked.
TELLS = frozenset(
    {"due_date", "vat_code", "currency", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "closed_years", "lasting_keys", "counts", "balances", "net_balances"}
)


class EconomicSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        ours = vendor.agreements[0]
        self.vendor = vendor
        self.external_id = str(ours.number)
        self.settings = {"base_url": base_url}
        self.secrets = {"app_secret_token": APP_TOKEN, "agreement_grant_token": ours.token}

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
) -> Iterator[EconomicSandbox]:
    """e-conomic on a free port; ``software`` and ``folder`` make no difference."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield EconomicSandbox(vendor, base_url)
