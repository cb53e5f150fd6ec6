"""Reports how the service fares, on the interval that the hub says, and renews the token when it asks for that."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent import machine
from agent.clock import Backoff, Clock
from agent.hub import Hub
from agent.protocol import Report
from agent.spool import Spool
from agent.survey import Survey
from foundation.errors import GrandlivreError

SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 3600.0
LOOKING_SECONDS = 15.0
"""While the dossiers are looked for, what is found is told soon."""
_log = logging.getLogger(__name__)


class Heartbeat:
    """``last_error`` gives what the work met last."""

    def __init__(
        self,
        hub: Hub,
        spool: Spool,
        survey: Survey,
        clock: Clock,
        last_error: Callable[[], str | None],
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self._hub, self._spool, self._survey, self._clock = hub, spool, survey, clock
        self._last_error = last_error
        self._away = backoff or Backoff(clock)
        self._started_at = clock.now()

    def beat(self) -> float:
        """Reports once; returns after how many seconds the next report is due."""
        try:
            reported = self._hub.report(self.report())
            if reported.renew_token:
                self._hub.renew()
                _log.info("the token was renewed")
        except GrandlivreError as error:
            seconds = self._away.failed(getattr(error, "resume_in", None))
            _log.warning("%s Next report in %.0f s.", error, seconds)
            return seconds
        except Exception:
            _log.exception("unexpected")
            return self._away.failed()
        self._away.succeeded()
        longest = LOOKING_SECONDS if self._survey.is_looking else LONGEST_SECONDS
        return min(max(reported.next_in_seconds, SHORTEST_SECONDS), longest)

    def report(self) -> Report:
        return Report(
            version=machine.service_version(),
            host=machine.host(),
            system=machine.system(),
            started_at=self._started_at,
            sources=self._survey.sources(),
            spool_bytes=self._spool.bytes,
            free_bytes=self._spool.free_bytes,
            last_error=self._last_error(),
        )
