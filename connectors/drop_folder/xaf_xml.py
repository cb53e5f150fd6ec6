"""Decodes XML audit files 3.2, 3.2.1 and 4.0 with a hardened, streaming parser.

Elements are matched by local name whatever their case and namespace. Entities are not resolved, document types are
refused, nothing is fetched, and the parser's own limits on depth and text size stand. Every element is forgotten once
it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from connectors.drop_folder.elements import forget, local_name, parent_name, text_of, texts
from connectors.drop_folder.xaf_rows import AuditFile, Row, Rows
from foundation.errors import BadFile

_CHUNK = 1 << 13
_HEADER_ELEMENTS = frozenset(
    ("companyname", "taxregident", "taxregistrationcountry", "commercenr", "commercenumber", "companyident")
)
_LISTS = frozenset(("customerssuppliers", "generalledger", "vatcodes", "periods", "openingbalance", "transactions"))
SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}


def peek(path: Path, encoding: str | None = None) -> tuple[str, str]:
    """Local name (lower case) and namespace of the root.

    Raises BadFile for a document type and for a file without XML, XMLSyntaxError for broken XML.
    """
    parser = etree.XMLPullParser(events=("start",), encoding=encoding, **SAFE)
    for _, element in fed(parser, path):
        if element.getroottree().docinfo.internalDTD is not None:
            raise BadFile(
                "it declares a document type, which an audit file never has and which can hide an attack",
                subject=path.name,
                next_step="Export it again from the package; do not edit it by hand.",
            )
        return local_name(element.tag), etree.QName(element).namespace or ""
    raise BadFile("it holds no XML", subject=path.name)


def read_header(path: Path, encoding: str | None = None) -> AuditFile:
    """Header and company only: reads no further than the first list of the file. Raises XMLSyntaxError."""
    found = AuditFile()
    parser = etree.XMLPullParser(events=("start", "end"), encoding=encoding, **SAFE)
    for event, element in fed(parser, path):
        name = local_name(element.tag)
        if event == "start":
            if name in _LISTS:
                break
        elif name == "header":
            found.header = texts(element)
        elif name in _HEADER_ELEMENTS and parent_name(element) == "company":
            found.company.setdefault(name, text_of(element))
    return found


def decode(path: Path, rows: Rows, *, encoding: str | None = None) -> AuditFile:
    """Reads the whole file into ``rows``. ``encoding`` overrides the declaration. Raises XMLSyntaxError."""
    found = AuditFile()
    reading = _Reading(found, rows)
    names: dict[str, str] = {}
    # Comments and processing instructions have no place here and would break the matching by tag.
    events = etree.iterparse(
        str(path), events=("end",), encoding=encoding, remove_comments=True, remove_pis=True, **SAFE
    )
    for _, element in events:
        tag = element.tag
        name = names.get(tag)
        if name is None:
            name = names[tag] = local_name(tag)
        handler = reading.handlers.get(name)
        if handler is not None:
            handler(element)
    rows.flush()
    return found


class _Reading:
    """Handlers by local name, called when the element ends."""

    def __init__(self, found: AuditFile, rows: Rows) -> None:
        self.found = found
        self.rows = rows
        self._transaction: etree._Element | None = None
        self._context: Row = {}
        self.handlers = {
            "header": self._header,
            "ledgeraccount": lambda element: self._row(element, "generalledger", found.accounts),
            "customersupplier": lambda element: self._row(element, "customerssuppliers", found.parties),
            "period": lambda element: self._row(element, "periods", found.periods),
            "opbaldate": self._opening_date,
            "opbaldesc": self._opening_text,
            "obline": self._opening_line,
            "trline": self._line,
            "transaction": forget,
            "journal": self._journal,
            "sbline": self._due,
            "obsbline": self._opening_due,
            "totaldebit": self._total,
            "totalcredit": self._total,
            "linescount": self._total,
        } | dict.fromkeys(_HEADER_ELEMENTS, self._company)

    def _header(self, element: etree._Element) -> None:
        self.found.header = texts(element)

    def _company(self, element: etree._Element) -> None:
        if parent_name(element) == "company":
            self.found.company.setdefault(local_name(element.tag), text_of(element))

    def _row(self, element: etree._Element, parent: str, into: list[Row]) -> None:
        # The history of an account or a party repeats its element further down.
        if parent_name(element) == parent:
            into.append(texts(element))
            forget(element)

    def _opening_date(self, element: etree._Element) -> None:
        self.found.opening_date = text_of(element)

    def _opening_text(self, element: etree._Element) -> None:
        if parent_name(element) == "openingbalance":
            self.found.opening_text = text_of(element)

    def _opening_line(self, element: etree._Element) -> None:
        line = texts(element)
        self.rows.line(
            journal="opening",
            entry="opening",
            line_no=line.get("nr"),
            account=line.get("accid"),
            amount=line.get("amnt"),
            side=line.get("amnttp"),
            part="opening",
        )
        forget(element)

    def _line(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is not self._transaction:
            self._enter(parent)
        context, line = self._context, texts(element)
        self.rows.line(
            journal=context["journal"],
            entry=context["nr"],
            entry_text=context["desc"],
            date=context["trdt"],
            effective=line.get("effdate"),
            period=context["periodnumber"],
            line_no=line.get("nr"),
            account=line.get("accid"),
            document=line.get("docref"),
            description=line.get("desc"),
            amount=line.get("amnt"),
            side=line.get("amnttp"),
            currency=line.get("curcode"),
            currency_amount=line.get("curamnt"),
            party=line.get("custsupid"),
            vat_code=line.get("vatid"),
            part="transactions",
        )
        forget(element)

    def _enter(self, transaction: etree._Element | None) -> None:
        """What stands above a line: its transaction's own fields and its journal, read once per transaction."""
        self._transaction = transaction
        self._context = dict.fromkeys(("journal", "nr", "desc", "trdt", "periodnumber"))
        if transaction is None:
            return
        self._context |= texts(transaction, until="trline")
        journal = transaction.getparent()
        if journal is not None:
            self._context["journal"] = texts(journal, until="transaction").get("jrnid")

    def _journal(self, element: etree._Element) -> None:
        if parent_name(element) == "transactions":
            self.found.journals.append(texts(element, until="transaction"))
            forget(element)

    def _due(self, element: etree._Element) -> None:
        line = texts(element)
        if line.get("invduedt"):
            self.rows.due(
                journal=line.get("jrnid"), entry=line.get("trnr"), line_no=line.get("trlinenr"), due=line["invduedt"]
            )
        forget(element)

    def _opening_due(self, element: etree._Element) -> None:
        line = texts(element)
        if line.get("invduedt"):
            self.rows.due(journal="opening", entry="opening", line_no=line.get("oblinenr"), due=line["invduedt"])
        forget(element)

    def _total(self, element: etree._Element) -> None:
        part = {"transactions": "transactions", "openingbalance": "opening"}.get(parent_name(element))
        if part:
            totals, text = self.found.totals[part], text_of(element)
            match local_name(element.tag):
                case "totaldebit":
                    totals.debit = text
                case "totalcredit":
                    totals.credit = text
                case _:
                    totals.lines = text


def broken(file: str, error: etree.XMLSyntaxError) -> BadFile:
    """The error for XML that cannot be read on, with the parser's line."""
    return BadFile(
        f"line {error.lineno or 0}: the XML is broken ({(error.msg or '').split(', line')[0]})",
        subject=file,
        next_step="It is damaged or was cut off while it was written. "
        "Export it again and sync again; the figures of the last good sync stand.",
    )


def fed(parser: etree.XMLPullParser, path: Path) -> Iterator[tuple[str, etree._Element]]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            parser.feed(chunk)
            yield from parser.read_events()  # pyright: ignore[reportReturnType]
