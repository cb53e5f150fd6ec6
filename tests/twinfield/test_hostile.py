"""Ways in which the vendor or the network fails: full recovery, or the right error and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import NotAnAnswer, Reply
from connectors.sandbox.vendor import Fault
from connectors.twinfield import Twinfield
from connectors.twinfield.faults import TokenRefused, WrongCluster, check, refusal
from connectors.twinfield.sandbox import TwinfieldSandbox
from connectors.twinfield.sandbox import frames as told
from connectors.twinfield.wire import unwrapped
from foundation.errors import AskForAccess, RateLimited, ReportABug, SignInAgain, VendorDown
from tests.landed import Clock

from .landed import read, told_transactions, transactions


@pytest.mark.parametrize("kind", ["500", "503", "429_minute", "html", "truncated", "cut", "reset"])
@pytest.mark.parametrize("path", ["030_3", "PeriodService", "accesstokenvalidation"])
def test_what_passes_is_sat_out(
    connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock, kind: Any, path: str
) -> None:
    sandbox.knobs.faults = [Fault(kind, path=path, times=2)]
    assert transactions(read(connector)) == told_transactions(sandbox)
    assert clock.slept
    assert sandbox.knobs.faults[0].times == 0


@pytest.mark.parametrize(("kind", "error"), [("500", VendorDown), ("truncated", VendorDown), ("429_day", RateLimited)])
def test_what_stays_is_named(connector: Twinfield, sandbox: TwinfieldSandbox, kind: Any, error: type) -> None:
    sandbox.knobs.faults = [Fault(kind, path="040_1", times=-1)]
    with pytest.raises(error) as caught:
        read(connector)
    assert "stamp" not in str(caught.value)


@pytest.mark.parametrize("skip", range(0, 18, 3))
def test_a_token_that_ends_on_the_way_is_renewed(connector: Twinfield, sandbox: TwinfieldSandbox, skip: int) -> None:
    sandbox.knobs.faults = [Fault("401", path="webservices", skip=skip)]
    assert transactions(read(connector)) == told_transactions(sandbox)
    assert sandbox.vendor.desk.log == ["refresh_token"] * 2


def test_an_organisation_that_moved_is_followed(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    connector.verify()
    sandbox.knobs.wrong_cluster = True
    assert transactions(read(connector)) == told_transactions(sandbox)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (101, ReportABug),
        (102, AskForAccess),
        (103, TokenRefused),
        (104, SignInAgain),
        (105, SignInAgain),
        (106, AskForAccess),
        (108, WrongCluster),
        (187, ReportABug),
        (351, SignInAgain),
        (352, AskForAccess),
        (353, AskForAccess),
        (354, TokenRefused),
    ],
)
def test_every_number_has_its_error_whatever_the_status(code: int, error: type) -> None:
    answer = told.fault(told.Fault(code, "Toegang geweigerd"), "here")
    assert type(refusal(Reply(answer.status, {}, answer.body))) is error
    with pytest.raises(error):
        check(Reply(200, {}, answer.body))


def test_a_fault_without_a_known_number_may_pass() -> None:
    assert refusal(Reply(500, {}, told.fault(told.Fault(500, "Oops"), "here").body)) is None
    assert refusal(Reply(500, {}, b"<html>Fault</html>")) is None
    assert type(refusal(Reply(401, {}, b""))) is TokenRefused


@pytest.mark.parametrize(
    "body", [b"", b"<html><body></body></html>", b"<soap:Envelope><soap:Body>" + b"<a/>" * 20, b"{}"]
)
def test_what_is_no_answer_is_not_taken_for_one(body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        check(Reply(200, {}, body))


_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


@given(_TEXT)
def test_xml_within_xml_comes_out_as_it_was(text: str) -> None:
    document = told.tag("name", text)
    assert unwrapped(told.process_answer(document).body) == document.strip().encode()


@pytest.mark.parametrize(
    "inside",
    [
        "<![CDATA[<a>x &amp; y</a>]]>",
        "&#60;a&#62;x &#38;amp; y&lt;/a&gt;",
        "&lt;?xml version='1.0'?&gt;&lt;a&gt;x &amp;amp; y&lt;/a&gt;",
    ],
)
def test_the_document_is_found_however_it_is_wrapped(inside: str) -> None:
    body = told.process_answer("").body.replace(
        b"<ProcessXmlStringResult></ProcessXmlStringResult>",
        f"<ProcessXmlStringResult>{inside}</ProcessXmlStringResult>".encode(),
    )
    assert unwrapped(body) == b"<a>x &amp; y</a>"
    prefixed = body.replace(b"<ProcessXmlStringResult>", b'<t:ProcessXmlStringResult xmlns:t="x">')
    assert (
        unwrapped(prefixed.replace(b"</ProcessXmlStringResult>", b"</t:ProcessXmlStringResult>")) == b"<a>x &amp; y</a>"
    )
