"""WinBooks on Web on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The licence has the folder that is told, whose code holds an accent, a blank and a slash, one without any book year, and
one that the user has no right to. The last year holds a simulation entry, which is in no figure.
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
from .vendor import EMAIL, EXCHANGE_TOKEN, FOLDER, Vendor

__all__ = ["Fault", "Knobs", "WinBooksOnWebSandbox", "open_sandbox"]

# One signed amount, so that a negative debit cannot be told from a credit; nothing tells whether a year is closed.
TELLS = frozenset(
    {"closing", "party", "due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "lasting_keys", "counts", "balances", "net_balances"}
)


class WinBooksOnWebSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind = frozenset({"simulations_left_out"})
    external_id = FOLDER

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        name = vendor.books.company.name
        self.settings = {"base_url": base_url, "email": EMAIL, "folders": f"{FOLDER}={name}"}
        self.secrets = {"exchange_token": EXCHANGE_TOKEN}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    def show(self, company: Company) -> None:
        self.vendor.show(company)


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[WinBooksOnWebSandbox]:
    """WinBooks on Web on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield WinBooksOnWebSandbox(vendor, base_url)
