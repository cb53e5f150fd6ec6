"""The service as a whole: its parts put together, run until it is told to stop, or for one round.

Everything that it does may be cut off at any moment: what was read is in the spool, what was sent is at the hub, and
what was half done is done again. So a stop need not wait for a long reading to end.
"""

from __future__ import annotations

import threading
import time

from agent import machine
from agent.clock import Clock
from agent.heartbeat import Heartbeat
from agent.hub import Hub
from agent.reading import Reader, open_source
from agent.settings import Settings
from agent.spool import Spool
from agent.survey import Survey
from agent.tokens import TokenFile
from agent.worker import Worker

STOP_SECONDS = 3.0


class Service:
    """``run`` in one thread, ``stop`` from any other. Both lines to the hub are its own: one works, one reports."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._spool = Spool(settings.spool, settings.limits)
        scratch = self._spool.scratch / "survey"
        self._survey = Survey(
            settings.sources,
            self._spool.index,
            self._clock,
            lambda source: open_source(settings, source, self._clock, scratch),
        )
        tokens = TokenFile(settings.token_file)
        tokens.read(settings.hub)  # a server that is not enrolled says so at once
        self._hubs = [Hub(settings.hub, tokens, ca_file=settings.ca_file, now=self._clock.now) for _ in range(2)]
        reader = Reader(settings, self._spool, self._clock)
        self._worker = Worker(self._hubs[0], self._spool, reader, self._survey, self._clock, settings.limits)
        self._heartbeat = Heartbeat(
            self._hubs[1], self._spool, self._survey, self._clock, lambda: self._worker.last_error
        )

    def run(self) -> bool:
        """Works until :meth:`stop`; true when all of it came to an end then. Raises Busy when the spool is taken."""
        machine.lower_priority()
        with self._spool.taken():
            threads = [threading.Thread(target=each, daemon=True) for each in (self._work, self._report)]
            for thread in threads:
                thread.start()
            self._clock.stopping.wait()
            until = time.monotonic() + STOP_SECONDS
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))
            self._spool.end()  # what is cut off here has not taken the service down
        self._close()
        return not any(thread.is_alive() for thread in threads)

    def once(self) -> str | None:
        """One round: looks for dossiers, reports, reads and sends what the hub wants now. Returns what went wrong."""
        machine.lower_priority()
        with self._spool.taken():
            self._survey.complete()
            self._heartbeat.beat()
            self._worker.until_done()
        self._close()
        troubles = [f"source {source.name}: {source.trouble}" for source in self._survey.sources() if source.trouble]
        return self._worker.last_error or next(iter(troubles), None)

    def stop(self) -> None:
        self._clock.stopping.set()

    def _work(self) -> None:
        while not self._clock.stopped:
            self._worker.round()

    def _report(self) -> None:
        while not self._clock.stopped:
            self._clock.sleep(self._heartbeat.beat())

    def _close(self) -> None:
        for hub in self._hubs:
            hub.close()
