"""SOAP 1.1 and 1.2: envelopes out, rows and faults in. Built and read with lxml, hardened against entities."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from html import unescape
from typing import Any

import pyarrow as pa
from lxml import etree

from connectors.http import NotAnAnswer, Reply
from connectors.json_pages import MONEY, pc
from foundation.errors import ReportABug

_ENVELOPE = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
ROWS_AT_ONCE = 5000
_WIRE_MONEY = pa.decimal256(76, 38)
_ESCAPED = re.compile(rb"^.{0,2000}?<(\w+)Result>\s*(&lt;.*&gt;)\s*</\1Result>", re.DOTALL)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def envelope(
    operation: str, namespace: str, parameters: Mapping[str, str | None], *, header: etree._Element | None = None
) -> bytes:
    """A SOAP 1.1 call of ``operation`` with its parameters in order; None leaves one out. Text is escaped."""
    soap = _ENVELOPE["1.1"]
    root = etree.Element(etree.QName(soap, "Envelope"), nsmap={"soap": soap})
    if header is not None:
        etree.SubElement(root, etree.QName(soap, "Header")).append(header)
    body = etree.SubElement(root, etree.QName(soap, "Body"))
    call = etree.SubElement(body, etree.QName(namespace, operation))
    for name, value in parameters.items():
        if value is not None:
            etree.SubElement(call, etree.QName(namespace, name)).text = value
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def headers(action: str) -> dict[str, str]:
    """The headers of a SOAP 1.1 call."""
    return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"', "Accept": "text/xml"}


def parse(body: bytes) -> etree._Element:
    """A whole document. Raises ValueError when it is none, entities and external references included."""
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not readable as XML: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type is not expected")
    return root


def fault(body: bytes) -> str:
    """What a SOAP fault says, of either version, without codes; "" when the body holds none."""
    return coded_fault(body)[1]


def coded_fault(body: bytes) -> tuple[str, str]:
    """The code of a SOAP fault, without its prefix ("Client", "Server", ...), and what it says; "" for both when the
    body holds none."""
    try:
        root = parse(body)
    except ValueError:
        return "", ""
    for soap in _ENVELOPE.values():
        found = root.find(f".//{{{soap}}}Fault")
        if found is not None:
            code = found.findtext("faultcode") or found.findtext(f"{{{soap}}}Code/{{{soap}}}Value") or ""
            text = found.findtext("faultstring") or found.findtext(f"{{{soap}}}Reason/{{{soap}}}Text") or "a fault"
            return code.strip().rpartition(":")[2], " ".join(text.split())
    return "", ""


def result(body: bytes, operation: str) -> str:
    """The text of ``operation``'s result, for operations that answer with one value; "" without one. Raises ValueError
    for what is no XML."""
    found = next(parse(body).iter(f"{{*}}{operation}Result"), None)
    return (found.text or "").strip() if found is not None else ""


def unescaped(body: bytes) -> bytes:
    """The result of an answer that holds it as escaped text, as a document; any other answer as it is."""
    found = _ESCAPED.match(body)
    if not found:
        return body
    inside = _DECLARATION.sub("", unescape(found[2].decode("utf-8")))
    return b"<%sResult>%s</%sResult>" % (found[1], inside.encode("utf-8"), found[1])


def check_document(reply: Reply) -> None:
    """Raises NotAnAnswer for what is no whole XML document (a page for people, half an answer)."""
    tail = reply.body[-64:].rstrip()
    if not reply.body[:64].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") or not tail.endswith(b">"):
        raise NotAnAnswer("not a whole XML document")
    if b"<html" in reply.body[:512].lower():
        raise NotAnAnswer("a page for people")
    if b"Envelope" in reply.body[:512] and b"Envelope" not in tail:
        raise NotAnAnswer("half an answer")


def rows(
    body: bytes, tag: str, schema: pa.Schema, read: Callable[[etree._Element], Mapping[str, Any] | None]
) -> Iterator[pa.RecordBatch]:
    """The elements named ``tag`` (local name) as batches of ``schema``, one element in memory at a time.

    ``read`` gives an element's values (None: no row); amounts as Decimal, or as text, which is rounded half up to four
    decimals. Raises ValueError for what is no XML, ReportABug for a value that does not fit its column.
    """
    kept: list[Mapping[str, Any]] = []
    try:
        for _, element in etree.iterparse(
            io.BytesIO(body), tag=f"{{*}}{tag}", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
        ):
            values = read(element)
            if values is not None:
                kept.append(values)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            if len(kept) >= ROWS_AT_ONCE:
                yield _batch(kept, schema)
                kept = []
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not readable as XML: {error}") from None
    yield _batch(kept, schema)


def texts(element: etree._Element) -> dict[str, str]:
    """Local name to text of an element's children, stripped; children without text are left out."""
    found: dict[str, str] = {}
    for child in element:
        text = child.text
        if text and isinstance(child.tag, str):
            text = text.strip()
            if text:
                found[local_name(child.tag)] = text
    return found


@lru_cache(maxsize=4096)
def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def typed(texts: pa.Array, field: pa.Field) -> pa.Array:
    """Texts as the values of a column; amounts rounded half up to four decimals. Raises ReportABug for one that does
    not fit."""
    try:
        if field.type == MONEY:
            return pc.round(texts.cast(_WIRE_MONEY), 4, "half_towards_infinity").cast(MONEY)
        return texts.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _no_such(field) from error


def _batch(kept: list[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    try:
        told = pa.array(kept, _all_texts(schema)).flatten()  # all columns at once, where a room tells nothing but texts
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        columns = [_column([row.get(field.name) for row in kept], field) for field in schema]
    else:
        columns = [typed(texts, field) for texts, field in zip(told, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@lru_cache(maxsize=256)
def _all_texts(schema: pa.Schema) -> pa.StructType:
    return pa.struct([pa.field(field.name, pa.string()) for field in schema])


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    text = any(isinstance(value, str) for value in values)
    try:
        if text and field.type == MONEY:
            values = [None if value is None else str(value) for value in values]
        told = pa.array(values, pa.string() if text else field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise _no_such(field) from error
    return typed(told, field) if text else told


def _no_such(field: pa.Field) -> ReportABug:
    return ReportABug(f"the vendor's field {field.name} holds something that is no {field.type}")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
