"""What people look at while they wait: how far a sync is, and the dossiers that a connection can see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from registry import portal_models as models
from registry.connections import Connections
from registry.portal_records import DossierList, SyncProgress
from registry.records import record

_AT_ONCE = 500


class Watching(Connections):
    """Progress of syncs, and lists of dossiers."""

    def note_asked(self, dossier_ids: Iterable[str], who: str, dagster_run_id: str | None = None) -> None:
        """Somebody asked for these syncs; ``dagster_run_id`` is the run that they go in, where that is known."""
        with self.writing() as session:
            for dossier_id in dossier_ids:
                row = self._progress_row(session, dossier_id)
                row.asked_at, row.asked_by, row.dagster_run_id = self.now(), who, dagster_run_id
                row.sync_id, row.stage, row.rows, row.waits_until, row.at = None, "asked", 0, None, self.now()

    def note_launched(self, dossier_ids: Iterable[str], dagster_run_id: str) -> None:
        """The syncs that were asked for go in this run of Dagster; what they have come to meanwhile stays noted."""
        theirs = models.SyncProgress.dossier_id.in_(list(dossier_ids))
        with self.writing() as session:
            session.execute(update(models.SyncProgress).where(theirs).values(dagster_run_id=dagster_run_id))

    def note_progress(
        self, dossier_id: str, sync_id: str, stage: str, rows: int, waits_until: datetime | None = None
    ) -> None:
        """The sync ``sync_id`` of a dossier is at ``stage``."""
        with self.writing() as session:
            row = self._progress_row(session, dossier_id)
            row.sync_id, row.stage, row.rows, row.waits_until = sync_id, stage, rows, waits_until
            row.at = self.now()

    def progress(self, dossier_ids: Collection[str]) -> dict[str, SyncProgress]:
        """What was last seen of the syncs of these dossiers; a sync that ended may still be in it (see its run)."""
        found: dict[str, SyncProgress] = {}
        wanted = list(dossier_ids)
        with self.reading() as session:
            for start in range(0, len(wanted), _AT_ONCE):
                part = models.SyncProgress.dossier_id.in_(wanted[start : start + _AT_ONCE])
                rows = session.scalars(select(models.SyncProgress).where(part))
                found.update({row.dossier_id: record(SyncProgress, row) for row in rows})
        return found

    def forget_progress(self, dossier_id: str) -> None:
        """Nothing is awaited of this dossier any more."""
        with self.writing() as session:
            session.execute(delete(models.SyncProgress).where(models.SyncProgress.dossier_id == dossier_id))

    def keep_dossier_list(self, connection_id: str, dossiers: Iterable[Mapping[str, Any]]) -> DossierList:
        """Keeps what a connection can see, in the place of what it could see before."""
        with self.writing() as session:
            row = session.get(models.DossierList, connection_id)
            if row is None:
                row = models.DossierList(connection_id=connection_id)
                session.add(row)
            row.dossiers, row.at = [dict(each) for each in dossiers], self.now()
            return _list(row)

    def dossier_list(self, connection_id: str) -> DossierList | None:
        """What a connection could see when it was last asked; None when it never was."""
        with self.reading() as session:
            row = session.get(models.DossierList, connection_id)
            return _list(row) if row else None

    def _progress_row(self, session: Session, dossier_id: str) -> models.SyncProgress:
        row = session.get(models.SyncProgress, dossier_id)
        if row is None:
            row = models.SyncProgress(dossier_id=dossier_id)
            session.add(row)
        return row


def _list(row: models.DossierList) -> DossierList:
    return DossierList(row.connection_id, tuple(row.dossiers), row.at)
