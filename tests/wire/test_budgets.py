"""Budgets: what a vendor told is kept to, by everybody who shares it, and nothing else holds calls back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from connectors.budgets import Budgets, CallBudget, Limit, LocalBudget, LocalBudgets, MemoryLedger, Window
from foundation.allowance import GUARD
from foundation.errors import RateLimited
from tests.landed import Clock

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> LocalBudget:
    return LocalBudget("Vendor", clock, clock.sleep)


def of(budgets: Budgets, clock: Clock, dossier: str = "d", app: str = "app") -> CallBudget:
    return budgets.budget(app, dossier, now=clock, sleep=clock.sleep, vendor="Vendor")


def declared(clock: Clock, *limits: Limit, dossier: str = "d") -> CallBudget:
    return of(LocalBudgets(limits), clock, dossier)


def calls_until_a_wait(budget: CallBudget, clock: Clock, most: int = 10_000) -> int:
    """How many calls are made before the first one that waits, or parks."""
    waited = len(clock.slept)
    for made in range(most):
        try:
            budget.before_call()
        except RateLimited:
            return made
        if len(clock.slept) > waited:
            return made
    return most


def test_nothing_is_held_back_that_nobody_asked_for(budget: LocalBudget, clock: Clock) -> None:
    assert calls_until_a_wait(budget, clock, 1000) == 1000


def test_the_calls_left_are_counted_down_until_the_vendor_tells_anew(budget: LocalBudget, clock: Clock) -> None:
    budget.learn([Window("minute", 3, clock() + timedelta(seconds=40))])
    assert calls_until_a_wait(budget, clock) == 3
    assert clock.slept == [pytest.approx(40, abs=0.1)]


def test_a_window_that_is_over_is_forgotten(budget: LocalBudget, clock: Clock) -> None:
    budget.learn([Window("minute", 0, clock() + timedelta(seconds=40))])
    clock.pass_by(seconds=41)
    budget.before_call()
    assert clock.slept == []


def test_a_long_wait_parks_and_takes_no_call(budget: LocalBudget, clock: Clock) -> None:
    resets = clock() + timedelta(hours=5)
    budget.learn([Window("day", 0, resets), Window("minute", 1, clock() + timedelta(seconds=30))])
    with pytest.raises(RateLimited) as raised:
        budget.before_call()
    assert raised.value.resume_at == resets
    budget.learn([Window("day", 5, resets, limit=5)])
    budget.before_call()
    assert clock.slept == []


@pytest.mark.parametrize("window", [Window("minute"), Window("minute", 5), Window("minute", 0)])
def test_half_a_word_does_not_hold_anything_up(budget: LocalBudget, clock: Clock, window: Window) -> None:
    budget.learn([window])
    budget.before_call()
    assert clock.slept == []


def test_a_declared_limit_serves_as_long_as_the_vendor_tells_nothing(clock: Clock) -> None:
    budget = declared(clock, Limit("minute", 60, MINUTE))
    assert calls_until_a_wait(budget, clock) == 60
    assert clock.slept == [pytest.approx(60 + GUARD.total_seconds(), abs=0.1)]
    assert calls_until_a_wait(budget, clock) == 59  # the call that waited was the first of this window


@pytest.mark.parametrize("told", [20, 200])
def test_the_vendor_s_word_replaces_what_is_declared_from_the_first_reply_on(clock: Clock, told: int) -> None:
    budget = declared(clock, Limit("minute", 60, MINUTE))
    budget.before_call()
    budget.learn([Window("minute", told - 1, clock() + MINUTE, limit=told)])
    assert calls_until_a_wait(budget, clock) == told - 1


def test_where_only_what_is_left_is_told_the_declared_length_tells_the_reset(clock: Clock) -> None:
    budget = declared(clock, Limit("minute", 60, MINUTE))
    budget.before_call()
    budget.learn([Window("minute", 3)])
    assert calls_until_a_wait(budget, clock) == 3
    assert clock.slept == [pytest.approx(60, abs=1)]


def test_more_calls_left_than_were_declared_are_believed_for_good(clock: Clock) -> None:
    budget = declared(clock, Limit("minute", 60, MINUTE))
    budget.before_call()
    budget.learn([Window("minute", 500)])
    assert calls_until_a_wait(budget, clock) in (499, 500)  # the one that was made may be counted by both


def test_calls_of_others_whom_we_cannot_see_are_believed(clock: Clock) -> None:
    budget = declared(clock, Limit("minute", 60, MINUTE))
    for _ in range(5):
        budget.before_call()
    budget.learn([Window("minute", 2, clock() + MINUTE, limit=60)])
    assert calls_until_a_wait(budget, clock) == 2


def test_calls_made_after_a_reply_are_not_in_what_it_told(clock: Clock) -> None:
    budgets = LocalBudgets((Limit("minute", 60, MINUTE),))
    budget = of(budgets, clock)
    budget.before_call()
    budget.learn([Window("minute", 10, clock() + MINUTE, limit=60)])
    for _ in range(4):
        budget.before_call()
    budget.close()
    assert calls_until_a_wait(of(Budgets(budgets.ledger, limits=budgets.limits), clock), clock) == 6


def test_no_call_is_made_so_shortly_before_a_reset_that_it_counts_after_it(clock: Clock) -> None:
    budget = declared(clock, Limit("minute", 60, MINUTE))
    budget.before_call()
    budget.learn([Window("minute", 50, clock() + timedelta(seconds=30), limit=60)])
    clock.pass_by(seconds=29.7)
    budget.before_call()
    assert clock.slept == [pytest.approx(0.35, abs=0.01)]


def test_a_call_takes_from_all_windows_or_from_none(clock: Clock) -> None:
    limits = (Limit("minute", 60, MINUTE), Limit("appminute", 100, MINUTE, "app"))
    budgets = LocalBudgets(limits)
    first, second, third = (of(budgets, clock, dossier) for dossier in ("a", "b", "c"))
    assert calls_until_a_wait(first, clock, 55) == 55
    assert calls_until_a_wait(second, clock, 45) == 45
    for _ in range(3):  # the app's window is used up, and asking costs nothing of the dossier's own
        assert third._take() is not None
    clock.pass_by(seconds=61)
    first.close()
    second.close()
    assert calls_until_a_wait(third, clock) == 60


def test_two_connections_of_one_app_share_a_dossier_s_windows_and_another_app_does_not(clock: Clock) -> None:
    ledger, limits = MemoryLedger(), (Limit("minute", 60, MINUTE),)
    one, two = (Budgets(ledger, "software", connection, "firm", limits) for connection in ("c1", "c2"))
    assert calls_until_a_wait(of(one, clock), clock, 40) == 40
    one.close()
    assert calls_until_a_wait(of(two, clock, app="other"), clock, 60) == 60
    assert calls_until_a_wait(of(two, clock, dossier="e"), clock, 60) == 60
    assert calls_until_a_wait(of(two, clock), clock) == 20


@pytest.mark.parametrize(("scope", "shared"), [("connection", False), ("firm", True), ("app", True)])
def test_windows_are_counted_per_scope(clock: Clock, scope: str, shared: bool) -> None:
    ledger, limits = MemoryLedger(), (Limit("minute", 60, MINUTE, scope),)  # type: ignore[arg-type]
    one, two = (Budgets(ledger, "software", connection, "firm", limits) for connection in ("c1", "c2"))
    assert calls_until_a_wait(of(one, clock, "a"), clock, 60) == 60
    one.close()
    assert calls_until_a_wait(of(two, clock, "b"), clock, 60) == (0 if shared else 60)


def test_what_was_leased_and_not_called_is_given_back(clock: Clock) -> None:
    budgets = LocalBudgets((Limit("minute", 60, MINUTE),))
    first = of(budgets, clock)
    for _ in range(3):
        first.before_call()
    budgets.close()
    other = Budgets(budgets.ledger, limits=budgets.limits)
    assert calls_until_a_wait(of(other, clock), clock) == 57


def test_the_same_dossier_shares_one_budget_and_another_does_not(clock: Clock) -> None:
    shared = LocalBudgets()
    of(shared, clock, "a").learn([Window("minute", 0, clock() + timedelta(seconds=10))])
    of(shared, clock, "b").before_call()
    assert clock.slept == []
    of(shared, clock, "a").before_call()
    assert len(clock.slept) == 1


def test_threads_do_not_take_more_than_there_is(clock: Clock) -> None:
    resets = clock() + timedelta(hours=1)
    budget = LocalBudget("Vendor", clock, clock.sleep)
    budget.learn([Window("day", 50, resets)])
    taken: list[bool] = []

    def take() -> None:
        for _ in range(20):
            try:
                budget.before_call()
                taken.append(True)
            except RateLimited:
                taken.append(False)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 50
