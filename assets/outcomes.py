"""How a sync is asked for, and what became of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal

from foundation.disk import is_full
from foundation.errors import Busy, GrandlivreError, ReportABug
from registry.sync_runs import FROM_LANDING
from warehouse.bench import CheckResult

log = logging.getLogger("grandlivre.sync")


@dataclass(frozen=True)
class SyncOptions:
    """How a sync is asked for. ``from_landing`` calls no vendor; ``accept_empty`` confirms a dossier that shrank;
    without ``publish`` the caller publishes, once for many dossiers."""

    trigger: str = "manual"
    from_landing: bool = False
    accept_empty: bool = False
    publish: bool = True
    dagster_run_id: str | None = None

    @property
    def told_trigger(self) -> str:
        """What records say: figures made again from landing are no fresher, whoever asked for them."""
        return FROM_LANDING if self.from_landing else self.trigger


@dataclass(frozen=True)
class Outcome:
    """What became of a sync. ``status`` is synced, unchanged, parked (to resume at a time) or failed; or skipped, when
    there was none because an earlier one is fresh enough.

    ``lines`` are ledger lines, or clients of a client list. ``difference`` is the sum of absolute differences from the
    package's own balances, None without evidence.
    """

    dossier_id: str
    status: str
    lines: int = 0
    difference: Decimal | None = None
    seconds: float = 0.0
    vendor_calls: int = 0
    sync_id: str | None = None
    error: GrandlivreError | None = None
    checks: tuple[CheckResult, ...] = ()

    @property
    def good(self) -> bool:
        return self.status in ("synced", "unchanged", "skipped")


def told(error: Exception) -> GrandlivreError:
    """An unexpected error as one of the tree: a full disk is waited for, anything else is reported."""
    if isinstance(error, GrandlivreError):
        return error
    log.error("unexpected in a sync", exc_info=error)
    if is_full(error):
        return Busy("the disk is full", next_step="Free space below the state folder, then sync again.")
    return ReportABug(f"{type(error).__name__}: {str(error)[:300]}")
