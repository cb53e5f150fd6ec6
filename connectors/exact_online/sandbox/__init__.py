"""Exact Online on a local socket, telling the sandbox company; written from the vendor's contract, and strict.

The firm that consented is an accountant: besides the company (division 900101) it sees its own division (900100, no
books), an archived one, one that is blocked by a conversion and one that the app may not open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .books import DIVISION, FIRST_SMALL
from .knobs import Knobs
from .vendor import Vendor

__all__ = ["ExactSandbox", "Fault", "Knobs", "open_sandbox"]

# Amounts are signed only, so a negative debit cannot be told from a credit. Closing entries are told together with
# the mirrors (type 327) that carry the balances out of a closed year, which the company itself does not have.
TELLS = frozenset(
    {"party", "due_date", "vat_code", "currency", "period", "document", "description", "empty_accounts"}
    | {"openings", "first_opening", "closed_years", "lasting_keys", "counts", "balances"}
)


class ExactSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change books or break things."""

    tells = TELLS
    left_behind: frozenset[str] = frozenset()
    external_id = str(DIVISION)

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url, "client_id": vendor.desk.client_id}
        self.secrets = {
            "client_secret": vendor.desk.client_secret,
            "refresh_token": vendor.desk.refresh_token,
        }

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def small_divisions(self) -> list[str]:
        """External ids of the small divisions that ``knobs`` ask for."""
        return [str(code) for code in range(FIRST_SMALL, FIRST_SMALL + self.knobs.small_divisions)]

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
) -> Iterator[ExactSandbox]:
    """Exact Online for ``software`` (its country is the company's) on a free port; ``folder`` is not needed."""
    vendor = Vendor(company, knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield ExactSandbox(vendor, base_url)
