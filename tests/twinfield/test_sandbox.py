"""The sandbox refuses what the vendor refuses; asked here without our client, so that neither hides the other."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape, unescape
from typing import Any

import pytest
import requests
from lxml import etree

from connectors.twinfield.sandbox import TwinfieldSandbox
from tests.landed import Clock

ACTION = "http://www.twinfield.com/ProcessXmlString"
OFFICES = "<list><type>offices</type></list>"


class Caller:
    """Signs in once and asks."""

    def __init__(self, sandbox: TwinfieldSandbox) -> None:
        self.sandbox = sandbox
        self.base = sandbox.settings["base_url"]
        self.session = requests.Session()
        self.token = self.refresh().json()["access_token"]

    def refresh(self, **change: str) -> requests.Response:
        pair = f"{self.sandbox.settings['client_id']}:{self.sandbox.secrets['client_secret']}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        form = {"grant_type": "refresh_token", "refresh_token": self.sandbox.secrets["refresh_token"]} | change
        return self.session.post(f"{self.base}/auth/authentication/connect/token", data=form, headers=headers)

    def validate(self, token: str) -> requests.Response:
        return self.session.get(
            f"{self.base}/auth/authentication/connect/accesstokenvalidation", params={"token": token}
        )

    def process(self, xml: str, office: str = "1042", **change: str) -> requests.Response:
        token = change.get("token", self.token)
        company = f"<CompanyCode>{office}</CompanyCode>" if office else ""
        body = (
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header>'
            f'<Header xmlns="http://www.twinfield.com/"><AccessToken>{token}</AccessToken>{company}</Header>'
            '</soap:Header><soap:Body><ProcessXmlString xmlns="http://www.twinfield.com/">'
            f"<xmlRequest>{escape(xml)}</xmlRequest></ProcessXmlString></soap:Body></soap:Envelope>"
        )
        headers = {
            "Content-Type": change.get("content_type", "text/xml; charset=utf-8"),
            "SOAPAction": change.get("action", f'"{ACTION}"'),
        }
        return self.session.post(f"{self.base}/webservices/processxml.asmx", data=body.encode(), headers=headers)

    def document(self, xml: str, office: str = "1042") -> etree._Element:
        text = self.process(xml, office).text
        inside = text.partition("<ProcessXmlStringResult>")[2].partition("</ProcessXmlStringResult>")[0]
        return etree.fromstring(unescape(inside))


def column(field: str, operator: str = "none", low: str = "", high: str = "", visible: str = "true") -> str:
    return (
        f"<column><field>{field}</field><label></label><visible>{visible}</visible><ask>true</ask>"
        f"<operator>{operator}</operator><from>{low}</from><to>{high}</to><finderparam></finderparam></column>"
    )


def browse(*columns: str, code: str = "030_3") -> str:
    return f'<columns code="{code}" optimize="true">{"".join(columns)}</columns>'


NUMBER = column("fin.trs.head.number")


@pytest.fixture
def caller(sandbox: TwinfieldSandbox) -> Iterator[Caller]:
    found = Caller(sandbox)
    yield found
    found.session.close()


def fault_code(reply: requests.Response) -> str | None:
    return next((each.text for each in etree.fromstring(reply.content).iter("code")), None)


def test_a_refresh_gives_an_hour_and_the_same_refresh_token(caller: Caller) -> None:
    told = caller.refresh().json()
    assert told["expires_in"] == 3600
    assert told["refresh_token"] == caller.sandbox.secrets["refresh_token"]
    assert caller.refresh(scope="openid").status_code == 400


def test_the_cluster_is_told_for_a_good_token_alone(caller: Caller) -> None:
    assert caller.validate(caller.token).json()["twf.clusterUrl"] == caller.base
    assert caller.validate("other").status_code == 400


def test_a_consent_page_wants_a_nonce(caller: Caller) -> None:
    asked = {"client_id": "sandbox-app", "redirect_uri": "http://localhost/back", "response_type": "code"}
    asked |= {"state": "s", "scope": "openid twf.organisationUser offline_access"}
    address = f"{caller.base}/auth/authentication/connect/authorize"
    assert caller.session.get(address, params=asked, allow_redirects=False).status_code == 400
    reply = caller.session.get(address, params=asked | {"nonce": "n"}, allow_redirects=False)
    assert (reply.status_code, "code=" in reply.headers["Location"]) == (302, True)


def test_offices_are_listed_without_an_office(caller: Caller) -> None:
    found = caller.document(OFFICES, office="")
    assert [office.text for office in found] == ["FIRM01", "1042", "NLA007", "NLA060"]
    assert found.get("result") == "1"


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"token": "other"}, "354", 500),
        ({"content_type": "application/soap+xml"}, "187", 500),
        ({"action": ACTION}, "187", 500),
        ({"token": ""}, "101", 500),
    ],
)
def test_a_call_that_is_not_framed_or_proved_is_a_fault_with_a_number(
    caller: Caller, change: dict[str, Any], code: str, status: int
) -> None:
    reply = caller.process(OFFICES, **change)
    assert (fault_code(reply), reply.status_code) == (code, status)


@pytest.mark.parametrize("office", ["", "nobody", "NLA060"])
def test_an_office_without_rights_or_unknown_is_refused(caller: Caller, office: str) -> None:
    reply = caller.process("<read><type>dimensions</type><office>X</office><dimtype>BAS</dimtype></read>", office)
    assert (fault_code(reply), reply.status_code) == ("102", 403)


def test_stray_text_and_comments_are_invalid(caller: Caller) -> None:
    for xml in (
        " <list><type>offices</type></list>",
        "<list><!-- all --><type>offices</type></list>",
        "<list>x<type/></list>",
    ):
        assert fault_code(caller.process(xml)) == "187"


@pytest.mark.parametrize(
    "xml",
    [
        browse(NUMBER, code="999_1"),
        browse(column("fin.trs.line.value")),
        browse(NUMBER, column("fin.trs.head.date", "between", "20240101", "20241231")),
        browse(NUMBER, column("fin.trs.head.yearperiod", "between", "2024", "2025")),
        browse(NUMBER, column("fin.trs.head.modified", "between", "2024-01-01", "2025-01-01")),
        browse(NUMBER, column("fin.trs.head.status", "equal", "standing")),
        browse(NUMBER, column("fin.trs.head.yearperiod", "like", "2024*")),
        browse(column("fin.trs.head.number", visible="false")),
        browse(NUMBER, column("fin.trs.head.status", "equal", "normal", visible="false"), code="100"),
        browse(NUMBER, column("fin.trs.line.dim1"), code="200"),
        "<read><type>office</type><code>1042</code></read>",
        "<read><type>dimensions</type><office>1042</office><dimtype>XXX</dimtype></read>",
    ],
)
def test_what_the_vendor_does_not_know_has_result_0(caller: Caller, xml: str) -> None:
    found = caller.document(xml)
    assert (found.get("result"), found.get("msgtype")) == ("0", "error")


def test_a_browse_tells_the_rows_of_a_range_of_periods_and_how_many(caller: Caller) -> None:
    asked = [column("fin.trs.head.yearperiod", "between", "2025/00", "2025/01"), column("fin.trs.line.basevaluesigned")]
    found = caller.document(browse(*asked))
    rows = found.findall("tr")
    assert found.get("total") == found.get("last") == str(len(rows))
    assert {row[0].text for row in rows} == {"2025/00", "2025/01"}
    assert rows[0].findtext("key/office") == "1042"


def test_credits_are_counted_and_told_and_refused_when_used_up(caller: Caller, clock: Clock) -> None:
    caller.sandbox.knobs.credits = 2
    told = [caller.process(OFFICES) for _ in range(3)]
    assert [reply.status_code for reply in told] == [200, 200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in told] == ["1", "0", "0"]
    assert told[2].headers["Retry-After"] == "20"
    clock.pass_by(seconds=61)
    assert caller.process(OFFICES).status_code == 200
