"""A clock that several threads share: it moves when all of them sleep, to where the first one wakes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class TogetherClock:
    """Runs threads in virtual time; what they do between sleeps takes none."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        self._changed = threading.Condition()
        self._awake = 0
        self._wakes_at: list[datetime] = []
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def __call__(self) -> datetime:
        with self._changed:
            return self.moment

    def sleep(self, seconds: float) -> None:
        with self._changed:
            until = self.moment + timedelta(seconds=seconds)
            self._wakes_at.append(until)
            self._rest()
            while self.moment < until:
                self._changed.wait()
            self._wakes_at.remove(until)
            self._awake += 1

    def start(self, act: Callable[[], None]) -> None:
        """Adds a thread that does ``act``; all of them begin with :meth:`run`."""

        def live() -> None:
            try:
                self.sleep(0.001)
                act()
            except BaseException as error:  # told by run()
                self._errors.append(error)
            finally:
                with self._changed:
                    self._rest()

        self._awake += 1
        self._threads.append(threading.Thread(target=live))

    def run(self) -> None:
        """Lets all threads live to their end. Raises what the first of them raised."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _rest(self) -> None:
        """One is awake less; when nobody is, time passes."""
        self._awake -= 1
        if self._awake == 0 and self._wakes_at:
            self.moment = max(self.moment, min(self._wakes_at))
            self._changed.notify_all()
