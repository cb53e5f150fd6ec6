"""SOAP as ASP.NET web services write it: envelopes, faults, elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from connectors.sandbox.vendor import Answer

NAMESPACE = "http://www.theyukicompany.com/"
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>'
)
_CLOSE = "</soap:Body></soap:Envelope>"
_TYPE = "text/xml; charset=utf-8"


class Fault(Exception):
    """The vendor refuses; ``code`` says whose fault it calls it."""

    def __init__(self, text: str, code: str = "Client") -> None:
        super().__init__(text)
        self.code = code


def element(name: str, text: object) -> str:
    """An element; empty ones close themselves."""
    return f"<{name}>{escape(str(text))}</{name}>" if text not in (None, "") else f"<{name} />"


def elements(fields: Mapping[str, object]) -> str:
    return "".join(element(name, text) for name, text in fields.items())


def node(name: str, attributes: Mapping[str, str], inside: str) -> str:
    """An element with attributes around ``inside``, which is XML already."""
    told = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{told}>{inside}</{name}>" if inside else f"<{name}{told} />"


def result(operation: str, inside: str | bytes, *, escaped: bool = False) -> Answer:
    """The answer to an operation; ``inside`` is the XML of its result, or text."""
    text = inside.encode() if isinstance(inside, str) else inside
    if escaped and text.startswith(b"<"):
        text = escape(text.decode()).encode()
    opened = f'{_OPEN}<{operation}Response xmlns="{NAMESPACE}">'
    full = f"<{operation}Result>".encode() + text + f"</{operation}Result>".encode()
    body = opened.encode() + (full if text else f"<{operation}Result />".encode())
    return Answer(200, body + f"</{operation}Response>{_CLOSE}".encode(), _TYPE)


def fault(refusal: Fault) -> Answer:
    """A fault, which SOAP 1.1 sends with status 500."""
    inside = f"<faultcode>soap:{refusal.code}</faultcode><faultstring>{escape(str(refusal))}</faultstring><detail />"
    return Answer(500, f"{_OPEN}<soap:Fault>{inside}</soap:Fault>{_CLOSE}".encode(), _TYPE)


def emptied(answer: Answer) -> Answer:
    """The answer to the same operation, with nothing in its result."""
    found = re.search(rb"<(\w+)Response xmlns=", answer.body)
    return result(found[1].decode(), "") if found else answer
