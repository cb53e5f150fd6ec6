"""Every way in which the vendor or the network fails: full recovery, or the right error and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.budgets import Budgets, MemoryLedger
from connectors.e_conomic import Economic
from connectors.e_conomic.sandbox import EconomicSandbox, Fault, Knobs, open_sandbox
from connectors.sandbox.company import company
from foundation.allowance import Limit
from foundation.errors import GrandlivreError, RateLimited, SignInAgain, VendorDown
from tests.landed import Clock, books

from .landed import SOFTWARE, connect, read

ENTRIES = "/2025/entries"


def told_right(connector: Economic, sandbox: EconomicSandbox) -> bool:
    books = sandbox.vendor.books
    rows = read(connector).tables["entries"].to_pylist()
    found = {row["entryNumber"]: row["amountInBaseCurrency"] for row in rows}
    return found == {
        e["entryNumber"]: e["amountInBaseCurrency"] for y in books.names.values() for e in books.entries(y)
    }


@pytest.mark.parametrize("kind", ["500", "503", "429_minute", "429_bare", "html", "truncated", "cut", "reset"])
@pytest.mark.parametrize("path", [ENTRIES, "/self", "/accounts", "/totals"])
def test_what_passes_is_sat_out(
    connector: Economic, sandbox: EconomicSandbox, clock: Clock, kind: Any, path: str
) -> None:
    sandbox.knobs.largest_page = 60
    sandbox.knobs.faults = [Fault(kind, path=path, times=2, skip=1 if path == ENTRIES else 0)]
    assert told_right(connector, sandbox)
    assert clock.slept
    assert sandbox.knobs.faults[0].times == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("500", VendorDown),
        ("503", VendorDown),
        ("html", VendorDown),
        ("truncated", VendorDown),
        ("reset", VendorDown),
        ("429_bare", RateLimited),
        ("429_day", RateLimited),
    ],
)
def test_what_does_not_pass_is_named_after_a_bounded_number_of_calls(
    connector: Economic, sandbox: EconomicSandbox, clock: Clock, kind: Any, error: type[GrandlivreError]
) -> None:
    sandbox.knobs.faults = [Fault(kind, path=ENTRIES, times=-1)]
    with pytest.raises(error) as raised:
        read(connector)
    assert sum(ENTRIES in request for request in sandbox.vendor.requests) <= 6
    assert "stamp" not in str(raised.value)
    assert sum(clock.slept) < 450


def test_a_long_wait_parks_the_sync_until_the_moment_that_the_vendor_tells(
    connector: Economic, sandbox: EconomicSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("429_day", path=ENTRIES)]
    with pytest.raises(RateLimited) as raised:
        read(connector)
    assert raised.value.resume_at == clock() + timedelta(hours=7)
    assert clock.slept == []


def test_what_may_be_spent_in_a_minute_is_waited_for(clock: Clock) -> None:
    small = company("BE", entries_per_month=1, corrects_by_entries=True)
    with open_sandbox(SOFTWARE, small, knobs=Knobs(bucket=30), now=clock) as sandbox:
        connector = connect(sandbox, clock)
        assert told_right(connector, sandbox)
        connector.close()
    assert clock.slept
    assert sandbox.vendor.over_limit == len(sandbox.vendor.requests) - 14


def test_a_grant_that_is_withdrawn_while_it_is_read_asks_for_another(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    sandbox.knobs.largest_page = 60
    sandbox.knobs.faults = [Fault("401", path=ENTRIES, skip=1)]
    with pytest.raises(SignInAgain, match="e-conomic refuses the key"):
        read(connector)


def test_the_day_s_calls_are_kept_to(sandbox: EconomicSandbox, clock: Clock) -> None:
    limits = (Limit("day", 10, timedelta(days=1), "connection"),)
    connector = connect(sandbox, clock, budgets=Budgets(MemoryLedger(), connection="c", limits=limits))
    with pytest.raises(RateLimited):
        read(connector)
    assert len(sandbox.vendor.requests) == 10
    connector.close()


@pytest.mark.parametrize("knob", ["text_numbers", "float_noise"])
def test_numbers_as_text_and_the_noise_of_doubles_change_nothing(
    connector: Economic, sandbox: EconomicSandbox, knob: str
) -> None:
    lines = "SELECT * FROM books.journal_lines ORDER BY line_key"
    plain = books(connector, read(connector)).execute(lines).fetchall()
    setattr(sandbox.knobs, knob, True)
    sandbox.vendor.books.version += 1
    assert books(connector, read(connector)).execute(lines).fetchall() == plain


def test_a_text_that_looks_like_a_field_is_left_as_it_is(connector: Economic, sandbox: EconomicSandbox) -> None:
    text = 'he said "invoiceNumber": 5, "results": 9 and "nextPage":"http://elsewhere"'
    entries = sandbox.vendor.books._entries["2026"]
    entries[-1] = entries[-1] | {"text": text}
    landed = read(connector)
    assert landed.tables["entries"].column("text").to_pylist()[-1] == text
    assert landed.stated["entries"] == sandbox.vendor.books.last_entry


def test_amounts_are_exact_to_the_last_cent(connector: Economic, sandbox: EconomicSandbox) -> None:
    amount = "9007199254740993.07"
    sandbox.vendor.books.book(
        "2026", connector.fiscal_years("700123")[-1].start, [("550000", amount), ("700000", f"-{amount}")]
    )
    rows = read(connector).tables["entries"].to_pylist()
    assert rows[-2]["amountInBaseCurrency"] == Decimal(amount)
