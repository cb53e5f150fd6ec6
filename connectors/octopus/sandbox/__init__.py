"""Octopus on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The technical user sees, besides the company's dossier (70112), one without any bookyear (70113) and one that was
disabled (70120).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .books import DOSSIER
from .knobs import Knobs
from .vendor import PASSWORD, ROOT, SOFTWARE_HOUSE, USER, Vendor

__all__ = ["Fault", "Knobs", "OctopusSandbox", "open_sandbox"]

# One signed amount, so that a negative debit cannot be told from a credit; parties go by numbers of the vendor's own;
# balances are movements. Later openings and closing entries are not known of the ledger report.
TELLS = frozenset(
    {"due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts"}
    | {"first_opening", "closed_years", "lasting_keys", "balances", "net_balances"}
)


class OctopusSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = str(DOSSIER)

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url + ROOT, "software_house_uuid": SOFTWARE_HOUSE, "user": USER}
        self.secrets = {"password": PASSWORD}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    def show(self, company: Company) -> None:
        with self.vendor.lock:
            self.vendor.books.show(company, self.vendor.now())


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[OctopusSandbox]:
    """Octopus on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield OctopusSandbox(vendor, base_url)
