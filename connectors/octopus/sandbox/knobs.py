"""How the sandbox is made to deviate: the vendor's limits, and oddities that real dossiers have."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """The defaults are a healthy vendor with its published limits."""

    calls_a_day: dict[str, int] = field(
        default_factory=lambda: {
            "accounts": 2,
            "accounts/modified": 48,
            "accounts/amounts/modified": 48,
            "relations/modified": 48,
            "bookings/modified": 48,
        }
    )
    """Calls per dossier and day, by endpoint; what is not named has no limit."""
    noise: bool = True
    """Some amounts carry the noise of doubles: 100.30000000000001."""
    keys_as_objects: bool = False
    """Balances name their account by an object with an id rather than by a number."""
    cumulative: bool = False
    """Balances tell what an account stands at in the end of a period, not what moved in it."""
    carries_over: bool = False
    """The first balance of a later bookyear holds what balance accounts were carried over with."""
    keyless_records: bool = False
    """Lists hold records without their key."""
    unknown_fields: bool = False
    """Rows carry fields that no page describes."""
    missing_lines: int = 0
    """So many lines are missing from the answers."""
