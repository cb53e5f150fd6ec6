"""The sandbox company in rows of AFAS's standard GetConnectors, with all the fields that these have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.company import Company, Line, Party

Row = dict[str, Any]
Key = tuple[Any, ...]

UNIT, HOLDING, EMPTY = 5, 3, 1
_TYPES = {"asset": "1", "equity": "2", "liability": "2", "income": "3", "expense": "4"}
_COLLECTS = {"customers": "D", "suppliers": "C"}
_INVOICED = ("VEN", "NCV", "ACH")


def wire_moment(moment: datetime) -> str:
    """Dutch local time, with a Z that means nothing."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def wire_date(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def administrations(company: Company) -> list[Row]:
    return [
        {"AdminId": EMPTY, "AdminNm": "Beheer zonder boeken BV", "AdminCd": None},
        {"AdminId": HOLDING, "AdminNm": "Houdstermaatschappij BV", "AdminCd": "1041"},
        {"AdminId": UNIT, "AdminNm": company.name, "AdminCd": company.code},
    ]


def periods(company: Company) -> list[Row]:
    """Periods of two administrations. Every year has an opening period 0 and one for corrections at its end; a year
    before the books begin has periods, too."""
    rows = []
    for unit in (HOLDING, UNIT):
        begin = company.years[0].start
        before = date(begin.year - 1, begin.month, 1)
        for month in range(12):
            first = date(before.year + (before.month - 1 + month) // 12, (before.month - 1 + month) % 12 + 1, 1)
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            label = int(company.years[0].label) - 1
            rows.append(_period(unit, label, month + 1, first, date.fromordinal(following.toordinal() - 1), True))
        for year in company.years:
            numbered = [row for row in company.periods if row[0] == year.label]
            rows.append(_period(unit, int(year.label), 0, year.start, year.start, bool(year.closed)))
            rows += [_period(unit, int(year.label), n, a, b, bool(year.closed)) for _, n, a, b in numbered]
            rows.append(_period(unit, int(year.label), len(numbered) + 1, year.end, year.end, bool(year.closed)))
    return rows


def _period(unit: int, year: int, period: int, first: date, last: date, blocked: bool) -> Row:
    return {
        "Unit": unit,
        "Year": year,
        "Period": period,
        "PeriodDesc": f"Periode {period}",
        "DateFrom": wire_date(first),
        "DateTo": wire_date(last),
        "Blocked": blocked,
        "Periodtable": 1,
        "TableDesc": "Maanden",
    }


def accounts(company: Company) -> list[Row]:
    return [
        {
            "Account": account.number,
            "Description": account.name,
            "Type": _TYPES[account.kind],
            "Sort": "O",
            "Blocked": not account.active,
            "CollectAccount": account.role in _COLLECTS,
            "CollectAccountType": _COLLECTS.get(account.role, "N"),
            "Feature": None,
            "CollectOn": None,
            "VatAllowed": True,
            "VatCode": None,
            "Budget": False,
            "ToProject": False,
            **{f"DimAx{axis}": False for axis in range(1, 6)},
        }
        for account in company.accounts
    ]


def journals(company: Company) -> list[Row]:
    return [
        {"UnitId": unit, "JournalId": j.code, "Description": j.name, "JournalType": "1", "Blocked": False}
        for unit in (HOLDING, UNIT)
        for j in company.journals
    ]


def debtors(company: Company) -> list[Row]:
    control = company.numbers["customers"]
    return [
        _party(party)
        | {
            "DebtorId": party.code,
            "DebtorName": party.name,
            "AdressLine1": "Dorpsstraat 1",
            "AdressLine3": "1234 AB",
            "AdressLine4": "Leusden",
            "VatNr": party.vat_number or None,
            "CollectAccount": control,
            "PayCon": "30",
            "CurrencyId": "EUR",
        }
        for party in company.parties
        if party.kind == "customer"
    ]


def creditors(company: Company) -> list[Row]:
    return [
        _party(party)
        | {
            "CreditorId": party.code,
            "CreditorName": party.name,
            "Adressline1": "Marktplein 2",
            "Adressline3": "5678 CD",
            "Adressline4": "Utrecht",
            "Btw-nummer": party.vat_number or None,
            "PaymentCondition": "30",
            "TempBlocked": False,
        }
        for party in company.parties
        if party.kind == "supplier"
    ]


def _party(party: Party) -> Row:
    founded = wire_date(date(2023, 6, 1))
    return {
        "BcCo": f"1{len(party.code):05}",
        "SearchName": party.code,
        "TelNr": None,
        "Email": None,
        "IBAN": None,
        "ChOfCommNr": None,
        "VatDuty": "1",
        "Blocked": False,
        "CreditLimit": Decimal(0),
        "AutoPayment": False,
        "CreateDate": founded,
        "ModifiedDate": founded,
    }


def key_of(line: Line) -> Key:
    return (UNIT, line.journal, int(line.year), line.entry, line.line_no)


def transactions(company: Company) -> dict[Key, Row]:
    """The company's lines by key; closing entries are not booked in this package."""
    return {key_of(line): _transaction(line) for line in company.lines if line.kind != "closing"}


def _transaction(line: Line) -> Row:
    moment = wire_moment(line.modified_at)
    return {
        "UnitId": UNIT,
        "EntryNo": line.entry,
        "SeqNo": line.line_no,
        "Year": int(line.year),
        "Period": line.period,
        "JournalId": line.journal,
        "AccountNo": line.party or line.account,
        "AmtDebit": line.debit,
        "AmtCredit": line.credit,
        "EntryDate": wire_date(line.date),
        "InvoiceId": _invoice(line),
        "VoucherDate": wire_date(line.date),
        "VoucherNo": line.document,
        "VatCode": line.vat_code,
        "VatAmt": Decimal(0),
        "Description": line.description,
        "Created": moment,
        "Modified": moment,
    }


def _invoice(line: Line) -> str | None:
    """Invoices are numbered through, vouchers within a year."""
    return f"{line.year}-{line.document}" if line.journal in _INVOICED else None


def invoices(company: Company, role: str) -> list[Row]:
    """What customers or suppliers were invoiced."""
    found = []
    for line in company.lines:
        if line.role != role or not line.party or not line.due_date:
            continue
        row = {
            "UnitId": UNIT,
            "CurrencyId": line.currency,
            "AmtInvoice": line.amount,
            "AmtInvoiceCurr": line.in_currency,
            "ExpDate": wire_date(line.due_date),
            "Description": line.description,
        }
        if role == "customers":
            row |= {"DebtorId": line.party, "InvoiceNr": _invoice(line), "NookPieceDate": wire_date(line.date)}
            row |= {"Balance": Decimal(0), "BalanceCurr": Decimal(0)}
        else:
            row |= {"CreditorId": line.party, "InvoiceNr": _invoice(line), "BookPiecrNr": line.document}
            row |= {"BookPieceDate": wire_date(line.date), "Blocked": False}
        found.append(row)
    return found


def period_balances(rows: Iterable[Row], controls: Mapping[str, str], names: Mapping[str, str]) -> list[Row]:
    """Sums per administration, year, period and ledger account; ``controls`` tells the account of a party."""
    sums: dict[Key, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        account = controls.get(row["AccountNo"], row["AccountNo"])
        found = sums[row["UnitId"], row["Year"], row["Period"], account]
        found[0] += row["AmtDebit"]
        found[1] += row["AmtCredit"]
    return [
        {
            "UnitId": unit,
            "Year": year,
            "Period": period,
            "AccountNr": account,
            "AccountDesc": names.get(account, ""),
            "Credit": credit,
            "Debit": debit,
            "Balance": debit - credit,
            "Budget": Decimal(0),
        }
        for (unit, year, period, account), (debit, credit) in sorted(sums.items())
    ]
