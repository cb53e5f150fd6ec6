"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, rights and deviations. The defaults are a healthy firm."""

    most: int | None = None
    """Rows of an answer at most, whatever ``take`` asks for; the vendor tells no such number."""
    forbidden: set[str] = field(default_factory=set)
    """Endpoints that the app has no right to (403)."""
    amounts_as_text: bool = False
    """The specification calls amounts strings; its examples show numbers."""
    scope_needed: bool = False
    """An app token of the accounting centre wants the environment named in the body, too."""
    tracked: bool = False
    """Answers with a ``TrackingToken`` around the rows, as some endpoints give them."""
    lifetime: int = 1800
    """Seconds that an access token is good for."""
    while_paging: Callable[[str, int], None] | None = None
    """Called with the endpoint and its ``skip`` after each full page."""
