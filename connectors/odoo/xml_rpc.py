"""Odoo's XML-RPC: the same calls as JSON-RPC in another dress; faults come as numbers with status 200."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xmlrpc.client import dumps

from lxml import etree

from connectors import soap
from connectors.http import NotAnAnswer, Reply

from .faults import refuse
from .rpc import Rpc
from .transport import call_decoded

_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml"}
_LAST_LINES = re.compile(r"^([A-Za-z_][\w.]*): (.*)", re.MULTILINE)
_EXCEPTIONS = {2: "UserError", 3: "AccessDenied", 4: "AccessError"}


class XmlRpc(Rpc):
    """See :class:`connectors.odoo.transport.Transport`."""

    def ask(self, service: str, method: str, arguments: Sequence[Any]) -> Any:
        body = dumps(tuple(arguments), method).encode()
        return call_decoded(self.client, f"{self.database.base_url}/xmlrpc/2/{service}", _HEADERS, body, _result)


def _result(reply: Reply) -> Any:
    try:
        document = soap.parse(reply.body)
    except ValueError as error:
        raise NotAnAnswer(str(error)) from None
    fault = document.find("fault/value")
    if fault is not None:
        told = value_of(fault)
        code, text = int(told.get("faultCode", 1)), str(told.get("faultString", ""))
        name = _EXCEPTIONS.get(code, "")
        if not name and (raised := _LAST_LINES.findall(text)):  # an application error is told as a traceback
            name, text = raised[-1]
        refuse(name, text)
    found = document.find("params/param/value")
    if found is None:
        raise NotAnAnswer("no XML-RPC answer")
    return value_of(found)


def value_of(node: etree._Element) -> Any:
    """The value of a ``value`` element; a double as its text, nothing as False (there is no null but false)."""
    if not len(node):
        return node.text or ""
    inner = node[0]
    match inner.tag:
        case "string" | "double":
            return inner.text or ""
        case "int" | "i4" | "i8":
            return int(inner.text or "0")
        case "boolean":
            return inner.text == "1"
        case "array":
            return [value_of(each) for each in inner[0]]
        case "struct":
            return {member[0].text or "": value_of(member[1]) for member in inner}
        case "nil":
            return False
        case tag:
            raise NotAnAnswer(f"a value of kind {tag}")
