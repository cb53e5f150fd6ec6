"""Call budgets in the registry: shared by processes, fair between dossiers, and cheap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.budgets import Budgets, CallBudget, Limit, Window
from connectors.catalog import package
from connectors.exact_online.sandbox.knobs import Knobs
from connectors.exact_online.sandbox.limits import Limits
from connectors.sandbox.company import company
from connectors.sandbox.stage import open_sandbox
from foundation.allowance import LEASE_CALLS, Caller, Lease, Scope, Settlement
from foundation.errors import RateLimited
from foundation.home import Home
from foundation.secrets import Secret
from registry.store import Registry
from registry.vault import Vault
from tests.landed import Clock
from tests.registry import worker
from tests.wire.together import TogetherClock

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def opened(home: Home, now: Callable[[], datetime]) -> Registry:
    return Registry.open(home, vault=Vault.of(home, environ={}), now=now)


@contextmanager
def budget(
    home: Home,
    clock: Clock | TogetherClock,
    *limits: Limit,
    dossier: str = "d",
    connection: str = "c",
    closing: bool = True,
) -> Iterator[CallBudget]:
    """A budget in a registry that is opened for it alone, as another process would."""
    with opened(home, clock) as registry:
        budgets = Budgets(registry.budgets, "xero", connection, "firm", limits)
        yield budgets.budget("app", dossier, now=clock, sleep=clock.sleep, vendor="Vendor")
        if closing:
            budgets.close()


def spend(budget: CallBudget, calls: int) -> int:
    """Makes up to ``calls`` calls, as many as there are without parking."""
    for made in range(calls):
        try:
            budget.before_call()
        except RateLimited:
            return made
    return calls


@pytest.mark.parametrize("headers", [True, False])
def test_processes_together_use_the_vendor_s_limit_up_and_never_exceed_it(tmp_path: Path, headers: bool) -> None:
    row, home = package("exact_online_be"), Home(tmp_path / "state")
    with open_sandbox(row, company("BE", entries_per_month=2), tmp_path) as sandbox, Registry.open(home) as registry:
        vendor = sandbox.vendor  # type: ignore[attr-defined]
        vendor.knobs.rate_headers = headers
        if headers:
            vendor.knobs.day_limit = 50
        else:
            vendor.knobs.minute_limit = 60  # as declared
        secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
        registry.add_connection(row.slug, "Vandamme", settings=sandbox.settings, secrets=secrets)
        made = [int(text) for text in worker.go(worker.start("spend_budget", home, 3))]
        calls = [request for request in vendor.requests if "/900101/" in request]
        assert vendor.over_limit == 0
        assert len(calls) == (50 if headers else 60)
        assert min(made) > 0
        left = {(each.window, each.left, each.source) for each in registry.budgets.standing() if each.subject}
        assert left >= ({("day", 0, "vendor")} if headers else {("minute", 0, "declared")})


def test_a_process_that_dies_costs_the_others_a_lease_until_the_window_resets(home: Home) -> None:
    clock, limit = Clock(), Limit("day", 100, DAY)
    with budget(home, clock, limit, closing=False) as dead:
        made = spend(dead, 25)
    with budget(home, clock, limit) as alive:
        assert 100 - made - LEASE_CALLS <= spend(alive, 200) <= 100 - made
    clock.pass_by(days=1, seconds=1)
    with budget(home, clock, limit) as alive:
        assert spend(alive, 200) == 100


def test_what_one_process_learnt_another_keeps_to(home: Home) -> None:
    clock = Clock()
    with budget(home, clock) as first:
        first.before_call()
        first.learn([Window("day", 7, clock() + DAY, limit=5000), Window("refused", 0, clock() + MINUTE)])
    with budget(home, clock) as second:
        second.before_call()
        assert clock.slept == [pytest.approx(60, abs=0.1)]
        assert spend(second, 100) == 6


def test_a_limit_that_rose_is_used_at_once(home: Home) -> None:
    clock, limit = Clock(), Limit("day", 20, DAY)
    with budget(home, clock, limit) as first:
        assert spend(first, 10) == 10
        first.learn([Window("day", 90, clock() + DAY, limit=100)])
    with budget(home, clock, limit) as second:
        assert spend(second, 200) == 90


def test_calls_cost_few_writes_and_where_nothing_is_counted_none(home: Home) -> None:
    clock = Clock()
    with opened(home, clock) as registry:
        counting = Counting(registry)
        budgets = Budgets(counting, limits=(Limit("minute", 6000, MINUTE), Limit("day", 50_000, DAY)))
        spend(budgets.budget("app", "d", now=clock, sleep=clock.sleep, vendor="Vendor"), 500)
        assert counting.taken <= 500 / LEASE_CALLS + 1
        free = Budgets(registry.budgets).budget("app", "e", now=clock, sleep=clock.sleep, vendor="Vendor")
        assert spend(free, 100) == 100
        free.close()
        assert {each.subject for each in registry.budgets.standing()} == {"d"}


class Counting:
    """The registry's ledger; counts leases."""

    def __init__(self, registry: Registry) -> None:
        self._ledger = registry.budgets
        self.taken = 0

    def take(self, caller: Caller, settlement: Settlement, now: datetime) -> Lease | datetime:
        self.taken += 1
        return self._ledger.take(caller, settlement, now)

    def leave(self, caller: Caller, settlement: Settlement, now: datetime) -> None:
        self._ledger.leave(caller, settlement, now)


def test_a_small_dossier_is_through_in_the_first_minute_that_it_shares_with_a_big_one(home: Home) -> None:
    clock, limit = TogetherClock(), Limit("appminute", 60, MINUTE, "app")
    began = clock()
    vendor = Limits(Knobs(minute_limit=60), clock)
    allowed: list[bool] = []
    done: dict[str, datetime] = {}

    def sync(name: str, budget: CallBudget, count: int, latency: float, wait: float = 0) -> Callable[[], None]:
        def act() -> None:
            clock.sleep(0.1 + wait)
            for _ in range(count):
                budget.before_call()
                allowed.append(vendor.count("app")[0])
                clock.sleep(latency)
            done[name] = clock()

        return act

    with ExitStack() as stack:
        big = stack.enter_context(budget(home, clock, limit, dossier="big"))
        small = stack.enter_context(budget(home, clock, limit, dossier="small"))
        for _ in range(6):  # six calls at once, and quick ones
            clock.start(sync("big", big, 40, 0.05))
        clock.start(sync("small", small, 25, 1.0, wait=10))
        clock.run()
    assert done["small"] - began < timedelta(seconds=100), "it came when the first minute was used up"
    assert done["big"] - began < timedelta(minutes=5)
    assert all(allowed)


def day_of(home: Home, clock: Clock, scope: Scope, **wants: int) -> dict[str, int]:
    """What each dossier got of a day of 1000 calls, asked for one after the other."""
    got = {}
    for dossier, calls in wants.items():
        with budget(home, clock, Limit("day", 1000, DAY, scope), dossier=dossier) as each:
            got[dossier] = spend(each, calls)
    return got


def test_a_big_dossier_leaves_the_day_s_calls_that_small_ones_will_need(home: Home) -> None:
    clock = Clock()
    assert day_of(home, clock, "firm", a=12, b=30, c=100) == {"a": 12, "b": 30, "c": 100}
    clock.pass_by(days=1, seconds=1)
    night = day_of(home, clock, "firm", big=5000, a=12, b=30, c=100, new=40)
    assert night == {"big": 1000 - 142 - 50, "a": 12, "b": 30, "c": 100, "new": 40}


def test_a_dossier_s_own_day_is_its_own_to_the_last_call(home: Home) -> None:
    assert day_of(home, Clock(), "dossier", big=5000, small=10) == {"big": 1000, "small": 10}


def test_what_is_left_is_told_per_connection_and_window(home: Home) -> None:
    clock = Clock()
    with budget(home, clock, Limit("minute", 60, MINUTE), Limit("day", 1000, DAY, "firm")) as each:
        spend(each, 4)
        each.learn([Window("minute", 50, clock() + timedelta(seconds=30), limit=60)])
        each.close()
    with opened(home, clock) as registry:
        day, minute = sorted(registry.budgets.standing(), key=lambda each: each.window)
        assert (day.scope, day.subject, day.left, day.allowed, day.source) == ("firm", "firm", 996, 1000, "declared")
        assert (minute.scope, minute.subject, minute.left, minute.source) == ("dossier", "d", 50, "vendor")
        assert minute.resets_at == clock() + timedelta(seconds=30)
        assert (minute.connection_id, minute.software) == ("c", "xero")
        clock.pass_by(minutes=1)
        minute = next(each for each in registry.budgets.standing() if each.window == "minute")
        assert (minute.left, minute.resets_at) == (60, None)


def share_out(registries: list[Registry], total: int) -> int:
    """How many calls the registries give, asked by many threads at once."""
    clock = Clock()
    limits = (Limit("day", total, DAY), Limit("firmday", total, DAY, "dossier"))
    got: list[int] = []

    def act(registry: Registry, connection: str) -> None:
        budgets = Budgets(registry.budgets, "xero", connection, "firm", limits)
        got.append(spend(budgets.budget("app", "d", now=clock, sleep=clock.sleep, vendor="V"), total))

    threads = [threading.Thread(target=act, args=[r, f"c{n}"]) for r in registries for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(threads)
    return sum(got)


def test_all_is_given_once_however_many_ask_at_once(home: Home) -> None:
    with opened(home, Clock()) as one, opened(home, Clock()) as two:
        assert share_out([one, two], 150) == 150
