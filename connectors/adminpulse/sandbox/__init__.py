"""AdminPulse on a local socket, telling the sandbox office; written from the vendor's contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.client_lists import EXTERNAL_ID
from connectors.sandbox.company import Company
from connectors.sandbox.office import Office
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from .vendor import KEY, Knobs, Vendor

__all__ = ["AdminPulseSandbox", "Fault", "Knobs", "open_sandbox"]


class AdminPulseSandbox:
    """A running sandbox. ``vendor`` and ``knobs`` are for tests that change clients or break things."""

    tells: frozenset[str] = frozenset()
    left_behind: frozenset[str] = frozenset()
    external_id = EXTERNAL_ID

    def __init__(self, vendor: Vendor, base_url: str) -> None:
        self.vendor = vendor
        self.settings = {"base_url": base_url}
        self.secrets = {"api_key": KEY}

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    @property
    def consent(self) -> tuple[dict[str, str], dict[str, str]]:
        """Settings and secrets of a connection with a consent that was given before."""
        base, desk = self.settings["base_url"], self.vendor.desk
        settings = {
            "base_url": base,
            "sign_in": "oauth",
            "authorize_url": f"{base}/oauth/authorize",
            "token_url": f"{base}/oauth/token",
            "client_id": desk.client_id,
        }
        return settings, {"client_secret": desk.client_secret, "refresh_token": desk.grant().refresh_token}

    def show(self, company: Company) -> None:
        with self.vendor.lock:
            self.vendor.office = Office(company, self.vendor.office.more)


@contextmanager
def open_sandbox(
    software: str,
    company: Company,
    folder: Path | None = None,
    *,
    knobs: Knobs | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    more: int = 0,
) -> Iterator[AdminPulseSandbox]:
    """The vendor on a free port; ``folder`` is not needed. ``more`` clients make the list long."""
    vendor = Vendor(Office(company, more), knobs or Knobs(), now)
    with serve(vendor) as base_url:
        yield AdminPulseSandbox(vendor, base_url)
