"""The sandbox refuses what QuickBooks refuses, and tells what it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.quickbooks.sandbox import QuickBooksSandbox
from connectors.quickbooks.sandbox.vendor import OTHER_REALM, SCOPE
from connectors.sandbox.vendor import Allowances
from tests.landed import Clock

from .landed import company_sums, told

Ask = Callable[..., requests.Response]
LEDGER = "reports/GeneralLedger?start_date=2026-01-01&end_date=2026-06-30"


def token_call(sandbox: QuickBooksSandbox, **data: str) -> requests.Response:
    auth = (sandbox.settings["client_id"], sandbox.secrets["client_secret"])
    return requests.post(sandbox.settings["token_url"], data=data, auth=auth, timeout=10)


@pytest.fixture
def token(sandbox: QuickBooksSandbox) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": sandbox.secrets["refresh_token"]}
    return str(token_call(sandbox, **form).json()["access_token"])


@pytest.fixture
def ask(sandbox: QuickBooksSandbox, token: str) -> Ask:
    def get(path: str, realm: str = sandbox.external_id, **headers: str) -> requests.Response:
        usual = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        address = f"{sandbox.settings['base_url']}/v3/company/{realm}/{path}"
        return requests.get(address, headers=usual | headers, timeout=10)

    return get


def query(ask: Ask, text: str) -> Mapping[str, Any]:
    return ask(f"query?query={text}").json()["QueryResponse"]


def test_what_is_not_signed_is_refused_in_lower_case(ask: Ask, sandbox: QuickBooksSandbox) -> None:
    reply = ask("preferences", Authorization="Bearer old")
    assert reply.status_code == 401
    assert reply.json()["fault"]["error"][0]["code"] == "3200"
    assert "invalid_token" in reply.headers["WWW-Authenticate"]
    assert reply.headers["intuit_tid"]


def test_a_consent_is_for_one_company(ask: Ask) -> None:
    reply = ask("preferences", realm=OTHER_REALM)
    assert (reply.status_code, reply.json()["Fault"]["Error"][0]["code"]) == (403, "3100")


@pytest.mark.parametrize(
    "path",
    [
        "reports/GeneralLedger?colour=red",
        "reports/GeneralLedger?columns=tx_date,colour",
        "reports/GeneralLedger?start_date=1.1.2026",
        "reports/JournalReport",
        "companyinfo/1",
        "preferences?x=1",
        "query?query=select Id from Account",
        "query?query=select * from Account maxresults 1001",
        "cdc?entities=Invoice,Colour&changedSince=2026-11-20T00:00:00-08:00",
        "cdc?entities=Invoice&changedSince=2026-11-20T00:00:00",
        "cdc?entities=Invoice&changedSince=2026-09-20T00:00:00-08:00",
    ],
)
def test_what_is_not_known_is_refused(ask: Ask, path: str) -> None:
    reply = ask(path)
    assert (reply.status_code, reply.json()["Fault"]["type"]) == (400, "ValidationFault")


def test_nothing_can_be_written_and_xml_is_what_comes_unasked(ask: Ask, sandbox: QuickBooksSandbox) -> None:
    assert requests.put(sandbox.settings["base_url"] + "/v3/company/1/invoice", timeout=10).status_code == 405
    assert ask("preferences", Accept="*/*").headers["Content-Type"] == "application/xml"


def test_inactive_accounts_come_only_when_asked_for(ask: Ask) -> None:
    active = query(ask, "select * from Account maxresults 1000")["Account"]
    every = query(ask, "select * from Account where Active in (true,false) maxresults 1000")["Account"]
    assert [row["Name"] for row in every if row not in active] == ["Ventes (ancien compte) (deleted)"]
    assert len(query(ask, "select * from Account")["Account"]) <= 100
    assert query(ask, "select * from Account startposition 900") == {}


def test_the_trial_balance_adds_up_and_carries_results(ask: Ask, sandbox: QuickBooksSandbox) -> None:
    rows = ask("reports/TrialBalance?end_date=2025-12-31").json()["Rows"]["Row"]
    numbers = {sandbox.vendor.books.account_id(account.role): account.number for account in told().accounts}
    found = {}
    for row in rows[:-1]:
        name, debit, credit = row["ColData"]
        found[numbers[name["id"]]] = Decimal(debit["value"] or 0) - Decimal(credit["value"] or 0)
    closing = {a: b["closing"] for (year, a), b in told().balances().items() if year == "2025" and b["closing"]}
    assert found == closing
    total = [cell["value"] for cell in rows[-1]["Summary"]["ColData"]]
    assert total[1] == total[2]


def test_the_general_ledger_tells_every_line_once(ask: Ask, sandbox: QuickBooksSandbox) -> None:
    numbers = {sandbox.vendor.books.account_id(account.role): account.number for account in told().accounts}
    sums: dict[str, Decimal] = {}
    for year in (2024, 2025, 2026):
        columns = "tx_date,debt_home_amt,credit_home_amt,nat_home_open_bal"
        address = f"reports/GeneralLedger?start_date={year}-01-01&end_date={year}-12-31&columns={columns}"
        for section in ask(address).json()["Rows"]["Row"]:
            number = numbers[section["Header"]["ColData"][0]["id"]]
            for row in section["Rows"]["Row"]:
                day, debit, credit, opened = (cell["value"] for cell in row["ColData"])
                if day == "Beginning Balance":
                    kind = next(account.kind for account in told().accounts if account.number == number)
                    if number != told().numbers["result_brought_forward"]:  # nothing is booked there
                        assert Decimal(opened) == (sums[number] if kind == "asset" else -sums[number])
                else:
                    sums[number] = sums.get(number, Decimal(0)) + Decimal(debit or 0) - Decimal(credit or 0)
    assert {number: amount for number, amount in sums.items() if amount} == company_sums(told())


def test_columns_of_the_other_kind_of_company_are_empty(ask: Ask) -> None:
    rows = ask(f"{LEDGER}&columns=tx_date,debt_amt,credit_amt").json()["Rows"]["Row"]
    amounts = {cell["value"] for section in rows for row in section["Rows"]["Row"] for cell in row["ColData"][1:]}
    assert amounts == {""}


@pytest.mark.parametrize("silent", [False, True])
def test_what_is_over_the_cap_is_left_out(ask: Ask, sandbox: QuickBooksSandbox, *, silent: bool) -> None:
    sandbox.knobs.cells, sandbox.knobs.silent = 30, silent
    rows = ask(f"{LEDGER}&columns=tx_date,debt_home_amt,credit_home_amt").json()["Rows"]["Row"]
    told_rows = [row for section in rows if "Rows" in section for row in section["Rows"]["Row"]]
    assert len(told_rows) == 10
    last = rows[-1].get("ColData", [{}])[0].get("value", "")
    assert last.startswith("Unable to display more data") != silent


def test_changes_are_told_with_their_day_and_deletions_without(
    ask: Ask, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    since = f"{clock():%Y-%m-%dT%H:%M:%S}-00:00"
    clock.pass_by(minutes=1)
    sandbox.show(told(1))
    groups = ask(f"cdc?entities=Invoice,Bill&changedSince={since}").json()["CDCResponse"][0]["QueryResponse"]
    assert [len(group.get("Invoice", group.get("Bill", []))) for group in groups] == [1, 2]
    gone = groups[0]["Invoice"][0]
    assert gone.keys() == {"Id", "status", "domain", "MetaData"}
    assert {row["TxnDate"] for row in groups[1]["Bill"]} > {"2026-02-14"}
    later = f"{clock() + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}-00:00"
    assert ask(f"cdc?entities=Bill&changedSince={later}").json() == {
        "CDCResponse": [{"QueryResponse": [{}]}],
        "time": ask("preferences").json()["time"],
    }


def test_calls_over_the_limit_are_refused_without_a_time(ask: Ask, sandbox: QuickBooksSandbox, clock: Clock) -> None:
    sandbox.vendor.limits = Allowances({"minute": (2, timedelta(minutes=1))}, clock)
    refused = [ask("preferences") for _ in range(3)][-1]
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert "ThrottleExceeded" in refused.json()["Fault"]["Error"][0]["Message"]
    clock.pass_by(minutes=2)
    assert ask("preferences").status_code == 200


def test_the_sign_in_wants_the_scope_and_tells_the_company(sandbox: QuickBooksSandbox, clock: Clock) -> None:
    fields = {
        "response_type": "code",
        "client_id": sandbox.settings["client_id"],
        "redirect_uri": "http://localhost:1/",
        "state": "s",
    }

    def back(**more: str) -> dict[str, list[str]]:
        address = sandbox.settings["authorize_url"]
        reply = requests.get(address, params=fields | more, allow_redirects=False, timeout=10)
        return parse_qs(urlsplit(reply.headers["Location"]).query)

    assert back()["error"] == ["invalid_scope"]
    answer = back(scope=SCOPE)
    assert answer["realmId"] == [sandbox.external_id]
    form = {"grant_type": "authorization_code", "redirect_uri": fields["redirect_uri"]}
    document = token_call(sandbox, **form, code=answer["code"][0]).json()
    assert document["x_refresh_token_expires_in"] == 100 * 24 * 3600
    assert document["expires_in"] == 3600
    clock.pass_by(days=101)
    lapsed = token_call(sandbox, grant_type="refresh_token", refresh_token=document["refresh_token"])
    assert (lapsed.status_code, lapsed.json()["error"]) == (400, "invalid_grant")
