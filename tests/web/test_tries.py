"""How fast passwords may be tried: a pure rule, and what the sign-in makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from foundation.secrets import Secret
from portal.web.attempts import FREE, FREE_OF_NETWORK, network_of, wait_left
from portal.web.passwords import hashed
from tests.web.stage import FIRM, Person, Stage, served

PASSWORD = "correct horse battery"
EMAIL = "accountant@demo.example"
NONE = timedelta(0)


@given(st.integers(0, 10_000), st.integers(0, 100_000))
def test_waits_grow_to_a_quarter_of_an_hour_and_are_over_some_time(failures: int, seconds: int) -> None:
    left = wait_left(FREE, failures, timedelta(seconds=seconds))
    assert left <= NONE or failures >= FREE
    assert left <= wait_left(FREE, failures + 1, timedelta(seconds=seconds)) or failures + 1 < FREE
    assert wait_left(FREE, failures, timedelta(minutes=15)) <= NONE
    if failures >= FREE:
        assert wait_left(FREE, failures, NONE) >= timedelta(seconds=15)


def test_each_failure_after_the_fifth_doubles_the_wait() -> None:
    waits = [int(wait_left(FREE, failures, NONE).total_seconds()) for failures in range(4, 14)]
    assert waits == [0, 15, 30, 60, 120, 240, 480, 900, 900, 900]


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Stage]:
    with served(tmp_path_factory.mktemp("tries") / "home", now=clock) as opened:
        user = opened.people[FIRM, "accountant"]
        opened.house.registry.set_password_hash(user.user_id, hashed(Secret(PASSWORD)))
        yield opened


def tried(person: Person, email: str = EMAIL, password: str = "wrong password") -> int:
    return person.post("/sign-in", email=email, password=password).status_code


def test_guessing_is_slowed_down_and_told_alike_for_addresses_that_nobody_has(stage: Stage, clock: Clock) -> None:
    person = stage.nobody()
    for email in (EMAIL, "nobody@demo.example"):
        assert [tried(person, email) for _ in range(FREE + 1)] == [403] * FREE + [429]
    answers = [person.post("/sign-in", email=each, password="x") for each in (EMAIL, "nobody@demo.example")]
    assert {answer.headers["Retry-After"] for answer in answers} == {"15"}
    assert "Try again in 15 seconds" in answers[0].text
    assert answers[0].text == answers[1].text
    assert tried(person, EMAIL.upper(), PASSWORD) == 429  # also the right one, and however it is written
    clock.moment += timedelta(seconds=16)
    assert tried(person) == 403
    assert tried(person) == 429
    clock.moment += timedelta(seconds=16)
    assert tried(person) == 429  # the wait has doubled
    clock.moment += timedelta(seconds=16)
    assert tried(person, password=PASSWORD) == 200
    assert stage.house.registry.failures("network:127.0.0.1") == 0  # a good one begins anew


def test_a_network_that_tries_many_addresses_is_slowed_down_too(stage: Stage) -> None:
    person = stage.nobody()
    for number in range(FREE_OF_NETWORK - 1):
        sources = {f"address:{number}": lambda *_: NONE, "network:127.0.0.1": lambda *_: NONE}
        assert stage.house.registry.try_sign_in(sources) == NONE
    assert [tried(person, f"{number}@demo.example") for number in range(3)] == [403, 429, 429]


def test_many_tries_at_once_are_counted_as_many(stage: Stage) -> None:
    answers: list[int] = []
    csrf = stage.nobody()
    csrf.csrf()

    def try_it() -> None:
        data = {"csrf": csrf.csrf(), "email": EMAIL, "password": "wrong password"}
        cookies = dict(csrf.session.cookies)
        answers.append(
            stage.nobody().session.post(f"{stage.address}/sign-in", data, cookies=cookies, timeout=60).status_code
        )

    threads = [threading.Thread(target=try_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(403) == FREE
    assert answers.count(429) == 12 - FREE


def test_sessions_end_when_nobody_comes_back_and_after_a_week(stage: Stage, clock: Clock) -> None:
    def is_in(person: Person) -> bool:
        return person.get("/me", allow_redirects=False).status_code == 200

    person = stage.nobody()
    tried(person, password=PASSWORD)
    for _ in range(27):
        clock.moment += timedelta(hours=6)
        assert is_in(person)
    clock.moment += timedelta(hours=6)
    assert not is_in(person)  # a week is over, although it was used all along
    tried(person, password=PASSWORD)
    clock.moment += timedelta(hours=8, minutes=1)
    person.post("/language", page="/sign-in", language="fr")  # a page for everybody does not wake it
    assert not is_in(person)


@pytest.mark.parametrize(
    ("client", "forwarded", "behind_proxy", "network"),
    [
        ("192.0.2.7", None, False, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", False, "192.0.2.7"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", True, "198.51.100.1"),
        ("127.0.0.1", None, True, "127.0.0.1"),
        ("2001:db8:1:2:aaaa::1", None, False, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", None, False, "192.0.2.7"),
        ("127.0.0.1", "nonsense", True, "unknown"),
    ],
)
def test_the_network_is_that_of_the_connection_or_what_the_proxy_tells(
    client: str, forwarded: str | None, behind_proxy: bool, network: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "headers": headers, "client": (client, 1)})
    assert network_of(request, behind_proxy=behind_proxy) == network
