"""Sage Accounting on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The user is a bookkeeper with five businesses: its own one (the lead business), the company, one whose subscription
ended and two of the same name without books. The company's first year has twelve months: the vendor knows no longer
ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .knobs import Knobs
from .vendor import COMPANY, ROOT, Vendor

__all__ = ["LONG_FIRST_YEAR", "Fault", "Knobs", "SageSandbox", "open_sandbox"]

LONG_FIRST_YEAR = False

# Two unsigned amounts tell no negative debit. Lines name neither due date nor currency; nothing is booked at a year's
# end, and the period follows from the date.
TELLS = frozenset({"party", "vat_code", "document", "description", "empty_accounts", "first_opening"}) | {
    "closed_years",
    "lasting_keys",
    "counts",
    "balances",
}


class SageSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = COMPANY

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {
            "base_url": base_url + ROOT,
            "authorize_url": f"{base_url}/oauth2/auth/central?filter=apiv3.1",
            "token_url": f"{base_url}/token",
            "client_id": vendor.desk.client_id,
            "calls_per_minute": str(vendor.knobs.minute_limit),
            "calls_per_day": str(vendor.knobs.day_limit),
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
) -> Iterator[SageSandbox]:
    """Sage Accounting on a free port; ``software`` and ``folder`` make no difference.

    Its clock stops on the last day of the company's last year, so that the books are always looked at within it.
    """
    last = datetime.combine(company.years[-1].end, time(23), UTC)
    vendor = Vendor(company, knobs or Knobs(), lambda: min(now(), last))
    with serve(vendor) as base_url:
        yield SageSandbox(vendor, base_url)
