"""How the sandbox is made to deviate: what differs between dossiers, and what is not sure of the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """The defaults are a healthy gateway as the vendor's help describes it."""

    page_size: int = 500
    """Rows of an OData answer; the next are behind its next link."""
    last_year: str = ""
    """The LastYear that a dossier tells; empty: its last one. The vendor's own example says 0."""
    transferred: Literal["entries", "balances", "none"] = "entries"
    """What carrying over left in the new year: entries and balances, balances alone, or nothing yet."""
    own_accounts: bool = False
    """Every customer has an account of its own below 400000."""
    counts: bool = True
    """Whether OData answers tell how many rows there are."""
    without: frozenset[str] = frozenset()
    """OData tables that the dossier does not give."""
    lost_lines: int = 0
    """So many entries are in the balances, and in no answer; the count does not tell them either."""
    balances: bool = True
    """Whether the user may see balances."""
    licences_taken: bool = False
    """The users of the licence are all at work (engine status 161)."""
    one_as_object: bool = False
    """A list of one is told as the one, as a converter from XML would."""
