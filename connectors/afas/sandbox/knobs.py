"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy environment of Profit 7."""

    cells: int = 150_000
    """Columns times rows of an answer stay below this."""
    absent: set[str] = field(default_factory=set)
    """GetConnectors that the App Connector does not hold."""
    blocked: set[str] = field(default_factory=set)
    """GetConnectors that AFAS has blocked for unfair use."""
    strange_place: bool = False
    """The App Connector does not allow the caller's IP address."""
    maintenance: int = 0
    """Seconds that maintenance lasts (503 with ``retry_after`` in the body)."""
    old_numbers: bool = False
    """As before Profit 7: ``-.5`` for an amount, and a document of many lines."""
    own_connectors: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """A partner's own GetConnectors: id to the standard one, and standard field id to its own."""
    more_columns: int = 0
    """So many further columns in every GetConnector."""
    while_paging: Callable[[str, int], None] | None = None
    """Called with the GetConnector and its ``skip`` after each full page."""
