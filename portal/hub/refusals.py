"""Why a call of a service is refused, and how much a service may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from agent.protocol import Standing


class Refused(Exception):
    """A call that is answered with ``status``, the cause and what to do; with a ``standing`` where the service can go
    on from there."""

    def __init__(
        self,
        status: int,
        cause: str,
        next_step: str = "",
        *,
        retry_after: int | None = None,
        standing: Standing | None = None,
    ) -> None:
        super().__init__(cause)
        self.status, self.cause, self.next_step = status, cause, next_step
        self.retry_after, self.standing = retry_after, standing


@dataclass(frozen=True)
class Quotas:
    """What one service may do. ``bytes_in_flight``: announced and not yet accepted; a larger delivery is refused."""

    bytes_in_flight: int = 8_000_000_000
    deliveries_a_day: int = 10_000
    stale_after: timedelta = timedelta(days=1)
    """A delivery that came in part is forgotten when nothing was heard of it for so long."""
