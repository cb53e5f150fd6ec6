"""An audit file before its lists: which generation it is, which year and company it tells, and in what bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from lxml import etree

from connectors.contract import FiscalYear
from connectors.drop_folder import faia_xml, text, xaf_older, xaf_xml
from connectors.drop_folder.workbench import Workbench
from connectors.drop_folder.xaf_rows import AuditFile, Row, Rows
from foundation.errors import BadFile

_START = 4096  # bytes in which the header of a SAF-T file says its version
T = TypeVar("T")
Form = Literal["xaf", "older", "saft"]
"""XAF from 3.2 on; the generations before it; the SAF-T family, of which FAIA is one."""


@dataclass(frozen=True)
class Heading:
    """What an audit file says about itself before its lists, and how it is to be read.

    ``source`` is the file or its repaired copy, ``encoding`` overrides the declaration of the latter.
    """

    name: str
    source: Path
    encoding: str | None
    form: Form
    year: FiscalYear
    company: Row
    currency: str | None


def read_heading(bench: Workbench, path: Path) -> Heading:
    """The fiscal year and the company of a file. Raises BadFile where the header does not give them."""
    try:
        return _heading(path.name, path, None)
    except etree.XMLSyntaxError as error:
        return _repaired(bench, path, error, lambda copy: _heading(path.name, copy, "utf-8"))


def _heading(name: str, source: Path, encoding: str | None) -> Heading:
    form = _form(name, source, encoding)
    found = _header(form, source, encoding)
    header = found.header
    start, end = (_date(header.get(key), key, name) for key in ("startdate", "enddate"))
    if end < start:
        raise BadFile(f"the header says that the year ends ({end}) before it starts ({start})", subject=name)
    year = FiscalYear(header.get("fiscalyear") or f"{end:%Y}", start, end)
    return Heading(name, source, encoding, form, year, found.company, header.get("curcode"))


def read_company(path: Path) -> AuditFile:
    """Header and company of a file, for a list of dossiers. Raises BadFile, XMLSyntaxError."""
    return _header(_form(path.name, path, None), path, None)


def _header(form: Form, source: Path, encoding: str | None) -> AuditFile:
    if form == "older":
        return xaf_older.read_header(source)
    return (faia_xml if form == "saft" else xaf_xml).read_header(source, encoding)


def _repaired(bench: Workbench, path: Path, error: etree.XMLSyntaxError, read: Callable[[Path], T]) -> T:
    """``read`` on a copy as UTF-8: some exporters declare UTF-8 and write windows-1252 or control characters."""
    cleaned = text.clean(path, bench.folder / f"{path.name}.utf8", encoding="windows-1252")
    try:
        found = read(cleaned.path)
    except etree.XMLSyntaxError:
        raise xaf_xml.broken(path.name, error) from error
    bench.note(
        "bytes_repaired",
        f"{path.name}: bytes that the declared encoding forbids; read as {cleaned.encoding} without control characters",
    )
    return found


def _form(name: str, path: Path, encoding: str | None) -> Form:
    """Of which form the file is, by root and namespace or, where that does not tell, by what it holds."""
    with path.open("rb") as stream:
        is_xml = stream.read(64).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")
        stream.seek(0)
        saft = b"auditfileversion" in stream.read(_START).replace(b"\0", b"").lower()
    if not is_xml and xaf_older.is_older(path):
        return "older"
    root, namespace = xaf_xml.peek(path, encoding)
    if root != "auditfile":
        raise BadFile(
            f"the root of the XML is {root!r}, not auditfile",
            subject=name,
            next_step="Export an XML audit file (XAF 3.2, 3.2.1 or 4.0; FAIA 2.01).",
        )
    if saft:
        return "saft"
    if re.search(r"3\.2(\.1)?$|4\.\d$", namespace.rstrip("/")):
        return "xaf"
    return "older" if xaf_older.is_older(path) else "xaf"


def decode(bench: Workbench, heading: Heading) -> AuditFile:
    """Reads the whole file into the workbench's tables of text. Raises BadFile where the XML is broken."""
    if heading.form == "older":
        return xaf_older.decode(heading.source, Rows(bench))
    reader = faia_xml if heading.form == "saft" else xaf_xml
    try:
        return reader.decode(heading.source, Rows(bench), encoding=heading.encoding)
    except etree.XMLSyntaxError as error:
        if heading.encoding:
            raise xaf_xml.broken(heading.name, error) from error
        return _repaired(bench, heading.source, error, lambda copy: reader.decode(copy, Rows(bench), encoding="utf-8"))


def _date(text_: str | None, name: str, file: str) -> date:
    try:
        return date.fromisoformat((text_ or "")[:10])
    except ValueError:
        raise BadFile(f"the header's {name} is {text_!r}, which is no date", subject=file) from None
