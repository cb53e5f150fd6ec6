"""One sync of one dossier: link, the record of the run, and the flow of what its package tells.

Nothing here knows a package or a storage: the pieces live in their rooms. What becomes of books stands in
:mod:`assets.books`, of the client list of an administrative package in :mod:`assets.clients`; what the two share, in
:mod:`assets.steps`. A failure at any point leaves yesterday's figures standing; the run's record says what happened and
what to do.
"""

from __future__ import annotations

from datetime import datetime

from assets.books import BooksSync
from assets.clients import ClientsSync
from assets.outcomes import Outcome, SyncOptions, log, told
from assets.progress import Progress
from assets.steps import Steps
from connectors.catalog import package
from foundation.errors import RateLimited
from registry.store import Link
from resources.house import House, Report, silent

__all__ = ["Outcome", "SyncOptions", "sync_dossier", "told"]


def sync_dossier(dossier_id: str, house: House, options: SyncOptions | None = None, report: Report = silent) -> Outcome:
    """Syncs a dossier and records the run. A failed sync is an :class:`Outcome` with its error, never an exception, so
    that a hundred others can go on."""
    options = options or SyncOptions()
    started = house.now()
    try:
        link = house.registry.link(dossier_id)
        with house.registry.locks.dossier(dossier_id):
            return _recorded(link, house, options, report, started)
    except Exception as error:  # outside the record of a run: an unknown dossier, another sync of it, a broken registry
        outcome = Outcome(dossier_id, "failed", error=told(error).about(f"dossier {dossier_id}"))
        log.warning("%s", outcome.error)  # no record holds it
        return outcome


def _recorded(link: Link, house: House, options: SyncOptions, report: Report, started: datetime) -> Outcome:
    """Runs the sync between the start and the end of its record in the registry."""
    registry = house.registry
    sync_id = registry.start_run(
        dossier_id=link.dossier_id,
        link_id=link.link_id,
        trigger=options.told_trigger,
        mode=link.mode,
        window_start=link.transfer_date,
        dagster_run_id=options.dagster_run_id,
    )
    registry.mark_crashed(link.dossier_id, except_sync_id=sync_id)
    if link.wanted_first_sync:
        registry.mark_first_sync_requested(link.dossier_id)
    progress = Progress(house, link.dossier_id, sync_id, report)
    sync = _flow_of(link)(link, house, options, progress, sync_id, started)
    try:
        outcome = sync.run()
    except Exception as error:
        outcome = sync.failed(told(error))
    except BaseException:
        registry.finish_run(sync_id, status="failed", error_kind="interrupted", error_message="The sync was stopped.")
        raise
    error = outcome.error
    registry.finish_run(
        sync_id,
        status=outcome.status,
        rows_read=sync.rows_read,
        rows_loaded=sync.rows_loaded,
        rows_deleted=sync.rows_deleted,
        vendor_calls=outcome.vendor_calls,
        error_kind=error.kind if error else None,
        error_message=str(error) if error else None,
        next_retry_at=error.resume_at if isinstance(error, RateLimited) else None,
    )
    return outcome


def _flow_of(link: Link) -> type[Steps]:
    return ClientsSync if package(link.software).kind == "administrative" else BooksSync
