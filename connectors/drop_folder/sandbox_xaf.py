"""XML audit files of the sandbox company, one per fiscal year, valid against the schemas of 3.2 and 4.0.

3.2 tells the opening balance as an element and due dates in subledgers; 4.0 tells the opening as a journal of type O,
and RGS codes of accounts. Neither has closing entries. Each comes with the package's trial balances.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from connectors.contract import FiscalYear
from connectors.drop_folder.sandbox_csv import Dialect
from connectors.sandbox.company import Company, Line

NAMESPACE_3_2 = "http://www.auditfiles.nl/XAF/3.2"
NAMESPACE_4_0 = "http://www.odb.belastingdienst.nl/Belastingdienst/BCPP/1.1/structures/XmlauditfileXAF_4.0"
_JOURNAL_TYPES = {"opening": "O", "sales": "S", "sales_credit": "S", "purchase": "P", "bank": "B", "general": "M"}
_RATES = {"21": Decimal(21), "0": Decimal(0)}


def write_3_2(folder: Path, company: Company) -> None:
    for year in company.years:
        (folder / f"auditfile_{year.label}.xaf").write_text(text(company, year, modern=False), encoding="utf-8")
    Dialect(";").write_balances(folder, company)


def write_4_0(folder: Path, company: Company) -> None:
    for year in company.years:
        (folder / f"auditfile_{year.label}.xaf").write_text(text(company, year, modern=True), encoding="utf-8")
    (folder / "dossier.csv").write_text(f"key;value\ncode;{company.code}\n", encoding="utf-8")
    Dialect(";").write_balances(folder, company)


def text(company: Company, year: FiscalYear, *, modern: bool) -> str:
    """The file of one year, as 4.0 when ``modern``, else as 3.2."""
    lines = [line for line in company.lines if line.year == year.label and line.kind != "closing"]
    opening = [] if modern else [line for line in lines if line.kind == "opening"]
    booked = [line for line in lines if modern or line.kind != "opening"]
    namespace = NAMESPACE_4_0 if modern else NAMESPACE_3_2
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<auditfile xmlns="{namespace}">',
        _element(
            "header",
            _leaves(
                fiscalYear=year.label,
                startDate=f"{year.start}",
                endDate=f"{year.end}",
                curCode=company.currency,
                dateCreated="2026-09-01",
                softwareDesc="Sandbox",
                softwareVersion="1",
            ),
        ),
        "<company>",
        _leaves(companyName=company.name, taxRegistrationCountry=company.country, taxRegIdent=company.vat_number),
        *_lists(company, modern=modern),
        *_periods(company, year, modern=modern),
        *(_opening(opening, year) if opening else ()),
        "<transactions>",
        _totals(booked),
        *_journals(company, booked),
        *(() if modern else _subledgers(booked)),
        "</transactions></company></auditfile>",
    ]
    return "\n".join(parts)


def _lists(company: Company, *, modern: bool) -> Iterator[str]:
    yield "<customersSuppliers>"
    for party in company.parties:
        yield _element(
            "customerSupplier",
            _leaves(
                custSupID=party.code,
                custSupName=party.name,
                taxRegistrationCountry=party.country,
                taxRegIdent=party.vat_number or None,
                custSupTp=party.kind[0].upper(),
            ),
        )
    yield "</customersSuppliers><generalLedger>"
    for account in company.accounts:
        yield _element(
            "ledgerAccount",
            _leaves(
                accID=account.number,
                accDesc=account.name,
                accTp="B" if account.on_balance_sheet else "P",
                RGScode=account.rgs if modern else None,
            ),
        )
    yield "</generalLedger><vatCodes>"
    for code in _RATES:
        yield _element("vatCode", _leaves(vatID=code, vatDesc=f"BTW {code}%"))
    yield "</vatCodes>"


def _periods(company: Company, year: FiscalYear, *, modern: bool) -> Iterator[str]:
    yield "<periods>"
    rows = [(number, first, last) for label, number, first, last in company.periods if label == year.label]
    if modern:
        rows.insert(0, (0, year.start, year.start))
    for number, first, last in rows:
        yield _element("period", _leaves(periodNumber=str(number), startDatePeriod=f"{first}", endDatePeriod=f"{last}"))
    yield "</periods>"


def _opening(lines: list[Line], year: FiscalYear) -> Iterator[str]:
    yield "<openingBalance>"
    yield _leaves(opBalDate=f"{year.start}", opBalDesc=lines[0].description)
    yield _totals(lines)
    for line in lines:
        amount, side = _sided(line)
        yield _element("obLine", _leaves(nr=str(line.line_no), accID=line.account, amnt=amount, amntTp=side))
    dated = [line for line in lines if line.due_date]
    if dated:
        yield "<obSubledgers><obSubledger><sbType>CS</sbType>" + _totals(dated)
        for number, line in enumerate(dated, start=1):
            amount, side = _sided(line)
            yield _element(
                "obSbLine",
                _leaves(
                    nr=str(number), obLineNr=str(line.line_no), amnt=amount, amntTp=side, invDueDt=f"{line.due_date}"
                ),
            )
        yield "</obSubledger></obSubledgers>"
    yield "</openingBalance>"


def _journals(company: Company, lines: list[Line]) -> Iterator[str]:
    for journal in company.journals:
        own = [line for line in lines if line.journal == journal.code]
        if own:
            yield "<journal>" + _leaves(jrnID=journal.code, desc=journal.name, jrnTp=_JOURNAL_TYPES[journal.kind])
            for _, entry in groupby(own, key=lambda line: line.entry):
                yield from _transaction(company, list(entry))
            yield "</journal>"


def _transaction(company: Company, lines: list[Line]) -> Iterator[str]:
    first = lines[0]
    yield "<transaction>" + _leaves(nr=first.document, periodNumber=str(first.period), trDt=f"{first.date}")
    for line in lines:
        amount, side = _sided(line)
        vat = currency = ""
        if line.vat_code:
            tax = (abs(line.amount) * _RATES[line.vat_code] / 100).quantize(Decimal("0.01"))
            perc = f"{_RATES[line.vat_code]}"
            vat = _element("vat", _leaves(vatID=line.vat_code, vatPerc=perc, vatAmnt=f"{tax}", vatAmntTp=side))
        if line.currency != company.currency and line.amount_currency is not None:
            currency = _element("currency", _leaves(curCode=line.currency, curAmnt=f"{abs(line.amount_currency)}"))
        told = _leaves(
            nr=str(line.line_no),
            accID=line.account,
            docRef=line.document,
            effDate=f"{line.date}",
            desc=line.description or None,
            amnt=amount,
            amntTp=side,
            custSupID=line.party,
        )
        yield _element("trLine", told + vat + currency)
    yield "</transaction>"


def _subledgers(lines: list[Line]) -> Iterator[str]:
    dated = [line for line in lines if line.due_date]
    yield "<subledgers><subledger><sbType>CS</sbType>" + _totals(dated)
    for number, line in enumerate(dated, start=1):
        amount, side = _sided(line)
        yield _element(
            "sbLine",
            _leaves(
                nr=str(number),
                jrnID=line.journal,
                trNr=line.document,
                trLineNr=str(line.line_no),
                amnt=amount,
                amntTp=side,
                custSupID=line.party,
                invDueDt=f"{line.due_date}",
            ),
        )
    yield "</subledger></subledgers>"


def _totals(lines: Iterable[Line]) -> str:
    lines = list(lines)
    debit, credit = sum(line.debit for line in lines), sum(line.credit for line in lines)
    return _leaves(linesCount=str(len(lines)), totalDebit=f"{debit:.2f}", totalCredit=f"{credit:.2f}")


def _sided(line: Line) -> tuple[str, str]:
    """Amount and side as XAF has them: a reversal keeps its side and is negative."""
    return (f"{line.debit:.2f}", "D") if line.debit else (f"{line.credit:.2f}", "C")


def _leaves(**values: str | None) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value is not None)


def _element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"
