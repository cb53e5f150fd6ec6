"""How far a sync is, noted in the registry for whoever looks: in pages, from any process, at any time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from foundation.errors import GrandlivreError
from resources.house import House, Report

_EVERY = 1.0  # seconds between two notes; a sync that is over sooner leaves none, so a night of thousands pays nothing
_LONG = 2.0  # seconds of a wait that people are told of

log = logging.getLogger("grandlivre.sync")


class Progress:
    """Hears of a sync's progress, notes it, and passes it on to ``report``.

    Trouble with a note is none of the sync: the figures matter more than who watches them come.
    """

    def __init__(
        self,
        house: House,
        dossier_id: str,
        sync_id: str,
        report: Report,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._house, self._dossier_id, self._sync_id = house, dossier_id, sync_id
        self._report, self._clock = report, clock
        self._noted_at = clock()
        self._stage, self._rows = "link", 0

    def __call__(self, stage: str, rows: int) -> None:
        self._report(stage, rows)
        self._stage, self._rows = stage, rows
        if self._clock() - self._noted_at >= _EVERY:
            self._note()

    def sleep(self, seconds: float) -> None:
        """Sleeps; of a long wait people hear until when it lasts."""
        if seconds < _LONG:
            self._house.sleep(seconds)
            return
        self._note(self._house.now() + timedelta(seconds=seconds))
        self._house.sleep(seconds)
        self._note()

    def _note(self, waits_until: datetime | None = None) -> None:
        self._noted_at = self._clock()
        try:
            self._house.registry.note_progress(self._dossier_id, self._sync_id, self._stage, self._rows, waits_until)
        except GrandlivreError as error:
            log.warning("the progress of dossier %s is not noted: %s", self._dossier_id, error)
