"""How the sandbox is made to fail or to deviate, where the vendor's documentation leaves it open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Limits and deviations. The defaults are a healthy vendor with the free allowance."""

    day_limit: int = 1000
    """Calls a day, per domain."""
    digest_page: int = 100
    contact_page: int = 100
    first_contact_page: Literal[0, 1] = 1
    page_zero: Literal["first", "empty", "fault"] = "first"
    """What page 0 of contacts holds, where pages count from 1."""
    first_record: Literal[0, 1] = 0
    """Whether records of the change digest count from 0 or from 1."""
    untold_year: Literal["empty", "same", "fault"] = "empty"
    """The answer for a yearID in which no book year ends: nothing, the book year that it lies in, or a fault."""
    whole_period: Literal["shifted", "exact", "absurd"] = "shifted"
    """Bounds of a book year: a day late, as in the published sample, to the day, or nonsense."""
    result_carried: bool = True
    """Start balances hold the result of earlier years on an equity account."""
    calendar_periods: bool = False
    """periodId is the calendar month of the date, whatever the book year."""
    fiscal_corrections: bool = False
    """There are corrections for the tax return, which only the fiscal view shows."""
    escaped: bool = False
    """Results arrive as escaped text."""
    wrapped: bool = False
    """Ledger lines stand in an element of their own inside the result."""
    bare_contacts: bool = False
    """Contacts do not say whether they are customers or suppliers."""
    document_ids: bool = True
    """Lines name the document that they come from; without, only a number people know it by."""
    forgotten_in_digest: set[str] = field(default_factory=set)
    """Ids of lines that the change digest leaves out."""
    forbidden: set[str] = field(default_factory=set)
    """Operations for which the key's role has no right."""
