"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy vendor with a large allowance."""

    minute_limit: int = 6000
    day_limit: int = 100_000
    tell_next: bool = True
    """``$next`` is not always filled."""
    refused: set[str] = field(default_factory=set)
    """Paths that answer 403, as for a user without a role in the area."""
    missing: set[str] = field(default_factory=set)
    """Paths that the business's country or plan does not have: 404."""
    poisoned: set[str] = field(default_factory=set)
    """Rows that make every page of more than one row with all attributes fail with 500."""
    hides_deleted: bool = False
    """Deleted rows are told as changes alone, and are in no other list."""
    numbers: bool = False
    """Amounts arrive as numbers in place of text."""
    results: Literal["moved", "kept", "left out"] = "moved"
    """What a trial balance opens with where results of earlier years are concerned: they stand on the account that they
    are carried to, or still on their own accounts, or nowhere."""
    lag: float = 0.0
    """Seconds by which the trial balance is behind."""
    while_paging: Callable[[str, int], None] | None = None
    """Called with path and page, after each page of a list."""
