"""How the sandbox is made to deviate: limits, what differs between versions, and what is not sure of the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """The defaults are a healthy vendor as its pages describe it."""

    part_size: int = 101
    """An answer of more objects, nested ones included, is cut; its last object may be cut through."""
    access_life: timedelta = timedelta(seconds=900)
    expires_in: str | int | None = ""
    """What the token call tells of it; empty: the true number of seconds, as a text."""
    refusal_of_folder: int = 404
    """The status for a folder that is not known."""
    ids_only: bool = False
    """Up to version 2.4: related objects are named by their id alone, not by their code."""
    account_name: str = "Name"
    """The property that names an account."""
    year_dates: tuple[str, str] | None = None
    """The properties that tell a book year's first and last day, where it does."""
    aggregates: bool = True
    """Whether criteria may count and sum."""
    by_modified: bool = True
    """Whether criteria may ask by the moment of a change."""
    blind_to_modified: bool = False
    """A condition on the moment of a change is taken and nothing is found by it."""
    closing_periods: bool = True
    """Whether book years have a period for closing behind the last month; without it nothing is closed."""
    iso_dates: bool = False
    """Dates are told as 2025-03-31T00:00:00."""
    openings_from: str = ""
    """Book years whose label is less have no opening entries, but the first; empty: all have them."""
    missing_lines: int = 0
    """So many lines are counted and never sent."""
    unknown_fields: bool = False
    """Objects carry properties that no page describes."""
