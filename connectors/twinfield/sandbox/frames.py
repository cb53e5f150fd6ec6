"""SOAP as the vendor frames it: what a call must look like, answers, and faults with the vendor's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from connectors.sandbox.vendor import Answer, Request

TWINFIELD = "http://www.twinfield.com/"
CONTRACTS = "http://schemas.datacontract.org/2004/07/Twinfield.WebServices."
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = "text/xml; charset=utf-8"
STATUS = {101: 500, 102: 403, 103: 401, 104: 403, 105: 403, 106: 403, 108: 500, 187: 500, 351: 401, 352: 403, 353: 403}


class Fault(Exception):
    """The vendor refuses a call. ``code`` is its own number; the status follows from it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Call:
    """A call as it was framed: the element of the body, and what its header proves."""

    body: etree._Element
    token: str
    company: str


def opened(request: Request, action: str, header: str, header_space: str) -> Call:
    """The call in ``request``. Raises Fault 187 where the frame is not the vendor's, 101 without a token."""
    if request.headers.get("content-type", "").replace(" ", "").lower() != _TYPE.replace(" ", ""):
        raise Fault(187, "The content type must be text/xml; charset=utf-8")
    if request.headers.get("soapaction") != f'"{action}"':
        raise Fault(187, f"Server did not recognize the SOAPAction {request.headers.get('soapaction')}")
    try:
        root = etree.fromstring(request.body)
    except etree.XMLSyntaxError as error:
        raise Fault(187, f"Invalid XML: {error}") from None
    if root.tag != f"{{{_SOAP}}}Envelope":
        raise Fault(187, "Not an envelope")
    proof = root.find(f"{{{_SOAP}}}Header/{{{TWINFIELD}}}{header}")
    body = root.find(f"{{{_SOAP}}}Body")
    if body is None or len(body) != 1:
        raise Fault(187, "The body must hold one call")
    token = proof.findtext(f"{{{header_space}}}AccessToken") if proof is not None else None
    if not token:
        raise Fault(101, "No token or company")
    company = proof.findtext(f"{{{header_space}}}CompanyCode") if proof is not None else None
    return Call(body[0], token, company or "")


def query_of(call: Call, service: str) -> tuple[str, dict[str, str]]:
    """Type and fields of a service's ``Query``."""
    space = CONTRACTS + service
    prefix, _, kind = (call.body.get(f"{{{_XSI}}}type") or "").partition(":")
    if call.body.tag != f"{{{TWINFIELD}}}Query" or call.body.nsmap.get(prefix) != space:
        raise Fault(187, "The query has no known type")
    fields = {}
    for child in call.body:
        name = etree.QName(child)
        if name.namespace != space:
            raise Fault(187, f"Unknown element {child.tag}")
        fields[name.localname] = child.text or ""
    return kind, fields


def process_answer(xml: str) -> Answer:
    """The answer of ProcessXmlString: XML as a text within XML."""
    inside = f"<ProcessXmlStringResult>{escape(xml)}</ProcessXmlStringResult>"
    return _answer(200, f'<ProcessXmlStringResponse xmlns="{TWINFIELD}">{inside}</ProcessXmlStringResponse>')


def service_answer(service: str, kind: str, inside: str) -> Answer:
    """The answer of a service: a Result of its type, without a wrapper. ``inside`` uses the prefix ``b``."""
    space = f'xmlns="{TWINFIELD}" xmlns:b="{CONTRACTS}{service}" xmlns:i="{_XSI}"'
    return _answer(200, f'<Result {space} i:type="b:{kind}">{inside}</Result>')


def finder_answer(rows: list[tuple[str, str]]) -> Answer:
    items = "".join(f"<ArrayOfString>{''.join(tag('string', v) for v in row)}</ArrayOfString>" for row in rows)
    columns = f"<Columns>{tag('string', 'Code')}{tag('string', 'Name')}</Columns>"
    data = f"<data><TotalRows>{len(rows)}</TotalRows>{columns}<Items>{items}</Items></data>"
    return _answer(200, f'<SearchResponse xmlns="{TWINFIELD}"><SearchResult />{data}</SearchResponse>')


def fault(refusal: Fault, place: str) -> Answer:
    text = escape(str(refusal))
    detail = f"<message>{text}</message><code>{refusal.code}</code><source>ProcessXmlString</source>"
    told = (
        f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{text}</faultstring>"
        f"<faultactor>{escape(place)}</faultactor><detail>{detail}</detail></soap:Fault>"
    )
    return _answer(STATUS.get(refusal.code, 500), told)


def tag(name: str, text: object, attributes: Mapping[str, str] | None = None) -> str:
    """An element with text."""
    told = "".join(f" {key}={quoteattr(value)}" for key, value in (attributes or {}).items())
    return f"<{name}{told}>{escape(str(text))}</{name}>" if text not in (None, "") else f"<{name}{told}></{name}>"


def _answer(status: int, inside: str) -> Answer:
    body = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{_SOAP}"><soap:Body>{inside}'
    return Answer(status, f"{body}</soap:Body></soap:Envelope>".encode(), _TYPE)
