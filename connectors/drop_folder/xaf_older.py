"""Audit files before XAF 3.2 (3.1, 3.0, CLAIR2 and the fixed-width ADF), decoded by the library pyxaf."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyxaf

from connectors.drop_folder.xaf_rows import AuditFile, Row, Rows, Totals
from foundation.errors import BadFile

_OLDER = frozenset((pyxaf.Version.ADF, pyxaf.Version.CLAIR2, pyxaf.Version.XAF30, pyxaf.Version.XAF31))
_ACCOUNT_TYPES = {pyxaf.AccountKind.BALANCE: "B", pyxaf.AccountKind.PROFIT_LOSS: "P", pyxaf.AccountKind.MIXED: "M"}
_PARTY_TYPES = {
    pyxaf.RelationKind.BOTH: "B",
    pyxaf.RelationKind.CUSTOMER: "C",
    pyxaf.RelationKind.SUPPLIER: "S",
}
_JOURNAL_TYPES = {
    pyxaf.JournalKind.BANK: "B",
    pyxaf.JournalKind.CASH: "C",
    pyxaf.JournalKind.GOODS: "G",
    pyxaf.JournalKind.MEMO: "M",
    pyxaf.JournalKind.OPENING: "O",
    pyxaf.JournalKind.PURCHASES: "P",
    pyxaf.JournalKind.SALES: "S",
}


def is_older(path: Path) -> bool:
    """Whether a file, that need not even be XML, is an audit file of a generation before 3.2."""
    try:
        return pyxaf.detect(path).version in _OLDER
    except pyxaf.PyxafError:
        return False


def read_header(path: Path) -> AuditFile:
    """Header and company. Raises BadFile."""
    try:
        with pyxaf.open(path) as source:
            return _found(source)
    except pyxaf.PyxafError as error:
        raise _broken(path, error) from error


def decode(path: Path, rows: Rows) -> AuditFile:
    """Reads the whole file into ``rows``. Raises BadFile."""
    try:
        with pyxaf.open(path) as source:
            found = _found(source)
            for line in source.opening_balance("element").lines:
                _add(rows, line, part="opening", journal="opening", entry="opening")
            for transaction in source.transactions():
                day = _text(transaction.date)
                for line in transaction.lines:
                    _add(
                        rows,
                        line,
                        part="transactions",
                        journal=transaction.journal_id,
                        entry=transaction.number,
                        entry_text=transaction.description,
                        date=day,
                        period=transaction.period_key,
                    )
            rows.flush()
            found.journals = [
                {"jrnid": row.id, "desc": row.description, "jrntp": _JOURNAL_TYPES.get(row.journal_type.kind)}
                for row in source.journals.values()
            ]
            return found
    except pyxaf.PyxafError as error:
        raise _broken(path, error) from error


def _found(source: pyxaf.AuditFile) -> AuditFile:
    header, company = source.header, source.company
    found = AuditFile(
        header={
            "fiscalyear": header.fiscal_year,
            "startdate": _text(header.start_date),
            "enddate": _text(header.end_date),
            "curcode": header.currency,
        },
        company={
            "companyname": company.name,
            "companyident": company.identifier,
            "taxregident": company.tax_registration_id,
            "taxregistrationcountry": company.tax_registration_country,
        },
        accounts=[
            {"accid": row.id, "accdesc": row.description, "acctp": _ACCOUNT_TYPES.get(row.account_type.kind)}
            for row in source.accounts.values()
        ],
        parties=[
            {
                "custsupid": row.id,
                "custsupname": row.name,
                "custsuptp": _PARTY_TYPES.get(row.relation_type.kind),
                "taxregident": row.tax_registration_id,
                "taxregistrationcountry": row.tax_registration_country,
            }
            for row in source.relations.values()
        ],
        periods=[
            {
                "periodnumber": row.key,
                "startdateperiod": _text(row.start_date),
                "enddateperiod": _text(row.end_date),
            }
            for row in source.periods.values()
        ],
    )
    opening = source.opening_balance("element")
    found.opening_date, found.opening_text = _text(opening.date), opening.description
    for part, totals in (("opening", opening.declared), ("transactions", source.transaction_totals)):
        if totals is not None:
            found.totals[part] = Totals(
                _plain(totals.total_debit), _plain(totals.total_credit), _text(totals.lines_count)
            )
    return found


def _add(rows: Rows, line: pyxaf.Line, **known: str | None) -> None:
    foreign = line.foreign
    values: Row = {
        "line_no": line.number,
        "account": line.account_id,
        "document": line.document_ref,
        "description": line.description,
        "effective": _text(line.effective_date),
        "amount": _plain(line.amount),
        "side": line.side.value if line.side else None,
        "currency": foreign.currency if foreign else None,
        "currency_amount": _plain(foreign.amount) if foreign else None,
        "party": line.relation_id,
        "vat_code": line.vat[0].code if line.vat else None,
    }
    rows.line(**(values | known))


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _broken(path: Path, error: pyxaf.PyxafError) -> BadFile:
    return BadFile(f"the audit file cannot be read: {error}", subject=path.name)
