"""How the sandboxes are made to fail and to differ from what we expect of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """The defaults are a healthy vendor that is as its contract page proposes."""

    largest_page: int = 500
    """Rows of a page at most, however many are asked for."""
    heedless_of_pages: bool = False
    """Every page holds all rows."""
    otherwise: bool = False
    """Horus: paths, fields, the form of amounts and the document are others than proposed."""
    repeats_a_line: bool = False
    """Pages of lines begin with the last line of the page before."""
    heedless_of_days: bool = False
    """Every span of days holds all lines."""
    hour: str = ""
    """Dates of lines are moments at this hour: ``T22:00:00Z``."""
    period_of_openings: int = 0
    """The period in which opening balances are told."""
    forbidden: set[str] = field(default_factory=set)
    """Lists that answer 403."""
    calls_per_minute: int = 1_000_000
