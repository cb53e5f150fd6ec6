"""How many calls a vendor still allows: windows of calls, what is left in each, and fair shares of it.

A vendor counts calls in windows (a minute, a day), per app, connection, firm or dossier. A :class:`Bucket` is one such
count. Callers take calls in small leases, from every bucket that applies or from none, so that what keeps the buckets
(memory, or a database that processes share) is asked once per lease and not once per call. Everything here is
arithmetic on given moments; nothing waits, and nothing is kept.

What a vendor tells is believed: its limit, what it has left, when it resets. A declared limit serves until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

Scope = Literal["app", "connection", "firm", "dossier"]
SCOPES: tuple[Scope, ...] = ("app", "connection", "firm", "dossier")
Key = tuple[Scope, str]
"""Scope and name of the window."""

LEASE_CALLS = 10
"""Most calls of one lease: what a process that dies costs the others until the window resets."""
LEASE_TIME = timedelta(seconds=60)
"""How long a lease is good where no window ends it: so soon a process hears what the vendor told another."""
GUARD = timedelta(seconds=0.5)
"""No call is made so shortly before a reset: it would arrive, and count, after it. A reset that is not told is
expected so much later: the vendor's window opens when the first call arrives."""
PRESENT = timedelta(minutes=2)
"""So long after its last lease a caller counts as one that goes on calling."""
LONG = timedelta(hours=1)
"""From this length on a window is one to plan for: who came in the last one is expected again."""
NEWCOMERS = 20
"""One part in so many of a long shared window stays for callers that were not there before."""


@dataclass(frozen=True)
class Limit:
    """Calls that a vendor says it allows within ``length``, counted per ``scope``.

    ``window`` is the name under which replies tell of it, where they do. ``inferred`` marks a number that the vendor
    does not publish itself.
    """

    window: str
    calls: int
    length: timedelta
    scope: Scope = "dossier"
    inferred: bool = False


@dataclass(frozen=True)
class Window:
    """What a reply tells of one window: calls left (None: not told), when the count starts anew (aware, UTC), and the
    limit itself."""

    name: str
    remaining: int | None = None
    resets_at: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Caller:
    """Who calls. ``app`` is the vendor's address and the app's id there; what is empty is not known."""

    app: str
    dossier: str = ""
    connection: str = ""
    firm: str = ""
    software: str = ""
    limits: tuple[Limit, ...] = ()

    def subject(self, scope: Scope) -> str:
        """Whose calls are counted at ``scope``."""
        return {"app": "", "connection": self.connection, "firm": self.firm, "dossier": self.dossier}[scope]

    def scope(self, window: str) -> Scope:
        """Where a window of that name counts: as declared, else per dossier."""
        for limit in self.limits:
            if limit.window == window:
                return limit.scope
        return "dossier"


@dataclass
class Lease:
    """Calls taken ahead, good until ``until``. ``turns`` tells from which turn of which bucket they are."""

    calls: int
    until: datetime
    turns: Mapping[Key, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Settlement:
    """What a caller hands in: the calls of a lease that it did not make, and what replies told since.

    ``told`` pairs each window with the calls that the caller made since it was told.
    """

    lease: Lease | None = None
    told: tuple[tuple[Window, int], ...] = ()


class Ledger(Protocol):
    """Keeps buckets; safe to share between threads."""

    def take(self, caller: Caller, settlement: Settlement, now: datetime) -> Lease | datetime:
        """A lease of at least one call; or, with nothing taken, when to ask again."""
        ...

    def leave(self, caller: Caller, settlement: Settlement, now: datetime) -> None:
        """Takes back what is left of a lease; the caller makes no more calls for now."""
        ...


@dataclass
class Claim:
    """One dossier's part in a shared bucket: calls taken in this turn, calls expected from the turn before, and when
    it came last (None: it has left)."""

    taken: int = 0
    expected: int = 0
    seen_at: datetime | None = None

    def is_present(self, now: datetime) -> bool:
        return self.seen_at is not None and now - self.seen_at < PRESENT


@dataclass
class Bucket:
    """One count of calls. ``left`` is what nobody took yet in this turn; None: nothing is known to hold calls back.

    ``told``: the limit is the vendor's own word, or more was left than was declared.
    """

    scope: Scope
    window: str
    allowed: int | None = None
    length: timedelta | None = None
    left: int | None = None
    resets_at: datetime | None = None
    turn: int = 0
    told: bool = False
    claims: dict[str, Claim] = field(default_factory=dict)

    def declare(self, limit: Limit) -> None:
        """Takes over what the vendor publishes, unless it told otherwise."""
        self.length = limit.length
        if not self.told:
            self._allow(limit.calls)

    def turn_over(self, now: datetime) -> None:
        """Starts anew when the window is over. Where its length is unknown, nothing is held back until told again."""
        if self.resets_at is None or now < self.resets_at:
            return
        self.turn += 1
        self.resets_at = None
        self.left = self.allowed if self.length else None
        planned = self._is_long
        self.claims = {
            name: Claim(0, claim.taken if planned else 0, claim.seen_at)
            for name, claim in self.claims.items()
            if claim.is_present(now) or (planned and claim.taken)
        }

    def hear(self, window: Window, made_since: int, now: datetime) -> None:
        """Takes over what a reply told; the caller made ``made_since`` calls after it."""
        if window.resets_at is not None and window.resets_at <= now:
            return  # of a window that is over
        if window.resets_at is None and self.length is None:
            return  # half a word, that nobody could wait for
        if window.limit is not None:
            self._allow(window.limit)
            self.told = True
        elif self.length and window.remaining is not None and window.remaining > (self.allowed or 0):
            self._allow(window.remaining)
            self.told = True
        if window.resets_at is not None:
            self.resets_at = window.resets_at
        elif self.resets_at is None and self.length:
            self.resets_at = now + self.length + GUARD
        if window.remaining is not None:
            ceiling = window.remaining - made_since
            # Never upwards: what others have taken meanwhile is in our count and not yet in the vendor's.
            self.left = ceiling if self.left is None else min(self.left, ceiling)

    def free(self, dossier: str, now: datetime) -> int | None:
        """What ``dossier`` may take: what is left but for the unused fair shares of others; None: any number.

        A share is an equal part of the limit among those present and those expected. Of a share, only what the
        other is likely to want is kept for it: all of it while it is present, else what it took in the turn before.
        """
        if self.left is None or self.allowed is None or self.scope == "dossier":
            return self.left
        ours = self.claims.get(dossier, Claim())
        others = [c for name, c in self.claims.items() if name != dossier and (c.is_present(now) or c.expected)]
        wanted = [(self.allowed if claim.is_present(now) else claim.expected, claim.taken) for claim in others]
        if self._is_long:
            wanted.append((self.allowed // NEWCOMERS, 0))
        share = max(1, self.allowed // (len(wanted) + 1))
        kept = sum(max(0, min(share, want) - taken) for want, taken in wanted)
        return max(self.left - kept, min(self.left, share - ours.taken))

    def take(self, calls: int, dossier: str, now: datetime) -> None:
        if self.resets_at is None and self.length:
            self.resets_at = now + self.length + GUARD
        if self.left is not None:
            self.left -= calls
        self._claim(dossier, calls, now)

    def refuse(self, dossier: str, now: datetime) -> datetime:
        """Notes that ``dossier`` waits; tells when it should ask again."""
        self._claim(dossier, 0, now)
        reset = self.resets_at or now + (self.length or LEASE_TIME)
        if self.left is not None and self.left > 0 and not self._is_long:
            return min(reset, now + timedelta(seconds=2))  # others may leave their shares before the window ends
        return reset

    def give_back(self, calls: int, dossier: str, turn: int) -> None:
        if turn == self.turn and self.left is not None:
            self.left += calls
            if dossier in self.claims:
                self.claims[dossier].taken -= calls

    def leave(self, dossier: str) -> None:
        """The dossier wants no more, for now; what was kept for it is free."""
        claim = self.claims.get(dossier)
        if claim:
            claim.seen_at, claim.expected = None, 0

    @property
    def guard(self) -> timedelta:
        return min(GUARD, self.length / 20) if self.length else GUARD

    @property
    def _is_long(self) -> bool:
        return self.length is not None and self.length >= LONG

    def _allow(self, calls: int) -> None:
        if self.allowed is None or self.left is None:
            self.left = None if self.length is None else calls
        else:
            self.left += calls - self.allowed
        self.allowed = calls

    def _claim(self, dossier: str, calls: int, now: datetime) -> None:
        if self.scope != "dossier":
            claim = self.claims.setdefault(dossier, Claim())
            claim.taken += calls
            claim.seen_at = now


Buckets = dict[Key, Bucket]


def take(buckets: Buckets, caller: Caller, settlement: Settlement, now: datetime) -> Lease | datetime:
    """Settles, then takes a lease from all ``buckets`` or from none. They are those of the caller, and are changed;
    what is missing is added. The answer is as in :meth:`Ledger.take`."""
    _settle(buckets, caller, settlement, now)
    calls, refused = LEASE_CALLS, []
    for bucket in buckets.values():
        free = bucket.free(caller.dossier, now)
        nearly_over = bucket.resets_at is not None and bucket.resets_at - bucket.guard <= now
        if nearly_over or (free is not None and free <= 0):
            refused.append(bucket)
        elif free is not None:
            calls = min(calls, max(1, free // 4))  # ever smaller: near its end, no one holds what another waits for
    if refused:
        return max(bucket.refuse(caller.dossier, now) for bucket in refused)
    for bucket in buckets.values():
        bucket.take(calls, caller.dossier, now)
    ends = [bucket.resets_at - bucket.guard for bucket in buckets.values() if bucket.resets_at]
    return Lease(calls, min([now + LEASE_TIME, *ends]), {key: bucket.turn for key, bucket in buckets.items()})


def leave(buckets: Buckets, caller: Caller, settlement: Settlement, now: datetime) -> None:
    """Settles, and ends what the caller claims."""
    _settle(buckets, caller, settlement, now)
    for bucket in buckets.values():
        bucket.leave(caller.dossier)


def _settle(buckets: Buckets, caller: Caller, settlement: Settlement, now: datetime) -> None:
    for limit in caller.limits:
        _of(buckets, limit.scope, limit.window).declare(limit)
    for bucket in buckets.values():
        bucket.turn_over(now)
    if settlement.lease:
        for key, turn in settlement.lease.turns.items():
            if key in buckets:
                buckets[key].give_back(settlement.lease.calls, caller.dossier, turn)
    for window, made_since in settlement.told:
        _of(buckets, caller.scope(window.name), window.name).hear(window, made_since, now)


def _of(buckets: Buckets, scope: Scope, window: str) -> Bucket:
    return buckets.setdefault((scope, window), Bucket(scope, window))
