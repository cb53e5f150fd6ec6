"""The sandbox refuses what the vendor would refuse."""

from __future__ import annotations

import pytest
import requests

from connectors import soap
from connectors.yuki.sandbox import YukiSandbox
from connectors.yuki.sandbox.operations import ADMINISTRATION, DOMAIN
from tests.landed import Clock

NAMESPACE = "http://www.theyukicompany.com/"


def ask(sandbox: YukiSandbox, service: str, operation: str, **parameters: str) -> bytes:
    return send(sandbox, service, operation, soap.envelope(operation, NAMESPACE, parameters)).content


def send(sandbox: YukiSandbox, service: str, operation: str, body: bytes, **headers: str) -> requests.Response:
    url = f"{sandbox.settings['base_url']}/ws/{service}.asmx"
    return requests.post(url, data=body, headers=soap.headers(NAMESPACE + operation) | headers, timeout=10)


@pytest.fixture
def session(sandbox: YukiSandbox) -> str:
    """A session in the company's domain."""
    body = ask(sandbox, "Accounting", "Authenticate", accessKey=sandbox.secrets["access_key"])
    found = soap.result(body, "Authenticate")
    assert not soap.fault(ask(sandbox, "Accounting", "SetCurrentDomain", sessionID=found, domainID=DOMAIN))
    return found


def test_a_wrong_key_is_a_fault_with_status_500(sandbox: YukiSandbox) -> None:
    body = soap.envelope("Authenticate", NAMESPACE, {"accessKey": "another"})
    reply = send(sandbox, "Accounting", "Authenticate", body)
    assert (reply.status_code, soap.fault(reply.content)) == (500, "Invalid access key")


def test_headers_and_addresses_are_looked_at(sandbox: YukiSandbox) -> None:
    body = soap.envelope("Authenticate", NAMESPACE, {"accessKey": sandbox.secrets["access_key"]})
    for headers in ({"SOAPAction": f"{NAMESPACE}Authenticate"}, {"Content-Type": "text/xml"}):
        assert soap.fault(send(sandbox, "Accounting", "Authenticate", body, **headers).content)
    assert soap.fault(send(sandbox, "Accounting", "Authenticate", body.replace(b"theyuki", b"they")).content)
    assert soap.fault(send(sandbox, "Ledger", "Authenticate", body).content)
    assert soap.fault(requests.get(f"{sandbox.settings['base_url']}/ws/Accounting.asmx", timeout=10).content)


@pytest.mark.parametrize(
    "parameters",
    [
        {"administrationID": ADMINISTRATION},
        {"administrationID": ADMINISTRATION, "yearID": "2025", "colour": "red"},
        {"yearID": "2025", "administrationID": ADMINISTRATION},
        {"administrationID": ADMINISTRATION, "yearid": "2025"},
    ],
)
def test_parameters_are_all_there_in_order_and_no_others(
    sandbox: YukiSandbox, session: str, parameters: dict[str, str]
) -> None:
    found = ask(sandbox, "AccountingInfo", "GetPeriodDateTable", sessionID=session, **parameters)
    assert "takes sessionID, administrationID, yearID" in soap.fault(found)


def test_an_operation_belongs_to_its_service(sandbox: YukiSandbox, session: str) -> None:
    assert soap.fault(ask(sandbox, "Contact", "GetGLAccountScheme", sessionID=session, administrationID=ADMINISTRATION))


def test_a_session_ends_after_a_day_and_stands_in_one_domain(sandbox: YukiSandbox, session: str, clock: Clock) -> None:
    def chart() -> str:
        return soap.fault(
            ask(sandbox, "AccountingInfo", "GetGLAccountScheme", sessionID=session, administrationID=ADMINISTRATION)
        )

    assert chart() == ""
    ask(sandbox, "Accounting", "SetCurrentDomain", sessionID=session, domainID=next(iter(sandbox.vendor.domains)))
    assert "current domain" in chart()
    clock.pass_by(hours=25)
    assert "session" in chart()


def test_numbers_dates_and_sizes_are_what_they_should_be(sandbox: YukiSandbox, session: str) -> None:
    ours = {"sessionID": session, "administrationID": ADMINISTRATION}
    span = {"GLAccountCode": "", "StartDate": "2025-01-01", "EndDate": "2025-01-31"}
    told = ask(sandbox, "AccountingInfo", "GetTransactionDetails", **ours, **span, financialMode="true")
    assert "correct format" in soap.fault(told)
    span["StartDate"] = "01/01/2025"
    told = ask(sandbox, "AccountingInfo", "GetTransactionDetails", **ours, **span, financialMode="0")
    assert "valid DateTime" in soap.fault(told)
    page = {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-12-01T00:00:00Z", "numberOfRecords": "1000"}
    told = ask(sandbox, "ChangeDigest", "GetUpdatedAndDeletedTransactions", **ours, **page, startRecord="0")
    assert "out of range" in soap.fault(told)


def test_the_day_s_calls_are_counted_per_domain(sandbox: YukiSandbox, session: str, clock: Clock) -> None:
    def count(domain_session: str, calls: int) -> list[str]:
        answers = (ask(sandbox, "Accounting", "GetCurrentDomain", sessionID=domain_session) for _ in range(calls))
        return [soap.fault(answer) for answer in answers]

    sandbox.vendor.allow(4)
    assert count(session, 5) == ["", "", "", "", "Daily limit exceeded"]
    answer = ask(sandbox, "Accounting", "Authenticate", accessKey=sandbox.secrets["access_key"])
    assert count(soap.result(answer, "Authenticate"), 2) == ["", ""]
    clock.pass_by(hours=23)
    assert count(session, 1) == ["Daily limit exceeded"]
