"""What the service does next: one thing at a time, what a person waits for first.

Each :meth:`Worker.round` does one of these, in this order: reads and sends a dossier that is urgent, sends one that
waits in the spool, looks into one folder, reads a dossier for the night; and otherwise waits for the hub to ask. While
the hub is away it reads on what was asked before, until the spool is full. A long upload makes room between two chunks
for what a person waits for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import time

import msgspec

from agent.clock import Backoff, Clock
from agent.hub import Hub
from agent.protocol import CHUNK, Delivery, Refusal, Request
from agent.reading import NoSpace, Reader, Stopped
from agent.settings import Limits
from agent.spool import Spool
from agent.survey import Survey
from agent.troubles import HubDown, NoRoom, Refused
from agent.upload import Interrupted, upload
from foundation.errors import GrandlivreError
from foundation.secrets import redact

ASK_EVERY_SECONDS = 10.0
"""How often the hub is asked while there is other work."""
WAIT_SECONDS = 25.0
"""How long the hub may hold a question when there is none."""
HELD_SECONDS = 900.0
"""How long a delivery waits for which the hub has no room."""
DONE_SECONDS = 600.0
"""How long a request that was answered is not met again, should the hub still list it."""
_log = logging.getLogger(__name__)


class Worker:
    """One service's work. ``last_error`` is told in its reports, until something is brought to the hub again."""

    def __init__(
        self,
        hub: Hub,
        spool: Spool,
        reader: Reader,
        survey: Survey,
        clock: Clock,
        limits: Limits,
        *,
        local_time: Callable[[], time] | None = None,
        away: Backoff | None = None,
        sending: Backoff | None = None,
        chunk_bytes: int = CHUNK,
    ) -> None:
        self._hub, self._spool, self._reader, self._survey = hub, spool, reader, survey
        self._clock, self._limits, self._chunk_bytes = clock, limits, chunk_bytes
        self._local_time = local_time or (lambda: clock.now().astimezone().time())
        self._away, self._sending = away or Backoff(clock), sending or Backoff(clock)
        self._asked: dict[str, Request] = {}
        self._ask_at = 0.0
        self._held: dict[str, float] = {}
        self._done: dict[str, float] = {}
        self._too_big: set[str] = set()
        self._whole: set[str] = set()
        self.last_error: str | None = None

    def round(self, *, wait: float = WAIT_SECONDS) -> bool:
        """Does the next thing; false when there was nothing to do but wait."""
        try:
            return self._round(wait)
        except Stopped:
            return False
        except HubDown as error:
            self._note(error)
            pause = self._away.failed(error.resume_in)
            _log.warning("%s Next try in %.0f s.", error, pause)
        except GrandlivreError as error:  # a token taken back, a protocol too old: a person must act, perhaps has
            self._note(error)
            _log.error("%s Next try in %.0f s.", error, self._away.failed())
        except Exception as error:
            _log.exception("unexpected")
            self._note(error)
            self._clock.sleep(ASK_EVERY_SECONDS)
        return False

    def _round(self, wait: float) -> bool:
        if self._clock.monotonic() >= self._ask_at:
            self.ask(0)
        waiting = self._spool.deliveries()
        if request := self._next(waiting, urgent=True):
            return self._read(request)
        if delivery := self._next_delivery(waiting):
            return self._send(delivery)
        if self._survey.step():
            return True
        quiet = self._limits.is_quiet(self._local_time())
        if not quiet and (request := self._next(waiting, urgent=False)):
            return self._read(request)
        pause = min(wait, self._survey.wait, self._sending.remaining or wait)
        if self._away.remaining:
            self._clock.sleep(min(self._away.remaining, max(pause, 1.0)))
        elif self._asked or 0 < pause < 1:  # wishes that cannot be met now would be answered at once
            self._clock.sleep(min(ASK_EVERY_SECONDS, max(pause, 1.0)))
        else:
            began = self._clock.monotonic()
            self.ask(pause)
            if not self._asked and pause and self._clock.monotonic() - began < 1:  # a hub that does not wait
                self._clock.sleep(min(ASK_EVERY_SECONDS, pause))
        return False

    def until_done(self) -> None:
        """Does all that can be done now, once."""
        while not self._clock.stopped and self.round(wait=0):
            pass

    def ask(self, wait: float) -> None:
        """Asks the hub what it wants, if it is there."""
        if self._away.remaining:
            return
        now = self._clock.monotonic()
        self._done = {request_id: until for request_id, until in self._done.items() if until > now}
        wanted = self._hub.requests(wait)
        self._asked = {each.request_id: each for each in wanted if each.request_id not in self._done}
        self._away.succeeded()
        self._ask_at = self._clock.monotonic() + ASK_EVERY_SECONDS

    def _next(self, waiting: list[Delivery], *, urgent: bool) -> Request | None:
        """The first request that is not met by a delivery that waits, if there is room for it."""
        passed = {delivery.request_id for delivery in waiting} | (self._too_big if waiting else set())
        wanted = (each for each in self._asked.values() if each.urgent is urgent and each.request_id not in passed)
        found = next(wanted, None)
        if found and waiting and (short := self._spool.shortage()):
            self._note_shortage(short)
            return None
        return found

    def _next_delivery(self, waiting: list[Delivery]) -> Delivery | None:
        if self._away.remaining or self._sending.remaining:
            return None
        now = self._clock.monotonic()
        ready = [delivery for delivery in waiting if self._held.get(delivery.delivery_id, now) <= now]
        urgent = {request.request_id for request in self._asked.values() if request.urgent}
        return min(ready, key=lambda delivery: delivery.request_id not in urgent, default=None)

    def _read(self, request: Request) -> bool:
        if request.request_id in self._whole:
            request = msgspec.structs.replace(request, cursor=None)
        try:
            refusal = self._reader.read(request)
        except NoSpace as short:
            self._too_big.add(request.request_id)
            self._note_shortage(str(short))
            return True
        if refusal:
            _log.warning("%s of %s: %s", request.external_id, request.source, refusal.cause)
            self._refuse(request.request_id, refusal)
        return True

    def _refuse(self, request_id: str, refusal: Refusal) -> None:
        """Says why a request cannot be met. Where the hub does not hear it, it asks again."""
        self._asked.pop(request_id, None)
        try:
            self._hub.refuse(request_id, refusal)
        except Refused as error:  # it was taken back
            _log.info("%s", error)
        self._answered(request_id)

    def _send(self, delivery: Delivery) -> bool:
        try:
            upload(
                self._hub,
                self._spool,
                delivery,
                self._clock,
                self._chunk_bytes,
                lambda: self._more_urgent_than(delivery),
            )
        except Interrupted:
            return True
        except NoRoom as error:
            self._note(error)
            self._held[delivery.delivery_id] = self._clock.monotonic() + HELD_SECONDS
            return True
        except HubDown as error:  # it may still answer other questions
            self._note(error)
            _log.warning("%s Next try to send in %.0f s.", error, self._sending.failed(error.resume_in))
            return False
        except (Refused, OSError) as error:
            self._give_up(delivery, error)
            return True
        self._answered(delivery.request_id)
        self._held.clear()  # there is room again
        self._too_big.clear()
        self._sending.succeeded()
        self.last_error = None
        return True

    def _more_urgent_than(self, delivery: Delivery) -> bool:
        """Whether a person waits for something else than this delivery; the hub is asked now and then."""
        if self._clock.monotonic() >= self._ask_at:
            try:
                self.ask(0)
            except HubDown as error:  # it may still take chunks
                self._away.failed(error.resume_in)
        urgent = {request.request_id for request in self._asked.values() if request.urgent}
        if delivery.request_id in urgent or not urgent:
            return False
        waiting = self._spool.deliveries()
        ready = self._next_delivery(waiting)
        return bool(ready and ready.request_id in urgent) or self._next(waiting, urgent=True) is not None

    def _give_up(self, delivery: Delivery, error: Refused | OSError) -> None:
        """Drops a delivery that the hub will not have, and says so; one that is damaged is read again, and as a whole
        one that is unchanged from what the hub does not hold."""
        self._note(error)
        _log.error("the delivery of %s is given up: %s", delivery.external_id, error)
        whole = self._spool.is_whole(delivery)
        self._spool.drop(delivery.delivery_id)
        if delivery.unchanged and isinstance(error, Refused) and error.status == 422:
            self._whole.add(delivery.request_id)
        elif isinstance(error, Refused) and whole:
            cause, step = error.cause, error.next_step
            self._refuse(delivery.request_id, Refusal(kind=error.kind, cause=cause, next_step=step))

    def _answered(self, request_id: str) -> None:
        self._asked.pop(request_id, None)
        self._whole.discard(request_id)
        self._done[request_id] = self._clock.monotonic() + DONE_SECONDS

    def _note_shortage(self, short: str) -> None:
        self.last_error = f"{short}; nothing more is read until something was sent"

    def _note(self, error: Exception) -> None:
        told = str(error) if isinstance(error, GrandlivreError) else f"{type(error).__name__}: {error}"
        self.last_error = redact(told)
