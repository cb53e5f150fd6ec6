"""The sandbox company in Exact Online's own rows, one function per entity; the ledger is in ledger.py."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from connectors.sandbox.chart import Account
from connectors.sandbox.company import Company

from .odata import wire_date

Row = dict[str, Any]

# The vendor's own type of an account, by role; what is not here is "general" (90).
_ACCOUNT_TYPES = {
    "bank": 12,
    "bank_usd": 12,
    "customers": 20,
    "suppliers": 22,
    "vat_recoverable": 24,
    "vat_payable": 24,
    "equipment": 30,
    "equipment_depreciation": 35,
    "stock": 40,
    "capital": 50,
    "legal_reserve": 50,
    "result_brought_forward": 52,
    "bank_loan": 55,
    "sales": 110,
    "sales_export": 110,
    "old_sales": 110,
    "purchases": 111,
    "fees": 121,
    "depreciation": 122,
    "wages": 125,
}
_JOURNAL_TYPES = {"sales": 20, "sales_credit": 21, "purchase": 22, "bank": 12}
_FOUNDED = datetime(2023, 6, 1, tzinfo=UTC)


def guid(number: int, kind: int) -> str:
    """A stable id. Multiplying by an odd constant scatters neighbours, as real ids are."""
    scattered = (number * 0x9E3779B97F4A7C15) % 2**64
    text = f"{scattered:016x}{kind:04x}800000000000"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def party_id(code: str) -> str:
    return guid(int.from_bytes(code.encode()[:7], "big"), 5)


def accounts(company: Company, division: int) -> list[Row]:
    moment = wire_date(_FOUNDED)
    return [
        {
            "ID": guid(position, 3),
            "Code": f"{account.number:<9}" if position % 2 else account.number,
            "Description": account.name,
            "BalanceSide": _side(account),
            "BalanceType": "B" if account.on_balance_sheet else "W",
            "Type": _ACCOUNT_TYPES.get(account.role, 90),
            "IsBlocked": not account.active,
            "Created": moment,
            "Modified": moment,
            "Division": division,
            "Timestamp": str(position),
        }
        for position, account in enumerate(company.accounts, start=1)
    ]


def _side(account: Account) -> str:
    return "D" if account.kind in ("asset", "expense") else "C"


def classification_mappings(company: Company, division: int) -> list[Row]:
    """Which code of the Dutch reference chart each account has; empty elsewhere."""
    if company.country != "NL":
        return []
    return [
        {
            "ID": guid(position, 4),
            "ClassificationCode": account.rgs,
            "ClassificationDescription": account.name,
            "Division": division,
            "GLAccount": guid(position, 3),
            "GLAccountCode": account.number,
            "GLSchemeCode": "RGS 3.5",
            "GLSchemeDescription": "Referentie GrootboekSchema",
        }
        for position, account in enumerate(company.accounts, start=1)
    ]


def journals(company: Company, division: int) -> list[Row]:
    return [
        {
            "ID": guid(position, 6),
            "Code": journal.code,
            "Description": journal.name,
            "Type": _JOURNAL_TYPES.get(journal.kind, 90),
            "Currency": "EUR",
            "IsBlocked": False,
            "Division": division,
        }
        for position, journal in enumerate(company.journals, start=1)
    ]


def relations(company: Company, division: int) -> list[Row]:
    return [
        {
            "ID": party_id(party.code),
            "Code": f"{party.code:>18}",
            "Name": party.name,
            "Status": "C" if party.kind in ("customer", "both") else "A",
            "IsSales": party.kind in ("customer", "both"),
            "IsSupplier": party.kind in ("supplier", "both"),
            "IsPurchase": party.kind in ("supplier", "both"),
            "VATNumber": party.vat_number or None,
            "Country": f"{party.country:<3}",
            "Modified": wire_date(_FOUNDED),
            "Division": division,
            "Timestamp": str(position),
        }
        for position, party in enumerate(company.parties, start=1)
    ]


def periods(company: Company) -> list[Row]:
    return [
        {
            "ID": guid(int(year) * 100 + period, 7),
            "FinYear": int(year),
            "FinPeriod": period,
            "StartDate": wire_date(midnight(first)),
            "EndDate": wire_date(midnight(last)),
        }
        for year, period, first, last in company.periods
    ]


def journal_statuses(company: Company) -> list[Row]:
    closed = {year.label: year.closed for year in company.years}
    return [
        {
            "Journal": journal.code,
            "JournalDescription": journal.name,
            "JournalType": _JOURNAL_TYPES.get(journal.kind, 90),
            "Period": period,
            "Year": int(year),
            "Status": int(bool(closed[year])),
        }
        for year, period, _, _ in company.periods
        for journal in company.journals
    ]


def division(code: int, hid: str, name: str, country: str, **fields: Any) -> Row:
    return {
        "Code": code,
        "Hid": hid,
        "Description": name,
        "CustomerCode": f"{hid:>18}",
        "CustomerName": name,
        "Country": f"{country:<3}",
        "Currency": "EUR",
        "Legislation": country,
        "Status": 1,
        "BlockingStatus": 0,
        "StartDate": wire_date(_FOUNDED),
        "Created": wire_date(_FOUNDED),
        "Modified": wire_date(_FOUNDED),
        "Current": False,
        "IsMainDivision": False,
        "IsDossierDivision": True,
        "IsPracticeDivision": False,
    } | fields
