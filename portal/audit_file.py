"""XAF 3.2 (XML Auditfile Financieel) of one dossier and fiscal year, streamed.

Opening balances become ``openingBalance``; every other line a ``trLine`` with a positive or negative amount on its side
(``amntTp``), as the package told it. Closing entries stay out: the format has no mark for them, and a reader would take
them for movements that empty the income statement. Element order follows the schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from lxml import etree

from warehouse.contract import Reader
from warehouse.reader import query_failed

_XAF = "http://www.auditfiles.nl/XAF/3.2"
_JOURNAL_TYPES = {"bank": "B", "cash": "C", "purchase": "P", "purchase_credit": "P", "sales": "S", "sales_credit": "S"}
_PARTY_TYPES = {"both": "B", "customer": "C", "supplier": "S"}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_JOURNAL = "coalesce(nullif(journal, ''), '-')"  # the format wants one of every line, and not all packages tell it
_LINES = (
    "FROM ledger.general_ledger WHERE dossier_id = ? AND fiscal_year = ? AND period_kind NOT IN ('opening', 'closing')"
)


def write_audit_file(db: Reader, dossier_id: str, year: str, out: Path) -> int:
    """Writes the file and returns the number of its transaction lines."""
    start, end, currency, name, country, vat_number, synced = db.execute(
        "SELECT y.start_date, y.end_date, d.currency, d.name, d.country, d.vat_number, d.last_synced_at "
        "FROM ledger.fiscal_years y JOIN ledger.dossiers d USING (dossier_id) WHERE dossier_id = ? AND label = ?",
        [dossier_id, year],
    ).fetchall()[0]
    with out.open("wb") as file, etree.xmlfile(file, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element(f"{{{_XAF}}}auditfile", nsmap={None: _XAF}):
            header = _node("header", fiscalYear=end.year, startDate=start, endDate=end, curCode=currency)
            xml.write(_add(header, dateCreated=synced.date(), softwareDesc="Grandlivre"))
            with xml.element(f"{{{_XAF}}}company"):
                xml.write(_leaf("companyIdent", dossier_id[:35]), _leaf("companyName", name or dossier_id))
                xml.write(_leaf("taxRegistrationCountry", country or ""), _leaf("taxRegIdent", vat_number or ""))
                _master_data(xml, db, dossier_id, year)
                _opening(xml, db, dossier_id, year, start)
                return _transactions(xml, db, dossier_id, year)


def _master_data(xml: Any, db: Reader, dossier_id: str, year: str) -> None:
    parties = db.execute(
        "SELECT code, name, kind FROM ledger.counterparties WHERE dossier_id = ? ORDER BY code, name, kind",
        [dossier_id],
    ).fetchall()
    if parties:
        with xml.element(f"{{{_XAF}}}customersSuppliers"):
            for code, name, kind in parties:
                kind = _PARTY_TYPES.get(kind, "O")
                xml.write(_node("customerSupplier", custSupID=code, custSupName=name, custSupTp=kind))
    accounts = db.execute(
        "SELECT number, name, statement FROM ledger.accounts WHERE dossier_id = ? ORDER BY number", [dossier_id]
    ).fetchall()
    with xml.element(f"{{{_XAF}}}generalLedger"):
        for number, name, statement in accounts:
            kind = "P" if statement == "result" else "B"
            xml.write(_node("ledgerAccount", accID=number, accDesc=name or number, accTp=kind))
    periods = db.execute(
        "SELECT period, start_date, end_date FROM ledger.periods WHERE dossier_id = ? AND fiscal_year = ? "
        "AND kind = 'normal' ORDER BY period",
        [dossier_id, year],
    ).fetchall()
    with xml.element(f"{{{_XAF}}}periods"):
        for number, first, last in periods:
            xml.write(_node("period", periodNumber=number, startDatePeriod=first, endDatePeriod=last))


def _opening(xml: Any, db: Reader, dossier_id: str, year: str, start: object) -> None:
    rows = db.execute(
        "SELECT account, opening FROM ledger.trial_balance_year WHERE dossier_id = ? AND fiscal_year = ? "
        "AND opening <> 0 ORDER BY account",
        [dossier_id, year],
    ).fetchall()
    debit = sum((amount for _, amount in rows if amount > 0), Decimal(0))
    credit = -sum((amount for _, amount in rows if amount < 0), Decimal(0))
    with xml.element(f"{{{_XAF}}}openingBalance"):
        xml.write(_leaf("opBalDate", start), _leaf("linesCount", len(rows)))
        xml.write(_leaf("totalDebit", _money(debit)), _leaf("totalCredit", _money(credit)))
        for number, (account, amount) in enumerate(rows, start=1):
            side = "D" if amount > 0 else "C"
            xml.write(_node("obLine", nr=number, accID=account, amnt=_money(abs(amount)), amntTp=side))


def _transactions(xml: Any, db: Reader, dossier_id: str, year: str) -> int:
    count, debit, credit = db.execute(
        f"SELECT count(*), coalesce(sum(debit), 0), coalesce(sum(credit), 0) {_LINES}", [dossier_id, year]
    ).fetchall()[0]
    journals = db.execute(
        f"SELECT {_JOURNAL} AS code, min(journal_name), min(journal_type) {_LINES} GROUP BY code ORDER BY code",
        [dossier_id, year],
    ).fetchall()
    with xml.element(f"{{{_XAF}}}transactions"):
        xml.write(_leaf("linesCount", count))
        xml.write(_leaf("totalDebit", _money(debit)), _leaf("totalCredit", _money(credit)))
        for code, name, kind in journals:
            with xml.element(f"{{{_XAF}}}journal"):
                xml.write(_leaf("jrnID", code), _leaf("desc", name or code))
                xml.write(_leaf("jrnTp", _JOURNAL_TYPES.get(kind, "M")))
                for entry in _entries(db, dossier_id, year, code):
                    xml.write(entry)
    return int(count)


def _entries(db: Reader, dossier_id: str, year: str, journal: str) -> Iterator[Any]:
    found = db.arrow(
        "SELECT entry_key, period, date, line_no, account, document, description, debit, credit, counterparty, "
        f"vat_code, currency, amount_currency {_LINES} AND {_JOURNAL} = ? ORDER BY date, entry_key, line_no, line_key",
        [dossier_id, year, journal],
    )

    for (key, period, day), lines in groupby(rows_of(found), key=lambda row: row[:3]):
        entry = _node("transaction", nr=key, periodNumber=period, trDt=day)
        for line in lines:
            entry.append(_line(key, day, line[3:]))
        yield entry


def _line(entry: str, day: object, values: tuple[Any, ...]) -> Any:
    line_no, account, document, text, debit, credit, party, vat, currency, foreign = values
    side, amount = ("D", debit - credit) if debit else ("C", credit - debit)
    node = _node("trLine", nr=line_no, accID=account, docRef=document or entry, effDate=day)
    _add(node, desc=text or None, amnt=_money(amount), amntTp=side, custSupID=party)
    if vat:
        node.append(_node("vat", vatID=vat))
    if foreign is not None:
        node.append(_node("currency", curCode=currency, curAmnt=_money(foreign)))
    return node


def rows_of(found: pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    """An answer's rows, a batch at a time: of a long one no more than that is held.

    Raises WrongInput where the question breaks off, which Arrow tells as if a file could not be read.
    """
    batches = iter(found)
    while True:
        try:
            batch = next(batches, None)
        except (OSError, pa.ArrowException) as error:
            raise query_failed(error) from None
        if batch is None:
            return
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def printable(text: str) -> str:
    """``text`` without the control characters that XML, and so a spreadsheet, has no place for."""
    return _UNPRINTABLE.sub("", text)


def _money(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")))


def _leaf(tag: str, text: object) -> Any:
    node = etree.Element(f"{{{_XAF}}}{tag}")
    node.text = printable(str(text))
    return node


def _node(tag: str, **children: object) -> Any:
    return _add(etree.Element(f"{{{_XAF}}}{tag}"), **children)


def _add(parent: Any, **children: object) -> Any:
    for tag, value in children.items():
        if value is not None:
            etree.SubElement(parent, f"{{{_XAF}}}{tag}").text = printable(str(value))
    return parent
