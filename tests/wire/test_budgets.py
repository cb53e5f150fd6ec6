"""Budgets: what a vendor told is kept to, by everybody who shares it, and nothing else holds calls back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from connectors.budgets import LocalBudget, LocalBudgets, Window
from foundation.errors import RateLimited
from tests.exact_online.landed import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> LocalBudget:
    return LocalBudget("Vendor", clock, clock.sleep)


def test_nothing_is_held_back_that_nobody_asked_for(budget: LocalBudget, clock: Clock) -> None:
    for _ in range(1000):
        budget.before_call()
    assert clock.slept == []


def test_the_calls_left_are_counted_down_until_the_vendor_tells_anew(budget: LocalBudget, clock: Clock) -> None:
    budget.learn([Window("minute", 3, clock() + timedelta(seconds=40))])
    for _ in range(3):
        budget.before_call()
    assert clock.slept == []
    budget.before_call()
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
    budget.learn([Window("day", 5, resets)])
    budget.before_call()
    assert clock.slept == []


@pytest.mark.parametrize("window", [Window("minute"), Window("minute", 5), Window("minute", 0)])
def test_half_a_word_does_not_hold_anything_up(budget: LocalBudget, clock: Clock, window: Window) -> None:
    budget.learn([window])
    budget.before_call()
    assert clock.slept == []


def test_the_same_key_shares_one_budget_and_another_does_not(clock: Clock) -> None:
    shared = LocalBudgets()

    def of(key: str) -> LocalBudget:
        return shared.budget(key, now=clock, sleep=clock.sleep, vendor="Vendor")

    of("a").learn([Window("minute", 0, clock() + timedelta(seconds=10))])
    of("b").before_call()
    assert clock.slept == []
    of("a").before_call()
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
