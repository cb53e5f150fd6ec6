"""How the sandbox is made to fail: the vendor's own ways, and those of the network between."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.sandbox import vendor


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy vendor with a large allowance."""

    minute_limit: int = 100_000
    second_limit: int = 100_000
    cells: int = 400_000
    """Cells (rows times columns) that a report may have; behind them one row says that there is more."""
    silent: bool = False
    """What is over the cap is left out without that row."""
    heavy: int = 0
    """A report with more cells than this is not ready in time: 504. Zero stands for no such bound."""
    objects: int = 1000
    """Objects that change data capture tells at most."""
    multi_currency: bool = True
    numbers: bool = True
    """Accounts have numbers, and the company uses them."""
    nested: bool = False
    """An account is a sub-account of another, and reports nest it."""
    header_ids: bool = True
    """Sections of the general ledger tell their account's id, not only its name."""
    plain_columns: bool = False
    """Columns tell their key in ``ColType``, without ``MetaData``."""
    child_rows: bool = False
    """A report of some accounts has their sub-accounts, too."""
