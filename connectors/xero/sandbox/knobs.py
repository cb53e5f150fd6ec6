"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy vendor with a large allowance."""

    journals_per_page: int = 100
    minute_limit: int = 6000
    day_limit: int = 100_000
    app_minute_limit: int = 100_000
    rate_headers: bool = True
    ungranted: set[str] = field(default_factory=set)
    """Endpoints whose scope the app does not have: 401 without an expired token."""
    refused: set[str] = field(default_factory=set)
    """Endpoints that answer 403, as for a user without the role."""
    iso_dates: bool = False
    """Dates arrive as ISO 8601 in place of ``/Date(ms+0000)/``."""
    float_noise: bool = False
    """Amounts of journals carry the noise of doubles."""
    revaluation: Decimal = Decimal(0)
    """So much more unrealised exchange gain the reports show every year, which is in no journal."""
    while_paging: Callable[[int], None] | None = None
    """Called with the offset, after each page of journals."""
