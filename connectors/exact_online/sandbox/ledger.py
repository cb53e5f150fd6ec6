"""The sandbox company's ledger in Exact Online's own rows: lines, and the balance that the vendor makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.sandbox.company import Company, Line

from .odata import wire_date
from .tables import Row, guid, midnight, party_id

_LINE_TYPES = {"VEN": 20, "NCV": 21, "ACH": 30, "BNK": 40}
FIRST_OPENING, CARRY_FORWARD, CARRIED_OUT, RESULT_TRANSFER, OTHER = 10, 328, 327, 320, 90

# Row versions: every look at the company starts a new range; within it the line's own number is the order.
_VERSION = 10_000_000_000
_MIRROR = 500_000_000
_DELETION = 1_000_000_000


def lines(company: Company, division: int) -> dict[str, Row]:
    """Every ledger line by its ID, with the mirrors (type 327) of later years' opening lines in the year before."""
    parties = {party.code: party for party in company.parties}
    years = {year.label: index for index, year in enumerate(company.years)}
    last_periods: dict[str, int] = {}
    for year, period, _, _ in company.periods:
        last_periods[year] = period
    rows: dict[str, Row] = {}
    for line in company.lines:
        index = years[line.year]
        party = parties.get(line.party or "")
        row: Row = {
            "ID": line_id(line),
            "EntryID": guid(line.entry, 2),
            "EntryNumber": int(line.document),
            "LineNumber": line.line_no,
            "LineType": 0,
            "Division": division,
            "JournalCode": line.journal,
            "Date": wire_date(midnight(line.date)),
            "FinancialYear": int(line.year),
            "FinancialPeriod": max(line.period, 1),
            "GLAccountCode": line.account,
            "AmountDC": line.amount,
            "AmountFC": line.in_currency,
            "Currency": line.currency,
            "Status": 50 if company.years[index].closed else 20,
            "Type": _line_type(line, index),
            "Created": wire_date(line.modified_at),
            "Modified": wire_date(line.modified_at),
            "Timestamp": str(line.version * _VERSION + line.number),
        }
        if line.description:
            row["Description"] = line.description
        if line.vat_code:
            row["VATCode"] = f"{line.vat_code:<3}"
        if party:
            row |= {"Account": party_id(party.code), "AccountCode": f"{party.code:>18}"}
            row["AccountName"] = party.name
        if line.due_date:
            row["DueDate"] = wire_date(midnight(line.due_date))
        rows[row["ID"]] = row
        if line.kind == "opening" and index:
            before = company.years[index - 1]
            mirror = row | {
                "ID": guid(line.number + _MIRROR, 1),
                "EntryID": guid(line.entry + _MIRROR, 2),
                "EntryNumber": 9_900_000 + index,
                "JournalCode": "CLO",
                "Date": wire_date(midnight(before.end)),
                "FinancialYear": int(before.label),
                "FinancialPeriod": last_periods[before.label],
                "AmountDC": -line.amount,
                "AmountFC": -line.in_currency,
                "Type": CARRIED_OUT,
                "Status": 50,
                "Timestamp": str(line.version * _VERSION + line.number + _MIRROR),
            }
            rows[mirror["ID"]] = mirror
    return rows


def _line_type(line: Line, year_index: int) -> int:
    if line.kind == "opening":
        return CARRY_FORWARD if year_index else FIRST_OPENING
    if line.kind == "closing":
        return RESULT_TRANSFER
    return _LINE_TYPES.get(line.journal, OTHER)


def deletion_timestamp(line: Line) -> int:
    return line.version * _VERSION + _DELETION + line.number


def line_id(line: Line) -> str:
    return guid(line.number, 1)


def reporting_balance(ledger: Iterable[Row], chart: Iterable[Row], division: int) -> list[Row]:
    """The vendor's own balance: movement per account, year, period, status and type; computed from what stands."""
    by_code = {row["Code"].strip(): row for row in chart}
    grouped: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    for row in ledger:
        group = (row["FinancialYear"], row["FinancialPeriod"], row["GLAccountCode"], row["Status"], row["Type"])
        sums = grouped[group]
        sums[0] += max(row["AmountDC"], Decimal(0))
        sums[1] += max(-row["AmountDC"], Decimal(0))
        sums[2] += 1
    rows = []
    for position, (group, (debit, credit, count)) in enumerate(sorted(grouped.items()), start=1):
        year, period, code, status, kind = group
        account = by_code.get(code.strip(), {})
        rows.append(
            {
                "ID": str(position),
                "GLAccount": account.get("ID"),
                "GLAccountCode": code,
                "GLAccountDescription": account.get("Description"),
                "BalanceType": account.get("BalanceType"),
                "ReportingYear": year,
                "ReportingPeriod": period,
                "Amount": debit - credit,
                "AmountDebit": debit,
                "AmountCredit": credit,
                "Count": int(count),
                "Status": status,
                "Type": kind,
                "Division": division,
            }
        )
    return rows
