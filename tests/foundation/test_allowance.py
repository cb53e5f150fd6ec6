"""Windows of calls: whatever callers do and vendors tell, nobody gets more than there is, and everybody a share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from foundation.allowance import Bucket, Buckets, Caller, Lease, Limit, Settlement, Window, leave, take

MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NAMES = ("a", "b", "c")

acts = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(("call", "call", "call", "leave", "tell", "die")),
        st.floats(min_value=0, max_value=20),
    ),
    max_size=120,
)


class Vendor:
    """Counts in fixed windows that open with their first call."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.resets_at = START

    def call(self, now: datetime) -> bool:
        if now >= self.resets_at:
            self.used, self.resets_at = 0, now + MINUTE
        self.used += 1
        return self.used <= self.limit

    def tells(self, now: datetime) -> Window | None:
        if now >= self.resets_at:
            return None
        return Window("minute", self.limit - self.used, self.resets_at, self.limit)


@given(st.integers(1, 40), st.booleans(), acts)
def test_the_vendor_s_limit_is_never_exceeded(limit: int, shared: bool, acts: list[tuple[str, str, float]]) -> None:
    vendor, buckets, now = Vendor(limit), Buckets(), START
    limits = (Limit("minute", limit, MINUTE, "firm" if shared else "dossier"),)
    callers = {name: Caller("app", name if shared else "d", firm="f", limits=limits) for name in NAMES}
    leases: dict[str, Lease] = {}
    for name, act, seconds in acts:
        now += timedelta(seconds=seconds)
        lease = leases.pop(name, None)
        if act == "die":
            continue  # and what it held is lost
        told = vendor.tells(now) if act == "tell" else None
        settlement = Settlement(lease, ((told, 0),) if told else ())
        if act == "leave":
            leave(buckets, callers[name], settlement, now)
            continue
        if lease is None or told or not lease.calls or lease.until <= now:
            answer = take(buckets, callers[name], settlement, now)
            if isinstance(answer, datetime):
                assert answer > now
                continue
            lease = answer
        lease.calls -= 1
        leases[name] = lease
        assert vendor.call(now)
    left = buckets[limits[0].scope, "minute"].left if buckets else 0
    assert left is not None
    assert left >= 0


@given(
    st.integers(1, 200),
    st.dictionaries(st.sampled_from("bcdefgh"), st.integers(0, 60), max_size=7),
    st.integers(0, 200),
)
def test_who_has_had_less_than_a_share_gets_some_as_long_as_there_is_any(
    allowed: int, others: dict[str, int], ours: int
) -> None:
    bucket = Bucket("firm", "minute", allowed, MINUTE, allowed)
    for name, calls in {**others, "a": ours}.items():
        bucket.take(min(calls, max(0, bucket.left or 0)), name, START)
    share = max(1, allowed // (len(others) + 1))
    free = bucket.free("a", START) or 0
    assert free <= (bucket.left or 0)
    if bucket.claims["a"].taken < share and (bucket.left or 0) > 0:
        assert free > 0


def test_a_window_of_unknown_length_holds_nothing_back_once_it_is_over() -> None:
    bucket = Bucket("dossier", "odd")
    bucket.hear(Window("odd", 0, START + MINUTE), 0, START)
    assert bucket.left == 0
    bucket.turn_over(START + MINUTE)
    assert bucket.left is None


def test_calls_given_back_after_a_reset_do_not_count_in_the_next_window() -> None:
    buckets, caller = Buckets(), Caller("app", "d", limits=(Limit("minute", 60, MINUTE),))
    take(buckets, caller, Settlement(), START)
    lease = take(buckets, caller, Settlement(), START)
    assert isinstance(lease, Lease)
    take(buckets, caller, Settlement(lease), START + timedelta(minutes=2))
    left = buckets["dossier", "minute"].left
    assert left is not None
    assert left < 60
