"""Yuki on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The access key is a portal's: besides the company's domain it opens the firm's own (where a session begins, and where
one administration has no books) and one that is not active. The company's domain holds an archived administration, too.
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
from .operations import ADMINISTRATION
from .vendor import ACCESS_KEY, Vendor

__all__ = ["Fault", "Knobs", "YukiSandbox", "open_sandbox"]

# Amounts are signed only. Balances carry over by themselves: there are start balances, and no closing entries.
# Due dates are those of open items; the company has no others. Nothing says that a year is closed.
TELLS = frozenset(
    {"party", "due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "lasting_keys", "balances", "net_balances"}
)


class YukiSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = ADMINISTRATION

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url}
        self.secrets = {"access_key": ACCESS_KEY}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.asked)

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
) -> Iterator[YukiSandbox]:
    """Yuki on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield YukiSandbox(vendor, base_url)
