"""Sync runs: what ran, what it did, what failed; the truth that every other view is a projection of."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from foundation.errors import ReportABug
from registry import models
from registry.links import Links
from registry.records import NOT_TRIED, StaleDossier, SyncRun, record

FROM_LANDING = "from_landing"
"""The trigger of a sync that made figures again from what was landed, and asked no package."""


class SyncRuns(Links):
    """The runs of all dossiers. Of two runs of a dossier the one with the greater sync id started later."""

    def start_run(
        self,
        dossier_id: str,
        link_id: str,
        trigger: str,
        mode: str,
        window_start: date | None = None,
        dagster_run_id: str | None = None,
    ) -> str:
        """Notes that a sync starts, status ``running``; returns its id, ``[a-z0-9-]`` and sortable by time."""
        started = self.now()
        with self.writing() as session:
            link = session.get(models.Link, link_id)
            if link is None or link.dossier_id != dossier_id:
                raise ReportABug(f"link {link_id} is not of dossier {dossier_id}")
            row = self._begun(session, link, started, trigger, mode, window_start, dagster_run_id)
            return row.sync_id

    def finish_run(
        self,
        sync_id: str,
        status: str,
        *,
        rows_read: int = 0,
        rows_loaded: int = 0,
        rows_deleted: int = 0,
        vendor_calls: int = 0,
        error_kind: str | None = None,
        error_message: str | None = None,
        next_retry_at: datetime | None = None,
    ) -> SyncRun:
        """Notes how a running sync ended. The message is kept without anything that looks like a secret, and without
        the connection's own secrets. Raises ReportABug for a run that is not running."""
        if status not in models.FINISHED:
            raise ReportABug(f"{status!r} is not an end of a sync")
        with self.writing() as session:
            row = session.get(models.SyncRun, sync_id)
            if row is None or row.status != "running":
                raise ReportABug(f"sync {sync_id} is {row.status if row else 'unknown'} and cannot end as {status}")
            if error_message:
                link = session.get_one(models.Link, row.link_id)
                row.error_message = self._clean(error_message, link.connection)
            row.status, row.finished_at, row.error_kind = status, self.now(), error_kind
            row.rows_read, row.rows_loaded, row.rows_deleted = rows_read, rows_loaded, rows_deleted
            row.vendor_calls, row.next_retry_at = vendor_calls, next_retry_at
            return record(SyncRun, row)

    def note_refused(
        self, dossier_id: str, trigger: str, kind: str, message: str, dagster_run_id: str | None = None
    ) -> str:
        """Notes a sync that failed without being tried, because its connection is known not to work; returns its id.

        ``kind`` and ``message`` are those of the error, as for :meth:`finish_run`.
        """
        with self.writing() as session:
            link = self.link_row(session, dossier_id)
            moment = self.now()
            row = self._begun(session, link, moment, trigger, link.mode, link.transfer_date, dagster_run_id)
            row.status, row.finished_at = "failed", moment
            row.error_kind, row.error_message = kind, self._clean(message, link.connection)
            return row.sync_id

    def mark_crashed(self, dossier_id: str, *, except_sync_id: str | None = None) -> list[str]:
        """Ends what a dead process left running, as failed of kind ``crashed``; returns the sync ids.

        To be called while holding the dossier: then no other run of it can be alive.
        """
        running = select(models.SyncRun).where(
            models.SyncRun.dossier_id == dossier_id, models.SyncRun.status == "running"
        )
        with self.reading() as session:
            if all(row.sync_id == except_sync_id for row in session.scalars(running)):
                return []  # as on most nights; writing would cost a wait for the disk
        with self.writing() as session:
            rows = [row for row in session.scalars(running) if row.sync_id != except_sync_id]
            for row in rows:
                row.status, row.finished_at, row.error_kind = "failed", self.now(), "crashed"
                row.error_message = "The process that ran this sync ended before the sync did. Sync again."
            return [row.sync_id for row in rows]

    def running(self, since: datetime) -> list[SyncRun]:
        """The runs that started at or after ``since`` and are said to be at work, oldest first."""
        query = select(models.SyncRun).where(
            models.SyncRun.status == "running", models.SyncRun.sync_id >= first_id(since)
        )
        with self.reading() as session:
            return [record(SyncRun, row) for row in session.scalars(query.order_by(models.SyncRun.sync_id))]

    def last_run(self, dossier_id: str) -> SyncRun | None:
        """The latest run, also when it is still running; None when there is none."""
        return next(iter(self.runs(dossier_id, limit=1)), None)

    def last_good_run(self, dossier_id: str) -> SyncRun | None:
        """The latest run that left the figures as the package had them (``synced`` or ``unchanged``)."""
        return self.latest_runs(models.GOOD, dossier_id=dossier_id).get(dossier_id)

    def runs(
        self,
        dossier_id: str | None = None,
        since: datetime | None = None,
        limit: int | None = 100,
        *,
        trigger: str | None = None,
        dagster_run_id: str | None = None,
    ) -> list[SyncRun]:
        """Runs, the latest first; of one dossier, one trigger or one run of Dagster, and started at or after ``since``,
        when asked. ``limit`` None gives them all."""
        query = select(models.SyncRun).order_by(models.SyncRun.sync_id.desc()).limit(limit)
        if dossier_id is not None:
            query = query.where(models.SyncRun.dossier_id == dossier_id)
        if since is not None:
            # The id is never earlier than the start, and it has an index: years of runs are not looked through.
            query = query.where(models.SyncRun.started_at >= since, models.SyncRun.sync_id >= first_id(since))
        if trigger is not None:
            query = query.where(models.SyncRun.trigger == trigger)
        if dagster_run_id is not None:
            query = query.where(models.SyncRun.dagster_run_id == dagster_run_id)
        with self.reading() as session:
            return [record(SyncRun, row) for row in session.scalars(query)]

    def run(self, sync_id: str) -> SyncRun | None:
        """One run by its id."""
        with self.reading() as session:
            row = session.get(models.SyncRun, sync_id)
            return record(SyncRun, row) if row else None

    def latest_runs(
        self,
        statuses: Sequence[str] = models.FINISHED,
        *,
        software: str | None = None,
        firm: str | None = None,
        dossier_id: str | None = None,
        asked: bool = False,
    ) -> dict[str, SyncRun]:
        """For each dossier its latest run that is at one of ``statuses``, in one question for all of them; with
        ``asked`` only runs that asked the package, which those from landing do not."""
        latest = select(func.max(models.SyncRun.sync_id)).where(models.SyncRun.status.in_(statuses))
        if asked:
            latest = latest.where(models.SyncRun.trigger != FROM_LANDING)
        if software is not None:
            latest = latest.where(models.SyncRun.software == software)
        if firm is not None:
            latest = latest.where(models.SyncRun.firm_id == self.firm(firm).firm_id)
        if dossier_id is not None:
            latest = latest.where(models.SyncRun.dossier_id == dossier_id)
        chosen = latest.group_by(models.SyncRun.dossier_id).scalar_subquery()
        with self.reading() as session:
            rows = session.scalars(select(models.SyncRun).where(models.SyncRun.sync_id.in_(chosen)))
            return {row.dossier_id: record(SyncRun, row) for row in rows}

    def good_since(self, software: str, since: datetime) -> dict[str, SyncRun]:
        """For each linked dossier of a package the latest run, through its present link, that asked the package at or
        after ``since`` and left the figures good. A dossier without one is not in it."""
        query = (
            select(models.SyncRun)
            .join(models.Link, models.Link.link_id == models.SyncRun.link_id)
            .where(
                models.Link.active,
                models.SyncRun.software == software,
                models.SyncRun.status.in_(models.GOOD),
                models.SyncRun.trigger != FROM_LANDING,
                models.SyncRun.started_at >= since,
                models.SyncRun.sync_id >= first_id(since),
            )
            .order_by(models.SyncRun.sync_id)
        )
        with self.reading() as session:
            return {row.dossier_id: record(SyncRun, row) for row in session.scalars(query)}

    def waiting(self, software: str, since: datetime) -> list[SyncRun]:
        """Where a dossier's latest run, started at or after ``since``, failed or is parked: those runs, oldest first.

        Only runs through the dossier's present link. Those of a connection that needs a sign-in are left out: they wait
        for a person, not for a later try.
        """
        later = aliased(models.SyncRun)
        query = (
            select(models.SyncRun)
            .join(models.Link, models.Link.link_id == models.SyncRun.link_id)
            .join(models.Link.connection)
            .where(
                models.Link.active,
                or_(models.Connection.health != "needs_login", models.Connection.health_detail == NOT_TRIED),
                models.SyncRun.software == software,
                models.SyncRun.status.in_(("failed", "parked")),
                models.SyncRun.started_at >= since,
                models.SyncRun.sync_id >= first_id(since),
                ~select(later.sync_id)
                .where(later.dossier_id == models.SyncRun.dossier_id, later.sync_id > models.SyncRun.sync_id)
                .exists(),
            )
            .order_by(models.SyncRun.sync_id)
        )
        with self.reading() as session:
            return [record(SyncRun, row) for row in session.scalars(query)]

    def failed_now(self, software: str | None = None) -> list[SyncRun]:
        """The dossiers that are broken now: the latest finished run of each linked dossier, where it failed."""
        linked = {link.dossier_id for link in self.links(software)}
        latest = self.latest_runs().values()
        failed = [run for run in latest if run.status == "failed" and run.dossier_id in linked]
        return sorted(failed, key=lambda run: run.dossier_id)

    def parked_now(self, software: str | None = None, *, due_by: datetime | None = None) -> list[SyncRun]:
        """The dossiers that wait for a vendor's budget: the latest finished run of each linked dossier, where it was
        parked, the first to resume first. With ``due_by``, those that may go on at that moment (``next_retry_at``)."""
        linked = {link.dossier_id for link in self.links(software)}
        parked = [r for r in self.latest_runs().values() if r.status == "parked" and r.dossier_id in linked]
        due = [r for r in parked if due_by is None or (r.next_retry_at is not None and r.next_retry_at <= due_by)]
        return sorted(due, key=lambda run: (run.next_retry_at is None, run.next_retry_at, run.dossier_id))

    def stale(self, software: str | None, older_than: timedelta) -> list[StaleDossier]:
        """Linked dossiers whose figures are older than ``older_than``, the oldest first.

        Figures are as old as the start of the last good run that asked the package. A dossier that never synced well
        counts from its link.
        """
        limit = self.now() - older_than
        good = self.latest_runs(models.GOOD, asked=True)
        found: list[StaleDossier] = []
        for link in self.links(software):
            as_of = good[link.dossier_id].started_at if link.dossier_id in good else None
            if (as_of or link.linked_at) < limit:
                found.append(StaleDossier(link.dossier_id, link.software, link.firm_id, as_of))
        return sorted(found, key=lambda each: (each.figures_as_of is not None, each.figures_as_of, each.dossier_id))

    def _begun(
        self,
        session: Session,
        link: models.Link,
        moment: datetime,
        trigger: str,
        mode: str,
        window_start: date | None,
        dagster_run_id: str | None,
    ) -> models.SyncRun:
        """The row of a run that starts at ``moment``, with an id after those of the dossier's other runs."""
        before = select(func.max(models.SyncRun.sync_id)).where(models.SyncRun.dossier_id == link.dossier_id)
        row = models.SyncRun(
            sync_id=_new_sync_id(moment, session.scalar(before)),
            dossier_id=link.dossier_id,
            link_id=link.link_id,
            firm_id=link.firm_id,
            software=link.software,
            trigger=trigger,
            mode=mode,
            window_start=window_start,
            started_at=moment,
            status="running",
            rows_read=0,
            rows_loaded=0,
            rows_deleted=0,
            vendor_calls=0,
            dagster_run_id=dagster_run_id,
        )
        session.add(row)
        return row


_STAMP = "%Y%m%dt%H%M%S%f"


def first_id(moment: datetime) -> str:
    """What every id of a sync started at or after ``moment`` sorts after."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None):{_STAMP}}"


def _new_sync_id(moment: datetime, before: str | None) -> str:
    """``20250131t235959123456-9f3a1c``: the moment to the microsecond in UTC, and what makes it unique.

    It sorts after ``before`` even when the clock was set back in between.
    """
    stamp = moment.astimezone(UTC).replace(tzinfo=None)
    if before is not None:
        stamp = max(stamp, datetime.strptime(before.split("-")[0], _STAMP) + timedelta(microseconds=1))  # noqa: DTZ007
    return f"{stamp:{_STAMP}}-{secrets.token_hex(3)}"
