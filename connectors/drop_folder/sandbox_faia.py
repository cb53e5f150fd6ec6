"""FAIA 2.01 of the sandbox company, one file per fiscal year, written from the contract page (interchange.md, part C).

Accounts tell what they open and close with. There are no opening or closing entries, no due dates, and amounts stand on
one side only: a reversal stands on the other one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line

_TYPES = {"asset": "Asset", "equity": "Liability", "liability": "Liability", "income": "Sale", "expense": "Expense"}
_ZERO = Decimal(0)


def write(folder: Path, company: Company) -> None:
    """A file per year, named as the tax office asks."""
    for year in company.years:
        (folder / f"faia_{year.label}.xml").write_text(text(company, year), encoding="utf-8")


def text(company: Company, year: FiscalYear) -> str:
    """The file of one year."""
    lines = [line for line in company.lines if line.year == year.label and line.kind == "normal"]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<AuditFile>",
            *_header(company, year),
            "<MasterFiles>",
            *_accounts(company, year),
            *_parties(company),
            "</MasterFiles>",
            *_entries(company, lines),
            "</AuditFile>",
        ]
    )


def _header(company: Company, year: FiscalYear) -> Iterator[str]:
    yield "<Header>" + _leaves(AuditFileVersion="2.01", AuditFileCountry="LU", AuditFileDateCreated="2026-09-01")
    yield _leaves(SoftwareCompanyName="Sandbox", SoftwareID="Sandbox", SoftwareVersion="1")
    yield "<Company>" + _leaves(RegistrationNumber="B123456", Name=company.name)
    yield "<Address>" + _leaves(City="Luxembourg", PostalCode="1234", Country="LU") + "</Address>"
    number = _leaves(TaxRegistrationNumber=company.vat_number)
    yield f"<TaxRegistration>{number}</TaxRegistration></Company>"
    yield _leaves(DefaultCurrencyCode=company.currency)
    span = _leaves(SelectionStartDate=f"{year.start}", SelectionEndDate=f"{year.end}")
    yield f"<SelectionCriteria>{span}</SelectionCriteria>" + _leaves(TaxAccountingBasis="Invoice") + "</Header>"


def _accounts(company: Company, year: FiscalYear) -> Iterator[str]:
    balances = company.balances()
    yield "<GeneralLedgerAccounts>"
    for account in company.accounts:
        row = balances.get((year.label, account.number), {"opening": _ZERO, "closing": _ZERO})
        ends = {}
        for end in ("opening", "closing"):
            side = "Debit" if row[end] >= 0 else "Credit"
            ends[f"{end.capitalize()}{side}Balance"] = f"{abs(row[end]):.2f}"
        told = _leaves(
            AccountID=account.number, AccountDescription=account.name, AccountType=_TYPES[account.kind], **ends
        )
        yield f"<Account>{told}</Account>"
    yield "</GeneralLedgerAccounts>"


def _parties(company: Company) -> Iterator[str]:
    for kind in ("Customer", "Supplier"):
        yield f"<{kind}s>"
        for party in company.parties:
            if party.kind == kind.lower():
                named = _leaves(**{f"{kind}ID": party.code, "Name": party.name})
                place = _leaves(City="Luxembourg", PostalCode="1234", Country=party.country)
                yield f"<{kind}>{named}<Address>{place}</Address></{kind}>"
        yield f"</{kind}s>"


def _entries(company: Company, lines: list[Line]) -> Iterator[str]:
    debit, credit = (sum((max(sign * line.amount, _ZERO) for line in lines), _ZERO) for sign in (1, -1))
    entries = len({line.entry for line in lines})
    yield "<GeneralLedgerEntries>" + _leaves(
        NumberOfEntries=f"{entries}", TotalDebit=f"{debit:.2f}", TotalCredit=f"{credit:.2f}"
    )
    kinds = {party.code: party.kind.capitalize() for party in company.parties}
    for journal in company.journals:
        own = [line for line in lines if line.journal == journal.code]
        if own:
            yield "<Journal>" + _leaves(JournalID=journal.code, Description=journal.name, Type=journal.kind)
            for _, entry in groupby(own, key=lambda line: line.entry):
                yield from _transaction(company, list(entry), kinds)
            yield "</Journal>"
    yield "</GeneralLedgerEntries>"


def _transaction(company: Company, lines: list[Line], kinds: dict[str, str]) -> Iterator[str]:
    first = lines[0]
    yield "<Transaction>" + _leaves(
        TransactionID=first.document,
        Period=f"{first.period}",
        PeriodYear=f"{first.date:%Y}",
        TransactionDate=f"{first.date}",
        Description=first.description or first.document,
        GLPostingDate=f"{first.date}",
    )
    for line in lines:
        side = "DebitAmount" if line.amount >= 0 else "CreditAmount"
        foreign = line.currency != company.currency and line.amount_currency is not None
        money = _leaves(
            Amount=f"{abs(line.amount):.2f}",
            CurrencyCode=line.currency if foreign else None,
            CurrencyAmount=f"{abs(line.amount_currency or _ZERO):.2f}" if foreign else None,
        )
        party = _leaves(**{f"{kinds[line.party]}ID": line.party}) if line.party else ""
        tax = f"<TaxInformation>{_leaves(TaxCode=line.vat_code)}</TaxInformation>" if line.vat_code else ""
        told = _leaves(RecordID=f"{line.line_no}", AccountID=line.account, SourceDocumentID=line.document)
        yield f"<Line>{told}{party}{_leaves(Description=line.description)}<{side}>{money}</{side}>{tax}</Line>"
    yield "</Transaction>"


def _leaves(**values: str | None) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value is not None)
