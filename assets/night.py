"""Many dossiers in one run: what need not be tried, and what is not worth trying.

* A dossier that was read since the night began is skipped: no vendor is called and no database opened. A run that is
  taken up again after a crash so does only what is missing.
* A run that loads what the on-premise services delivered leaves those dossiers of its range alone of which nothing
  arrived and whose figures are good.
* Once a package refused a connection's sign-in, nothing that runs by itself tries it again, in this run or another,
  until somebody signs in (or syncs a dossier of it by hand and is let in).
* Once a package did not answer for five dossiers of a connection in a row, the rest of the run does not ask it.

What is not tried has failed, and is recorded so, with the reason: nobody should think that it was read.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from assets.freshness import ARRIVED, UNATTENDED
from assets.sync import Outcome, SyncOptions, sync_dossier, told
from foundation.errors import GrandlivreError, SignInAgain, VendorDown, WrongInput
from registry.models import GOOD
from registry.store import Connection, Link
from resources.house import House, Report, silent

UNLESS_SYNCED_SINCE_TAG = "grandlivre/unless_synced_since"
DOWN_AFTER = 5  # failures in a row of one connection, after which the package is taken to be down


class Night:
    """The syncs of one run, by several threads. ``since`` is the moment from which a sync is fresh enough."""

    def __init__(self, house: House, software: str, options: SyncOptions, since: datetime | None = None) -> None:
        self._house, self._options = house, options
        self._links: Mapping[str, Link] = {link.dossier_id: link for link in house.registry.links(software)}
        self._fresh = house.registry.good_since(software, since) if since and not options.from_landing else {}
        self._idle = _idle(house, software) if options.trigger == ARRIVED else frozenset[str]()
        self._silences = Silences()

    def sync(self, dossier_id: str, report: Report = silent) -> Outcome:
        """Syncs a dossier, unless there is a reason not to. Never raises, like :func:`assets.sync.sync_dossier`."""
        fresh = self._fresh.get(dossier_id)
        if fresh is not None:
            return Outcome(dossier_id, "skipped", sync_id=fresh.sync_id)
        if dossier_id in self._idle:
            return Outcome(dossier_id, "skipped")
        link = self._links.get(dossier_id)
        if link is None or self._options.from_landing:
            return sync_dossier(dossier_id, self._house, self._options, report)
        try:
            reason = self._reason_not_to(link)
            if reason is not None:
                return self._refused(link, reason)
        except Exception as error:  # a registry that does not answer
            return Outcome(dossier_id, "failed", error=told(error).about(f"dossier {dossier_id}"))
        outcome = sync_dossier(dossier_id, self._house, self._options, report)
        self._silences.hear(link.connection_id, outcome.error)
        return outcome

    def _reason_not_to(self, link: Link) -> GrandlivreError | None:
        if self._options.trigger in UNATTENDED:
            connection = self._house.registry.connection(link.connection_id)
            if connection.refused:
                return refusal(connection)
        return self._silences.reason(link.connection_id)

    def _refused(self, link: Link, reason: GrandlivreError) -> Outcome:
        reason.about(f"dossier {link.dossier_id}")
        sync_id = self._house.registry.note_refused(
            link.dossier_id, self._options.trigger, reason.kind, str(reason), self._options.dagster_run_id
        )
        return Outcome(link.dossier_id, "failed", sync_id=sync_id, error=reason)


class Silences:
    """Counts, per connection, the failures in a row in which the package did not answer. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row: Counter[str] = Counter()
        self._last: dict[str, str] = {}

    def hear(self, connection_id: str, error: GrandlivreError | None) -> None:
        """Hears how a sync over the connection ended. Any other end than silence is an answer."""
        with self._lock:
            if isinstance(error, VendorDown):
                self._in_a_row[connection_id] += 1
                self._last[connection_id] = error.cause
            else:
                self._in_a_row[connection_id] = 0

    def reason(self, connection_id: str) -> VendorDown | None:
        """Why the package is not asked again; None as long as it is."""
        with self._lock:
            count = self._in_a_row[connection_id]
            if count < DOWN_AFTER:
                return None
            return VendorDown(
                f"not tried: the package did not answer for {count} dossiers of connection {connection_id} in a row "
                f"({self._last[connection_id]})"
            )


def _idle(house: House, software: str) -> frozenset[str]:
    """The dossiers whose figures are good, and of which nothing arrived that no sync has used."""
    arrived = {link.dossier_id for link, _ in house.registry.arrived()}
    latest = house.registry.latest_runs(software=software)
    return frozenset(key for key, run in latest.items() if run.status in GOOD and key not in arrived)


def refusal(connection: Connection) -> SignInAgain:
    """What a dossier of a refused connection fails with: the reason that the connection was refused for."""
    return SignInAgain(
        connection.health_detail or f"the package no longer accepts the sign-in of connection {connection.id}",
        next_step=f"Sign in again with: grandlivre reconnect {connection.id}.",
    )


def fresh_since(tags: Mapping[str, str]) -> datetime | None:
    """The moment in a run's tags from which a sync is fresh enough; None without one. Raises WrongInput for a text that
    is not a moment with its zone."""
    text = tags.get(UNLESS_SYNCED_SINCE_TAG)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise WrongInput(
            f"the tag {UNLESS_SYNCED_SINCE_TAG} is {text!r}", next_step="Give a moment like 2025-01-31T01:00:00+01:00."
        )
    return moment
