"""What every sync does, whatever it reads: extract and land, tell what failed, publish, clear away.

:mod:`assets.books` makes books of it, :mod:`assets.clients` a list of clients.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from assets.freshness import freshness
from assets.outcomes import Outcome, SyncOptions, log
from assets.progress import Progress
from connectors.catalog import package
from connectors.contract import Connector, Event, ExtractRequest
from foundation.errors import GrandlivreError, RateLimited, WrongInput
from registry.store import Link
from resources.delivered import DeliveredConnector
from resources.house import House
from resources.landing import Snapshot
from warehouse.bench import CheckResult
from warehouse.contract import LoadRecord
from warehouse.standing import Standing

_HEALTH = {kind: kind for kind in ("needs_login", "rate_limited", "vendor_down", "agent_offline")}


class Steps:
    """One sync of one dossier and what its steps hand to one another. A flow derives from it and has :meth:`run`."""

    def __init__(
        self, link: Link, house: House, options: SyncOptions, report: Progress, sync_id: str, started: datetime
    ) -> None:
        self.link, self.house, self.options, self.report = link, house, options, report
        self.sync_id, self.started = sync_id, started
        self.software = link.software
        self.since = link.transfer_date if link.mode == "from_date" else None
        self.work = house.home.scratch / link.dossier_id
        self.rows_read = self.rows_loaded = self.rows_deleted = self.calls = 0
        self.incremental = False
        self.as_of: datetime | None = None  # when the dossier was read, where that was not now

    def run(self) -> Outcome:
        """The flow. Raises what went wrong; nothing is loaded then."""
        raise NotImplementedError

    @contextmanager
    def _connected(self) -> Iterator[Connector]:
        """The connection's connector; one of the on-premise service reads what was delivered since it is wanted."""
        wanted = freshness(self.options.trigger, self.started)
        house = replace(self.house, sleep=self.report.sleep)
        with house.connector(
            self.link.connection_id, work=self.work, report=self.report, freshness=wanted
        ) as connector:
            yield connector

    def failed(self, error: GrandlivreError) -> Outcome:
        """The outcome of a sync that raised; the connection's health follows from the kind of error."""
        error.about(f"dossier {self.link.dossier_id}")
        error.next_step = error.next_step.replace("CONNECTION", self.link.connection_id)
        if error.kind in _HEALTH and not self.options.from_landing:
            try:
                self.house.registry.set_health(self.link.connection_id, _HEALTH[error.kind], error.cause)
            except GrandlivreError:
                log.warning("the health of connection %s could not be noted", self.link.connection_id)
        parked = isinstance(error, RateLimited) and error.resume_at is not None
        return Outcome(
            self.link.dossier_id,
            "parked" if parked else "failed",
            seconds=self._seconds(),
            vendor_calls=self.calls,
            sync_id=self.sync_id,
            error=error,
        )

    def _landed(self, connector: Connector, standing: Standing, *, afresh: bool = False) -> Snapshot:
        """Extract and land; or, from landing, the snapshot that the standing figures were made from.

        ``afresh`` reads everything, whatever stands.
        """
        landing, dossier = self.house.landing, self.link.dossier_id
        ours = standing.snapshot_id is not None and standing.link_id == self.link.link_id
        before = landing.snapshot(self.software, dossier, standing.snapshot_id or "", work=self.work) if ours else None
        if self.options.from_landing:
            if before is None:
                raise WrongInput(
                    "nothing is landed for this dossier and its present link",
                    next_step="Sync it once without --from-landing.",
                )
            return before
        self.report("extract", 0)
        kept = landing.kept(self.software, dossier, self.link.link_id, connector.resources, work=self.work)
        request = ExtractRequest(
            self.link.external_id,
            since=self.since,
            cursor=standing.cursor if before and not afresh else None,
            totals_only=self.link.mode == "totals",
            resume=kept.resume,
        )
        # What is always read whole is not read again when checks fail: it would say the same.
        self.incremental = request.cursor is not None and "incremental" in package(self.software).capabilities
        snapshot = landing.land(
            self.software,
            dossier,
            f"{self.sync_id}-afresh" if afresh else self.sync_id,
            connector.resources,
            self._announced(connector.extract(request)),
            work=self.work,
            previous=before,
            kept=kept,
        )
        self.house.registry.set_health(self.link.connection_id, "ok", None)
        self.as_of = connector.as_of if isinstance(connector, DeliveredConnector) else None
        self.rows_read += snapshot.rows_read
        return snapshot

    def _announced(self, events: Iterator[Event]) -> Iterator[Event]:
        """The connector's events, and word when they are through: what follows is no longer the vendor's time."""
        yield from events
        self.report("land", 0)

    def _record(
        self, snapshot: Snapshot, standing: Standing, calls: int, *, rules: str, cause: str, calendar: str = ""
    ) -> LoadRecord:
        """What the load writes beside the rows."""
        return LoadRecord(
            sync_id=self.sync_id,
            snapshot_id=snapshot.snapshot_id,
            cursor=snapshot.cursor,
            calendar=calendar,
            rules=rules,
            cause=cause,
            as_of=standing.as_of if self.options.from_landing else self.as_of,
            trigger=self.options.told_trigger,
            started_at=self.started,
            finished_at=self.house.now(),
            rows_read=self.rows_read,
            vendor_calls=calls,
            dagster_run_id=self.options.dagster_run_id,
        )

    def _unchanged(self, standing: Standing, calls: int) -> Outcome:
        self.house.warehouse.confirm(self.link.dossier_id, self.as_of or self.house.now())
        self._publish()
        return Outcome(
            self.link.dossier_id,
            "unchanged",
            lines=standing.lines,
            difference=standing.difference,
            seconds=self._seconds(),
            vendor_calls=calls,
            sync_id=self.sync_id,
        )

    def _synced(self, results: Sequence[CheckResult], lines: int, difference: Decimal | None = None) -> Outcome:
        return Outcome(
            self.link.dossier_id,
            "synced",
            lines=lines,
            difference=difference,
            seconds=self._seconds(),
            vendor_calls=self.calls,
            sync_id=self.sync_id,
            checks=tuple(results),
        )

    def _publish(self) -> None:
        self.report("publish", self.rows_loaded)
        if self.options.publish:
            self.house.warehouse.publish()

    def _prune(self, standing: Standing) -> None:
        """Clears old snapshots away; trouble with that is no reason for a sync to fail."""
        try:
            self.house.landing.prune(self.software, self.link.dossier_id, standing.snapshot_id or "")
        except (OSError, GrandlivreError) as error:
            log.warning("old snapshots of dossier %s stay: %s", self.link.dossier_id, error)

    def _seconds(self) -> float:
        return (self.house.now() - self.started).total_seconds()

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        """The dossier's own folder for unfinished files; what a crashed sync left there goes first."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        try:
            yield self.work
        finally:
            shutil.rmtree(self.work, ignore_errors=True)


def counted(stated: Mapping[str, int]) -> tuple[bool | None, int | None, str]:
    """The check of counts: the landing refuses fewer rows than were announced, so what is landed has them all."""
    if not stated:
        return None, None, "no counts were stated"
    told = ", ".join(f"{count} {name}" for name, count in sorted(stated.items()))
    return True, 0, f"all came that the package announced: {told}"
