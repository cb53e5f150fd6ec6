"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy vendor with a large allowance."""

    largest_page: int = 1000
    """Rows of a page at most, however many are asked for."""
    bucket: int = 1_000_000
    """What may be spent in a minute; a call costs one, and one more for every hundred rows of its page."""
    forbidden: set[str] = field(default_factory=set)
    """First parts of paths that answer 403 (a role is missing)."""
    absent: set[str] = field(default_factory=set)
    """Last parts of paths that answer 404."""
    own_host: bool = False
    """Links name the vendor's own host, wherever the call was sent to."""
    text_numbers: bool = False
    """Invoice numbers arrive as text."""
    float_noise: bool = False
    """Amounts carry the noise of doubles: 100.30000000000001."""
    openings_in_totals: bool = True
    """Whether a year's totals hold its opening entries."""
    hidden_entries: int = 0
    """So many entries of every answer are missing although they are counted."""
    repeated_entries: bool = False
    """Every page begins with the last entry of the one before, and loses its own last one's place to it."""
