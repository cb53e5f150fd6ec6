"""How the sandbox is made to fail in the vendor's own ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Allowances and deviations. The defaults are a healthy vendor and a certified app.

    Credits are per minute: of the app with one organisation, and of the app (twice as many).
    """

    credits: int = 500
    rate_headers: bool = True
    hidden_lines: int = 0
    """So many rows are missing from ledger answers although ``total`` counts them."""
    refused_services: set[str] = field(default_factory=set)
    """Parts of addresses that answer 403 with code 352."""
    hierarchy: bool = True
    """The office's accounts stand in groups of the Dutch reference chart."""
    wrong_cluster: bool = False
    """The organisation moved: calls are refused until the cluster was asked again."""
    field_order_shuffled: bool = False
    """Cells come in another order than they were asked in, and each row has one more."""
    while_reading: Callable[[str], None] | None = None
    """Called with the browse code after each answer to one."""
