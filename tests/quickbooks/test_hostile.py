"""What QuickBooks answers in trouble, by the error that a person meets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.http import Reply
from connectors.quickbooks import QuickBooks
from connectors.quickbooks.sandbox import Fault, QuickBooksSandbox
from connectors.quickbooks.wire import WAYS
from connectors.sandbox.vendor import Allowances, Answer, Request
from foundation.errors import AskForAccess, Incomplete, RateLimited, ReportABug, SignInAgain, VendorDown
from tests.landed import Clock
from tests.reader import Reader

from .landed import connect


def answering(sandbox: QuickBooksSandbox, part: str, change: Any) -> None:
    """From now on answers to what contains ``part`` are changed on their way, as documents."""
    real = sandbox.vendor.answer

    def answer(request: Request) -> Answer:
        told = real(request)
        if part in request.target and told.status == 200:
            document = json.loads(told.body)
            change(document)
            told.body = json.dumps(document).encode()
        return told

    sandbox.vendor.answer = answer  # type: ignore[method-assign]


def test_a_user_without_the_right_to_reports_is_told_so(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    sandbox.vendor.refused = {"TrialBalance"}
    told = reader.fails(AskForAccess)
    assert "permission" in told
    assert "intuit_tid 1-6780a1b2-sandbox" in told
    assert "may see the company's reports" in told


def test_a_consent_for_another_company_opens_nothing(sandbox: QuickBooksSandbox, clock: Clock) -> None:
    with pytest.raises(AskForAccess, match="003100"):
        connect(sandbox, clock, realm_id="9130357766900111").verify()


def test_throttling_is_sat_out_for_a_minute_and_then_told(
    connector: QuickBooks, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("429_bare", "companyinfo", times=3)]
    connector.verify()
    assert 30 <= sum(clock.slept) <= 90
    sandbox.knobs.faults = [Fault("429_bare", "companyinfo", times=-1)]
    with pytest.raises(RateLimited):
        connector.verify()


def test_its_own_limits_are_kept_unasked(reader: Reader, sandbox: QuickBooksSandbox, clock: Clock) -> None:
    limits = {"minute": (500, timedelta(minutes=1)), "second": (10, timedelta(seconds=1))}
    sandbox.vendor.limits = Allowances(limits, clock)
    for _ in range(3):
        reader.read(afresh=True)
    assert sandbox.vendor.limits.refused == 0
    assert clock.slept, "ten calls a second are no more"


def test_a_withdrawn_consent_asks_for_another(connector: QuickBooks, sandbox: QuickBooksSandbox) -> None:
    sandbox.vendor.desk.void_refresh_token()
    with pytest.raises(SignInAgain, match="no longer accepts"):
        connector.verify()


def test_a_trial_balance_that_lacks_a_row_is_not_believed(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    reader.read()
    answering(sandbox, "end_date=2026-12", lambda document: document["Rows"]["Row"].pop(0))
    assert "sum up to" in reader.fails(Incomplete, since=None)


@pytest.mark.parametrize(
    "part", ["GeneralLedger?start_date=2025-07", "TrialBalance?start_date=2025-01-01&end_date=2025-06"]
)
def test_an_empty_report_in_the_middle_is_no_empty_half_year(
    reader: Reader, sandbox: QuickBooksSandbox, part: str
) -> None:
    answering(sandbox, part, lambda document: document.update(Rows={}))
    reader.fails(Incomplete)


@pytest.mark.parametrize("lost", [1, 2, 50])
def test_lines_that_are_lost_on_the_way_are_noticed(reader: Reader, sandbox: QuickBooksSandbox, lost: int) -> None:
    """A hundred rows shown and the rest left out, sections shown as empty: whatever it is, it does not add up."""

    def lose(document: Any) -> None:
        for section in document["Rows"].get("Row", []):
            del section["Rows"]["Row"][-lost:]

    answering(sandbox, "GeneralLedger?start_date=2026-01", lose)
    reader.fails(Incomplete)


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("preferences", lambda document: document.pop("Preferences"), "no Preferences"),
        ("companyinfo", lambda document: document.pop("time"), "time of its answer"),
        ("companyinfo", lambda document: document["CompanyInfo"].update(CompanyStartDate="1/4/24"), "for a date"),
        (
            "Balance?start_date=2024-01-01&end_date=2024-12",
            lambda document: document["Rows"]["Row"][0]["ColData"].pop(),
            "with 2 columns",
        ),
        (
            "Balance?start_date=2024-01-01&end_date=2024-12",
            lambda document: document["Rows"]["Row"][0]["ColData"][1].update(value="1,5"),
            "an amount",
        ),
    ],
)
def test_a_broken_contract_is_reported(
    reader: Reader, sandbox: QuickBooksSandbox, part: str, change: Any, said: str
) -> None:
    answering(sandbox, part, change)
    assert said in reader.fails(ReportABug)


def test_a_month_that_is_none_is_reported(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    def change(document: Any) -> None:
        document["Preferences"]["AccountingInfoPrefs"]["FirstMonthOfFiscalYear"] = "Floréal"

    answering(sandbox, "preferences", change)
    assert "Floréal" in reader.fails(ReportABug)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"Fault":null}', b'{"Fault":{"Error":[]}}', b"<html>"])
def test_a_fault_without_words_explains_nothing(body: bytes) -> None:
    reply = Reply(400, {}, body)
    assert (WAYS.explain(reply), WAYS.refusal(reply)) == ("", None)


def test_an_account_list_that_is_no_list_is_no_answer(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    answering(sandbox, "query?query=select+%2A+from+Account", lambda document: document.pop("QueryResponse"))
    assert "not readable" in reader.fails(VendorDown)
