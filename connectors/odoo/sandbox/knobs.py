"""What a sandbox's Odoo is, and how it can be made to deviate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """The defaults are a healthy server of version 19."""

    version: int = 19
    year_records: bool = True
    """A module keeps fiscal years as records (Enterprise, or account_fiscal_year of the OCA)."""
    accounting_rights: bool = True
    """Whether the user may read the ledger."""
    float_noise: bool = False
    """Amounts carry the noise of doubles: 100.30000000000001."""
    hidden_lines: int = 0
    """So many lines are missing from answers with rows although they are counted."""
    while_paging: Callable[[str, int], None] | None = None
    """Called with the model and the number of rows that were sent, after each page of rows."""
