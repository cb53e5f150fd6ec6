"""Business Central with BoCount on a local socket, telling the sandbox company; written from the vendor's contract.

The environment has four companies: the company itself, one without books, one that the app has no permission for, and
the vendor's demonstration company. Its administrator has published the ledger entries (page 20) as a web service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .vendor import COMPANY, ENVIRONMENT, TENANT, Knobs, Vendor

__all__ = ["CORRECTS_BY_ENTRIES", "BoCountSandbox", "Fault", "Knobs", "open_sandbox"]

CORRECTS_BY_ENTRIES = True
SERVICE = "General_Ledger_Entries"

# Closing entries are told, but those of a year that was posted to again are a first one and a difference; the company
# has one. VAT is told as two posting groups, a due date by other entries alone.
TELLS = frozenset(
    {"party", "currency", "sides", "document", "description", "empty_accounts", "first_opening", "closed_years"}
    | {"lasting_keys", "counts", "balances"}
)


class BoCountSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = COMPANY

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {
            "base_url": base_url,
            "token_url": f"{base_url}/{TENANT}/oauth2/v2.0/token",
            "tenant_id": TENANT,
            "environment": ENVIRONMENT,
            "client_id": vendor.desk.client_id,
            "entries_service": SERVICE,
        }
        self.secrets = {"client_secret": vendor.desk.client_secret}

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
) -> Iterator[BoCountSandbox]:
    """The vendor on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now, SERVICE)
    with serve(vendor) as base_url:
        yield BoCountSandbox(vendor, base_url)
