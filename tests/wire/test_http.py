"""Calls over HTTP: what is tried again, what is waited for, what is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from connectors.budgets import Budgets, LocalBudget, LocalBudgets, Window
from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays, retry_after
from foundation.errors import (
    AskForAccess,
    Busy,
    GrandlivreError,
    RateLimited,
    ReportABug,
    SignInAgain,
    VendorDown,
    WrongInput,
)
from tests.landed import Clock

from .scripted import Script, Scripted, scripted


class Keys:
    """Signs with one key after the other."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.keys[0]}"}

    def renew(self, refused: Mapping[str, str]) -> None:
        assert refused == self.headers()
        if len(self.keys) == 1:
            raise SignInAgain("no other key")
        self.keys.pop(0)


def ways(**more: Any) -> VendorWays:
    return VendorWays("Vendor", **more)


@contextmanager
def client(clock: Clock, **options: Any) -> Iterator[HttpClient]:
    with requests.Session() as session:
        budget = options.pop("budget", None) or LocalBudget("Vendor", clock, clock.sleep)
        yield HttpClient(options.pop("ways", ways()), session, budget, now=clock, sleep=clock.sleep, **options)


def call(script: Script, clock: Clock, **options: Any) -> Reply:
    check = options.pop("check", lambda reply: None)
    allow = options.pop("allow", ())
    with client(clock, **options) as http:
        try:
            return http.call("GET", script.url, check=check, allow=allow)
        finally:
            assert http.calls == len(script.heard)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again_with_longer_pauses(clock: Clock, status: int) -> None:
    with scripted(Scripted(status), Scripted(status), Scripted(body=b"good")) as script:
        assert call(script, clock).body == b"good"
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 404, 405, 410, 422])
def test_another_refusal_is_never_repeated(clock: Clock, status: int) -> None:
    with scripted(Scripted(status)) as script:
        with pytest.raises((ReportABug, WrongInput)):
            call(script, clock)
        assert len(script.heard) == 1


def test_attempts_are_bounded(clock: Clock) -> None:
    with scripted(Scripted(500, b"trouble")) as script:
        with pytest.raises(VendorDown, match="error 500"):
            call(script, clock)
        assert len(script.heard) == 5


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_followed_as_seconds_and_as_a_date(clock: Clock, form: str) -> None:
    told = "17" if form == "seconds" else format_datetime(clock() + timedelta(seconds=17), usegmt=True)
    for status in (429, 503):
        clock.slept.clear()
        told = "17" if form == "seconds" else format_datetime(clock() + timedelta(seconds=17), usegmt=True)
        with scripted(Scripted(status, headers={"Retry-After": told}), Scripted()) as script:
            call(script, clock)
        assert clock.slept == [pytest.approx(17, abs=1)]


@pytest.mark.parametrize("text", ["", "soon", "-3", "Thu, 99 Foo 2026", "1e9"])
def test_a_retry_after_that_means_nothing_is_none(text: str) -> None:
    assert retry_after({"retry-after": text}, Clock()()) is None


def test_a_long_wait_parks_with_the_moment_to_resume(clock: Clock) -> None:
    with scripted(Scripted(429, headers={"Retry-After": "3600"})) as script, pytest.raises(RateLimited) as raised:
        call(script, clock)
    assert raised.value.resume_at == clock() + timedelta(hours=1)
    assert clock.slept == []


@pytest.mark.parametrize("told", ["20", "3600", ""])
def test_a_429_holds_back_all_who_share_the_budget(clock: Clock, told: str) -> None:
    budgets = LocalBudgets()
    one, two = (Budgets(budgets.ledger).budget("app", "d", now=clock, sleep=clock.sleep, vendor="V") for _ in range(2))
    stop = InterruptedError

    def interrupt(seconds: float) -> None:
        raise stop

    with (
        scripted(Scripted(429, headers={"Retry-After": told} if told else {})) as script,
        requests.Session() as session,
    ):
        first = HttpClient(ways(), session, one, now=clock, sleep=interrupt)
        with pytest.raises((RateLimited, stop)):
            first.call("GET", script.url)
        one.close()
        two._sleep = interrupt
        with pytest.raises((RateLimited, stop)):
            two.before_call()
        assert len(script.heard) == 1


def test_a_429_without_any_hint_is_sat_out_ever_longer_and_then_given_up(clock: Clock) -> None:
    with scripted(Scripted(429), Scripted(429), Scripted()) as script:
        call(script, clock)
    assert clock.slept == [5.0, 10.0]
    with scripted(Scripted(429)) as script, pytest.raises(RateLimited) as raised:
        call(script, clock)
    assert raised.value.resume_at is None


def test_of_two_windows_the_used_up_one_is_waited_for(clock: Clock) -> None:
    minute, day = clock() + timedelta(seconds=30), clock() + timedelta(hours=9)

    def both(spent: str) -> Any:
        return lambda headers: [
            Window("minute", 0 if spent == "minute" else 5, minute),
            Window("day", 0 if spent == "day" else 5, day),
        ]

    with scripted(Scripted(429)) as script, pytest.raises(RateLimited) as raised:
        call(script, clock, ways=ways(windows=both("day")))
    assert raised.value.resume_at == day


def test_what_a_reply_tells_is_kept_before_the_next_call(clock: Clock) -> None:
    until = clock() + timedelta(seconds=20)
    told = iter([[Window("minute", 0, until)], []])
    with (
        scripted() as script,
        client(clock, ways=ways(windows=lambda headers: next(told))) as http,
    ):
        http.call("GET", script.url)
        assert clock.slept == []
        http.call("GET", script.url)
    assert clock.slept == [pytest.approx(20, abs=0.1)]


def test_a_refused_sign_in_is_renewed_once(clock: Clock) -> None:
    with scripted(Scripted(401), Scripted(body=b"in")) as script:
        assert call(script, clock, signer=Keys("old", "new")).body == b"in"
        assert [heard.headers["authorization"] for heard in script.heard] == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize("status", [401, 302])
def test_a_sign_in_refused_twice_needs_a_person(clock: Clock, status: int) -> None:
    with scripted(Scripted(status, headers={"Location": "/login"})) as script:
        with pytest.raises(SignInAgain):
            call(script, clock, signer=Keys("old", "new", "newest"))
        assert len(script.heard) == 2


def test_a_missing_right_is_told_in_the_vendor_s_words(clock: Clock) -> None:
    words = ways(explain=lambda reply: reply.body.decode())
    with scripted(Scripted(403, b"Forbidden: no right\n to the ledger")) as script:
        with pytest.raises(AskForAccess, match=r"no right to the ledger"):
            call(script, clock, ways=words)
        assert len(script.heard) == 1


def test_a_vendor_may_give_a_refusal_a_meaning_of_its_own(clock: Clock) -> None:
    own = ways(refusal=lambda reply: Busy("being restored") if reply.status == 403 else None)
    with scripted(Scripted(403)) as script, pytest.raises(Busy, match="restored"):
        call(script, clock, ways=own)


def test_a_fault_that_says_what_is_wrong_is_not_tried_again_though_its_status_is_500(clock: Clock) -> None:
    own = ways(refusal=lambda reply: AskForAccess("no right") if b"right" in reply.body else None)
    with scripted(Scripted(500, b"<fault>no right</fault>")) as script, pytest.raises(AskForAccess, match="no right"):
        call(script, clock, ways=own)
    assert clock.slept == []
    with scripted(Scripted(500, b"passes"), Scripted(500, b"<fault>no right</fault>")) as script:
        with pytest.raises(AskForAccess, match="no right"):
            call(script, clock, ways=own)
        assert len(script.heard) == 2


def test_an_allowed_status_is_returned_as_it_is(clock: Clock) -> None:
    with scripted(Scripted(400, b"no")) as script:
        assert call(script, clock, allow=(400,)).status == 400


def test_a_body_that_is_no_answer_is_asked_for_again(clock: Clock) -> None:
    def check(reply: Reply) -> None:
        if reply.body != b"data":
            raise NotAnAnswer("a page for people")

    with scripted(Scripted(body=b"<html>"), Scripted(body=b"data")) as script:
        assert call(script, clock, check=check).body == b"data"
    with scripted(Scripted(body=b"<html>")) as script, pytest.raises(VendorDown, match="page for people"):
        call(script, clock, check=check)


def test_a_body_shorter_than_promised_is_asked_for_again(clock: Clock) -> None:
    with scripted(Scripted(body=b"half", length=8), Scripted(body=b"whole")) as script:
        assert call(script, clock).body == b"whole"
        assert len(script.heard) == 2


def test_a_body_that_trickles_for_ever_is_given_up(clock: Clock) -> None:
    with scripted(Scripted(body=b"x" * 400, trickle=0.02), Scripted(body=b"whole")) as script:
        assert call(script, clock, whole_answer=0.2).body == b"whole"


def test_nobody_at_the_address_is_the_vendor_down_and_no_address_is_wrong_input(clock: Clock) -> None:
    with client(clock) as http:
        with pytest.raises(VendorDown, match="refused"):
            http.call("GET", "http://127.0.0.1:9/x")
        for nonsense in ("start.exactonline.be/api", "ftp://host/x", "http://"):
            with pytest.raises(WrongInput, match="web address"):
                http.call("GET", nonsense)


def test_secrets_show_neither_in_errors_nor_in_the_log(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    words = ways(explain=lambda reply: reply.body.decode())
    caplog.set_level(logging.DEBUG)
    errors: list[GrandlivreError] = []
    for status in (400, 403, 404, 500):
        with scripted(Scripted(status, b"access_token=t0ps3cret refused, Bearer t0ps3cret")) as script:
            script.url += "?access_token=t0ps3cret&$filter=x"
            with pytest.raises(GrandlivreError) as raised:
                call(script, clock, ways=words, signer=Keys("t0ps3cret"))
            errors.append(raised.value)
    assert not any("t0ps3cret" in str(error) for error in errors)
    assert "t0ps3cret" not in "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("connectors"))


def test_a_netrc_file_does_not_replace_the_signature(
    clock: Clock, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted() as script:
        call(script, clock, signer=Keys("ours"))
        assert script.heard[0].headers["authorization"] == "Bearer ours"


def test_resets_in_another_zone_are_moments_all_the_same() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after({"retry-after": "Thu, 01 Jan 2026 01:00:00 +0100"}, now) == now
