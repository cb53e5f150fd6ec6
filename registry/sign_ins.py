"""Tries to sign in of late, counted by what they have in common: an address that was typed, a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy import delete

from registry import portal_models as models
from registry.connections import Connections

FORGOTTEN_AFTER = timedelta(days=1)
"""A source that was quiet for so long starts anew."""
_NONE = timedelta(0)


class SignIns(Connections):
    """The failed sign-ins of all sources."""

    def try_sign_in(self, sources: Mapping[str, Callable[[int, timedelta], timedelta]]) -> timedelta:
        """Counts a try for each of its ``sources`` before the outcome is known, so that many at once are counted too,
        and returns zero; or the longest wait that is left, and counts nothing.

        Each source gives its wait from the failures so far and the time since the last.
        """
        now = self.now()
        with self.writing() as session:
            session.execute(delete(models.SignInAttempt).where(models.SignInAttempt.last_at < now - FORGOTTEN_AFTER))
            known = {name: session.get(models.SignInAttempt, name, with_for_update=True) for name in sorted(sources)}
            left = max(sources[name](row.failures, now - row.last_at) if row else _NONE for name, row in known.items())
            if left > _NONE:
                return left
            for name, row in known.items():
                if row is None:
                    session.add(models.SignInAttempt(source=name, failures=1, last_at=now))
                else:
                    row.failures, row.last_at = row.failures + 1, now
            return _NONE

    def forget_sign_ins(self, *sources: str) -> None:
        """A good sign-in: the counts of its sources begin anew."""
        with self.writing() as session:
            session.execute(delete(models.SignInAttempt).where(models.SignInAttempt.source.in_(sources)))

    def failures(self, source: str) -> int:
        """How often a sign-in from ``source`` failed of late, without a good one since."""
        with self.reading() as session:
            row = session.get(models.SignInAttempt, source)
            return row.failures if row and self.now() - row.last_at < FORGOTTEN_AFTER else 0
