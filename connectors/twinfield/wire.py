"""Twinfield's services: calls with the access token in their body, answers as elements and rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from lxml import etree

from connectors import soap
from connectors.budgets import Budget
from connectors.http import HttpClient, Signer
from foundation.errors import Incomplete, VendorDown

from . import frames
from .cells import LINE, Part, parts
from .faults import VENDOR, TokenRefused, WrongCluster, check, refused
from .frames import Question
from .resources import fields
from .sign_in import Clusters

_OPEN, _CLOSE = b"<ProcessXmlStringResult>", b"</ProcessXmlStringResult>"
_HEADER_END, _END = b"</th>", b"</browse>"
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>\s*")
_BROWSE = re.compile(rb'^<browse\b[^>]*\bresult="1"[^>]*>')
_TOTAL = re.compile(rb'\btotal="(\d+)"')


@dataclass(frozen=True)
class Browsed:
    """An answer to a browse: its document, and how many rows the vendor says that it has."""

    document: bytes
    total: int


class TwinfieldWire:
    """Asks one office (or, without one, what belongs to the user). Safe to share between two threads."""

    def __init__(
        self, client: HttpClient, signer: Signer, clusters: Clusters, budget: Budget, office: str = ""
    ) -> None:
        self._client = client
        self._signer = signer
        self._clusters = clusters
        self._budget = budget
        self.office = office

    def document(self, question: Question) -> etree._Element:
        """The answer to a ProcessXml request. Raises AskForAccess where the vendor refuses it."""
        document = _parsed(unwrapped(self._ask(question)))
        own = refused(question.subject, document)
        if own:
            raise own
        return document

    def service(self, question: Question) -> etree._Element:
        """The answer of another service, envelope included."""
        return _parsed(self._ask(question))

    def browse(self, code: str, schema: pa.Schema, filters: Mapping[str, tuple[str, ...]]) -> Browsed:
        """The answer to a browse for the columns of ``schema``, not yet read."""
        question = frames.browse(code, fields(schema), filters)
        document = unwrapped(self._ask(question))
        head = _BROWSE.match(document)
        if head is None:
            root = _parsed(document)
            raise refused(question.subject, root) or VendorDown(f"{VENDOR} answers a browse with {root.tag!s:.50}")
        total = _TOTAL.search(head[0])
        if total is None:
            raise VendorDown(f"{VENDOR} does not tell how many rows it sends")
        return Browsed(document, int(total[1]))

    def _ask(self, question: Question) -> bytes:
        """The answer's body. A token that is refused is renewed, and a cluster that moved asked for, once."""
        signed = self._signer.headers()
        try:
            return self._send(question, signed)
        except TokenRefused:
            self._signer.renew(signed)
        except WrongCluster:
            self._clusters.forget()
        return self._send(question, self._signer.headers())

    def _send(self, question: Question, signed: Mapping[str, str]) -> bytes:
        token = signed["Authorization"].removeprefix("Bearer ")
        address = f"{self._clusters.of(token)}/webservices/{question.place}"
        for _ in range(question.cost - 1):
            self._budget.before_call()  # the client takes the last one itself
        data = question.framed(token, self.office)
        return self._client.call("POST", address, headers=soap.headers(question.action), data=data, check=check).body


def rows(browsed: Browsed, schema: pa.Schema, **own: Any) -> Iterator[pa.RecordBatch]:
    """The rows of a browse in ``schema``; ``own`` are values of ours for every row. Cells go by their field: they may
    come in any order, and more than the header tells. Raises Incomplete where there are fewer rows than told."""
    received = 0
    try:
        for batch in _batches(browsed.document, schema, own):
            received += batch.num_rows
            yield batch
    except ValueError as error:
        raise VendorDown(f"{VENDOR}'s answer is not readable as data") from error
    if received < browsed.total:
        raise Incomplete(f"{VENDOR} announced {browsed.total} rows and sent {received}")


def _batches(document: bytes, schema: pa.Schema, own: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
    """Rows that look alike by columns, as all usually do; any others, to the end, one by one."""
    head = document.find(_HEADER_END) + len(_HEADER_END)
    at = 0
    if head >= len(_HEADER_END) and document.endswith(_END):
        soap.parse(document[:head] + _END)
        at = head
        for part in parts(document, head):
            yield _columns(part, schema, own)
            at = part.end
        if at == len(document) - len(_END) > head:
            return
    rest = b"<browse>" + document[at:] if at > head else document
    yield from _one_by_one(rest, schema, own)


def _columns(part: Part, schema: pa.Schema, own: Mapping[str, Any]) -> pa.RecordBatch:
    told = {name: part.texts[field] for field, name in fields(schema).items() if field in part.texts}
    if "key_line" in schema.names and LINE in part.texts:
        told["key_line"] = part.texts[LINE]
    columns = []
    for field in schema:
        if field.name in told:
            columns.append(soap.typed(told[field.name], field))
        else:
            columns.append(pa.repeat(pa.scalar(own.get(field.name), field.type), part.rows))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _one_by_one(document: bytes, schema: pa.Schema, own: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
    columns, line = fields(schema), "key_line" in schema.names

    def read(row: etree._Element) -> Mapping[str, Any]:
        found = dict(own)
        for cell in row:
            column = columns.get(cell.get("field") or "")
            if column:
                found[column] = cell.text
        if line:
            found["key_line"] = row.findtext("key/line")
        return found

    return soap.rows(document, "tr", schema, read)


def unwrapped(body: bytes) -> bytes:
    """The document within a ProcessXml answer, which holds it as text."""
    start, end = body.find(_OPEN), body.rfind(_CLOSE)
    inside = body[start + len(_OPEN) : end] if 0 <= start < end else b""
    if not inside or b"<" in inside or b"&#" in inside:  # another prefix, CDATA, numbered characters
        found = next(_parsed(body).iter("{*}ProcessXmlStringResult"), None)
        text = (found.text or "") if found is not None else ""
        return _DECLARATION.sub(b"", text.strip().encode())
    for escaped, plain in ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&")):
        inside = inside.replace(escaped, plain)
    return _DECLARATION.sub(b"", inside.strip())


def _parsed(document: bytes) -> etree._Element:
    try:
        return soap.parse(document)
    except ValueError as error:
        raise VendorDown(f"{VENDOR}'s answer is not readable as data") from error
