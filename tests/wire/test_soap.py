"""SOAP: what is sent is escaped, what comes back is read exactly, and what is no answer is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors import soap
from connectors.http import NotAnAnswer, Reply
from connectors.json_pages import MONEY
from foundation.errors import ReportABug

SCHEMA = pa.schema([("Account", pa.string()), ("Amount", MONEY), ("Day", pa.date32())])
_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)


def answer(rows: list[tuple[str, str]]) -> bytes:
    lines = "".join(f"<Line><Account>{account}</Account><Amount>{amount}</Amount></Line>" for account, amount in rows)
    return f'<?xml version="1.0"?><Lines xmlns="urn:vendor">{lines}</Lines>'.encode()


def reply(body: bytes) -> Reply:
    return Reply(200, {}, body)


@given(st.dictionaries(st.sampled_from(["sessionID", "administrationID", "text"]), _TEXT | st.none()))
def test_parameters_arrive_as_they_were_given_and_nothing_breaks_out(given: dict[str, str | None]) -> None:
    root = etree.fromstring(soap.envelope("Get", "urn:vendor", given))
    call = root[0][0]
    assert call.tag == "{urn:vendor}Get"
    assert {etree.QName(child).localname: child.text or "" for child in call} == {
        name: value for name, value in given.items() if value is not None
    }


@given(st.lists(st.decimals(min_value="-1e12", max_value="1e12", places=2), max_size=30))
def test_rows_are_exact(amounts: list[Decimal]) -> None:
    body = answer([(str(number), str(amount)) for number, amount in enumerate(amounts)])
    found = pa.Table.from_batches(soap.rows(body, "Line", SCHEMA, soap.texts))
    assert found.column("Amount").to_pylist() == amounts
    assert found.column("Account").to_pylist() == [str(number) for number in range(len(amounts))]


def test_rows_come_in_batches_and_elements_without_a_row_are_left_out() -> None:
    body = answer([(str(number), "1.00") for number in range(soap.ROWS_AT_ONCE + 10)])

    def even(element: Any) -> dict[str, str] | None:
        values = soap.texts(element)
        return values if int(values["Account"]) % 2 == 0 else None

    assert [batch.num_rows for batch in soap.rows(body, "Line", SCHEMA, soap.texts)] == [soap.ROWS_AT_ONCE, 10]
    assert sum(batch.num_rows for batch in soap.rows(body, "Line", SCHEMA, even)) == soap.ROWS_AT_ONCE // 2 + 5


def test_a_value_that_does_not_fit_its_column_names_the_field() -> None:
    with pytest.raises(ReportABug, match="Amount"):
        list(soap.rows(answer([("1", "one")]), "Line", SCHEMA, soap.texts))


@pytest.mark.parametrize(
    "body",
    [
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        b"<faultcode>soap:Server</faultcode><faultstring>No \n access</faultstring></soap:Fault></soap:Body>"
        b"</soap:Envelope>",
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Reason>'
        b'<s:Text xml:lang="en">No access</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>',
    ],
)
def test_faults_of_both_versions_are_told(body: bytes) -> None:
    assert soap.fault(body) == "No access"


def test_an_answer_is_no_fault() -> None:
    assert soap.fault(answer([("1", "1")])) == ""
    assert soap.fault(b"<html>") == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<!DOCTYPE html><html><body>Maintenance</body></html>",
        b"<Lines><Line>",
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><a></a>',
    ],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    if body.endswith(b"<Line>"):  # only reading it through tells
        with pytest.raises(ValueError, match="XML"):
            list(soap.rows(body, "Line", SCHEMA, soap.texts))
        return
    with pytest.raises(NotAnAnswer):
        soap.check_document(reply(body))


def test_entities_are_not_resolved() -> None:
    body = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Lines><Line><Account>&x;</Account></Line></Lines>'
    found = pa.Table.from_batches(soap.rows(body, "Line", SCHEMA, soap.texts))
    assert found.column("Account").to_pylist() == [None]
    with pytest.raises(ValueError, match="document type"):
        soap.parse(body)


@pytest.mark.parametrize(
    ("told", "kept"),
    [("12.34565", "12.3457"), ("-12.34565", "-12.3457"), ("100.30000000000001", "100.3000"), ("-.5", "-0.5000")],
)
def test_amounts_are_rounded_half_up_to_four_decimals(told: str, kept: str) -> None:
    found = pa.Table.from_batches(soap.rows(answer([("1", told)]), "Line", SCHEMA, soap.texts))
    assert found.column("Amount").to_pylist() == [Decimal(kept)]


def test_an_amount_that_is_none_is_told_as_a_bug() -> None:
    with pytest.raises(ReportABug, match="Amount"):
        list(soap.rows(answer([("1", "1,50")]), "Line", SCHEMA, soap.texts))


def test_a_fault_tells_whose_it_is() -> None:
    body = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>
        <faultcode>s:Client</faultcode><faultstring>No\n way</faultstring></s:Fault></s:Body></s:Envelope>"""
    assert soap.coded_fault(body) == ("Client", "No way")
    newer = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender
        </s:Value></s:Code><s:Reason><s:Text>No</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"""
    assert soap.coded_fault(newer) == ("Sender", "No")
    assert soap.coded_fault(b"<a/>") == ("", "")


def test_one_value_is_read_from_the_result_of_its_operation() -> None:
    body = b'<Envelope><Body><GetResponse xmlns="urn:x"><GetResult> 5e55 </GetResult></GetResponse></Body></Envelope>'
    assert soap.result(body, "Get") == "5e55"
    assert soap.result(body, "Set") == ""


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20))
def test_a_result_as_escaped_text_is_read_as_the_document_that_it_is(text: str) -> None:
    inner = etree.Element("Line")
    etree.SubElement(inner, "Account").text = text
    document = etree.tostring(inner, xml_declaration=True, encoding="utf-8").decode("utf-8")
    root = etree.Element("GetResponse")
    etree.SubElement(root, "GetResult").text = document
    found = soap.unescaped(etree.tostring(root))
    accounts = [row["Account"] for batch in soap.rows(found, "Line", SCHEMA, soap.texts) for row in batch.to_pylist()]
    assert accounts == [text.strip() or None]


def test_a_result_that_is_no_escaped_document_stays_as_it_is() -> None:
    for body in (b"<GetResponse><GetResult>5 &lt; 6</GetResult></GetResponse>", answer([("1", "2.00")])):
        assert soap.unescaped(body) == body
