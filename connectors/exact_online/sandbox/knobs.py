"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy vendor with a large allowance."""

    page_size: int = 1000
    small_page_size: int = 60
    minute_limit: int = 6000
    day_limit: int = 100_000
    small_divisions: int = 0
    """So many divisions more, from 910001 on, that all tell the company: out of one set of rows, however many."""
    forbidden: set[str] = field(default_factory=set)
    """Endpoints that answer 403 (feature not in the licence)."""
    absent: set[str] = field(default_factory=set)
    """Endpoints that answer 404."""

    unfiltered: set[str] = field(default_factory=set)
    """Endpoints that answer 400 to any filter."""

    rate_headers: bool = True
    duplicate_rows: bool = False
    """Every page repeats its last row as the first of the next one."""
    unknown_fields: bool = False
    """Rows and answers carry fields that nobody asked for."""
    left_out: frozenset[str] = frozenset()
    """Fields that are missing from the rows."""
    list_shape: bool = False
    """``d`` is the list of rows itself, as long as there is no next page."""
    numbers_as_text: bool = False
    """All integers arrive as text, and 64-bit integers as numbers: the reverse of what is usual."""
    float_noise: bool = False
    """Amounts carry the noise of doubles: 100.30000000000001."""
    hidden_lines: int = 0
    """So many lines are missing from bulk answers although $count tells them."""
    while_paging: Callable[[str, int], None] | None = None
    """Called with the endpoint and the number of rows sent, after each page that has a next one."""
