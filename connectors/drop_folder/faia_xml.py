"""Decodes audit files of the SAF-T family, Luxembourg's FAIA 2.01 first of all, into the rows of an audit file.

The countries' editions keep these names under namespaces of their own; elements are matched by local name. The
accounts of the file are a trial balance: what each opens with becomes a line of the opening balance, and both ends are
the package's own balances. Contract: interchange.md, part C.
"""

from __future__ import annotations

from calendar import monthrange
from pathlib import Path
from typing import Any

from lxml import etree

from connectors.drop_folder.elements import forget, local_name, parent_name, texts
from connectors.drop_folder.inferred import SAFT_ACCOUNT_TYPES
from connectors.drop_folder.xaf_rows import AuditFile, Row, Rows
from connectors.drop_folder.xaf_xml import SAFE, fed

COUNTRY = "LU"
_SIDES = {"debitamount": "D", "creditamount": "C"}
_PARTIES = {"customer": ("customerid", "C"), "supplier": ("supplierid", "S")}


def read_header(path: Path, encoding: str | None = None) -> AuditFile:
    """What the file says of its company and its year; reads no further than the header. Raises XMLSyntaxError."""
    parser = etree.XMLPullParser(events=("end",), encoding=encoding, **SAFE)
    for _, element in fed(parser, path):
        if local_name(element.tag) == "header":
            return _headed(element)
    return AuditFile()


def decode(path: Path, rows: Rows, *, encoding: str | None = None) -> AuditFile:
    """Reads the whole file into ``rows``. ``encoding`` overrides the declaration. Raises XMLSyntaxError."""
    reading = _Reading(rows)
    events = etree.iterparse(
        str(path), events=("end",), encoding=encoding, remove_comments=True, remove_pis=True, **SAFE
    )
    names: dict[Any, str] = {}
    for _, element in events:
        name = names.get(element.tag)
        if name is None:
            name = names[element.tag] = local_name(element.tag)
        handler = reading.handlers.get(name)
        if handler is not None:
            handler(element)
    rows.flush()
    return reading.found


class _Reading:
    """Handlers by local name, called when the element ends."""

    def __init__(self, rows: Rows) -> None:
        self.found = AuditFile()
        self.rows = rows
        self._transaction: etree._Element | None = None
        self._above: Row = {}
        self.handlers = {
            "header": self._header,
            "account": self._account,
            "customer": self._party,
            "supplier": self._party,
            "line": self._line,
            "transaction": forget,
            "journal": self._journal,
            "totaldebit": self._total,
            "totalcredit": self._total,
        }

    def _header(self, element: etree._Element) -> None:
        headed = _headed(element)
        self.found.header, self.found.company = headed.header, headed.company

    def _account(self, element: etree._Element) -> None:
        if parent_name(element) != "generalledgeraccounts":
            return
        account = texts(element)
        number, kind = account.get("accountid"), account.get("accounttype")
        self.found.accounts.append(
            {
                "accid": number,
                "accdesc": account.get("accountdescription"),
                "acctp": SAFT_ACCOUNT_TYPES.get((kind or "").lower(), kind),
            }
        )
        ends: Row = {"account": number}
        for end in ("opening", "closing"):
            for side, letter in (("debit", "D"), ("credit", "C")):
                amount = account.get(f"{end}{side}balance")
                if amount is not None:
                    ends[end], ends[f"{end}_side"] = amount, letter
        self.found.balances.append(ends)
        if ends.get("opening") is not None:
            amount, side = ends["opening"], ends["opening_side"]
            self.rows.line(
                journal="opening",
                entry="opening",
                line_no=number,
                account=number,
                amount=amount,
                side=side,
                part="opening",
            )
        forget(element)

    def _party(self, element: etree._Element) -> None:
        code, kind = _PARTIES[local_name(element.tag)]
        if parent_name(element) != f"{local_name(element.tag)}s":
            return
        told = texts(element)
        self.found.parties.append(
            {
                "custsupid": told.get(code),
                "custsupname": told.get("name"),
                "custsuptp": kind,
                "taxregident": told.get("taxregistrationnumber") or told.get("taxnumber"),
                "taxregistrationcountry": told.get("country"),
                "control_account": told.get("accountid"),
            }
        )
        forget(element)

    def _line(self, element: etree._Element) -> None:
        transaction = element.getparent()
        if transaction is None or local_name(transaction.tag) != "transaction":
            return  # invoices have lines too
        if transaction is not self._transaction:
            self._enter(transaction)
        above, line, money, tax = self._above, _leaves(element), {}, {}
        side = None
        for child in element:
            name = local_name(child.tag)
            if name in _SIDES:
                side, money = _SIDES[name], texts(child)
            elif name == "taxinformation" and not tax:
                tax = texts(child)
        self.rows.line(
            journal=above["journal"],
            entry=above.get("transactionid"),
            entry_text=above.get("description"),
            date=above.get("glpostingdate") or above.get("transactiondate"),
            effective=above.get("transactiondate"),
            period=above.get("period"),
            line_no=line.get("recordid"),
            account=line.get("accountid"),
            document=line.get("sourcedocumentid") or above.get("transactionid"),
            description=line.get("description"),
            amount=money.get("amount"),
            side=side,
            currency=money.get("currencycode"),
            currency_amount=money.get("currencyamount"),
            party=line.get("customerid") or line.get("supplierid"),
            vat_code=tax.get("taxcode"),
            part="transactions",
        )
        forget(element)

    def _enter(self, transaction: etree._Element) -> None:
        """What stands above a line: its transaction's own fields and its journal, read once per transaction."""
        self._transaction = transaction
        self._above = texts(transaction, until="line")
        journal = transaction.getparent()
        self._above["journal"] = None if journal is None else texts(journal, until="transaction").get("journalid")

    def _journal(self, element: etree._Element) -> None:
        if parent_name(element) == "generalledgerentries":
            told = texts(element, until="transaction")
            self.found.journals.append(
                {"jrnid": told.get("journalid"), "desc": told.get("description"), "jrntp": told.get("type")}
            )
            forget(element)

    def _total(self, element: etree._Element) -> None:
        if parent_name(element) == "generalledgerentries":
            totals, text = self.found.totals["transactions"], (element.text or "").strip() or None
            if local_name(element.tag) == "totaldebit":
                totals.debit = text
            else:
                totals.credit = text


def _headed(element: etree._Element) -> AuditFile:
    """Header and company in the words of the Dutch file: the same questions are asked of both."""
    told, company = _leaves(element), {}
    selection: Row = {}
    for child in element:
        name = local_name(child.tag)
        if name == "company":
            company = texts(child)
        elif name == "selectioncriteria":
            selection = texts(child)
    country = told.get("auditfilecountry") or company.get("country") or COUNTRY
    return AuditFile(
        header={
            "startdate": selection.get("selectionstartdate") or _day_of(selection, "start"),
            "enddate": selection.get("selectionenddate") or _day_of(selection, "end"),
            "curcode": told.get("defaultcurrencycode"),
        },
        company={
            "companyname": company.get("name"),
            "companyident": company.get("registrationnumber"),
            "taxregident": company.get("taxregistrationnumber") or company.get("taxnumber"),
            "taxregistrationcountry": country,
        },
    )


def _day_of(selection: Row, end: str) -> str | None:
    """The first or last day of a month of selection: periods are months (inferred)."""
    period, year = selection.get(f"period{end}"), selection.get(f"period{end}year")
    if not (period and year and period.isdigit() and year.isdigit() and 1 <= int(period) <= 12):
        return None
    month, in_year = int(period), int(year)
    day = 1 if end == "start" else monthrange(in_year, month)[1]
    return f"{in_year:04d}-{month:02d}-{day:02d}"


def _leaves(element: etree._Element) -> Row:
    """The texts of the children that have no children of their own."""
    return {local_name(child.tag): (child.text or "").strip() or None for child in element if not len(child)}
