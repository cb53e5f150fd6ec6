"""The sandbox company in rows of AFAS SB's endpoints, with all the fields that these have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors.sandbox.chart import Account
from connectors.sandbox.company import Company, Line

Row = dict[str, Any]
_INVOICED = ("VEN", "NCV", "ACH")
_KINDS = {"asset": "activa", "equity": "passiva", "liability": "passiva", "income": "winst", "expense": "winst"}
TRANSFER = "9999"
"""The account through which every period's result is moved to equity, in totals alone."""


def guid(*parts: object) -> str:
    """The id of a thing, the same in every run."""
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def administration(name: str) -> Row:
    own = guid("administration", name)
    return {"Id": own, "Description": name, "InstanceId": own}


def years(company: Company, administration: str) -> list[Row]:
    """The company's years; the administration was made a year before its books begin."""
    begin = company.years[0].start
    before = (str(int(company.years[0].label) - 1), begin.replace(year=begin.year - 1), begin)
    found = [_year(before[0], before[1], date.fromordinal(before[2].toordinal() - 1), administration)]
    return [*found, *(_year(year.label, year.start, year.end, administration) for year in company.years)]


def _year(label: str, start: date, end: date, administration: str) -> Row:
    return {
        "AdministrationId": administration,
        "Id": guid("year", administration, label),
        "Description": label,
        "StartDate": moment(start),
        "EndDate": moment(end),
    }


def periods(company: Company, administration: str) -> list[Row]:
    return [
        {
            "AdministrationId": administration,
            "Id": guid("period", administration, year, number),
            "Description": f"Periode {number} {year}",
            "StartDate": moment(first),
            "EndDate": moment(last),
            "PeriodNumber": Decimal(f"{number}.0"),
            "AccountingYear": year,
        }
        for year, number, first, last in company.periods
    ]


def accounts(company: Company, administration: str) -> list[Row]:
    listed = [(account.number, account.name, _KINDS[account.kind]) for account in company.accounts]
    return [
        {
            "Id": guid("account", administration, number),
            "Description": name,
            "LedgerAccountNumber": number,
            "TypeId": guid("type", kind),
            "InstanceId": guid("account", administration, number),
            "InvestInAsset": False,
            "AdministrationId": administration,
        }
        for number, name, kind in [*listed, (TRANSFER, "Overboeking van het resultaat", "winst")]
    ]


def entry_line(line: Line, administration: str) -> Row:
    vat = Decimal(f"{line.vat_code}.0") if line.vat_code else None
    return {
        "LineId": guid("line", administration, line.number),
        "AmountDebit": line.debit,
        "AmountCredit": line.credit,
        "AmountTotal": line.amount,
        "VatPercentage": vat,
        "VatSection": guid("section", line.vat_code) if vat is not None else None,
        "VatAmount": abs(line.amount) * vat / 100 if vat is not None else None,
        "AdministrationId": administration,
        "HeaderId": guid("entry", administration, line.entry),
        "Number": line.document,
        "PostingDate": moment(line.date),
        "DocumentDate": moment(line.date),
        "AccountingPeriodId": guid("period", administration, line.year, line.period),
        "AccountingYearId": guid("year", administration, line.year),
        "LedgerAccountId": guid("account", administration, line.account),
        "Description": line.description,
        "DocumentIdentification": line.document if line.journal in _INVOICED else None,
        "AuditCreatedOnDate": f"{line.modified_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def period_totals(company: Company, administration: str, lines: Iterable[Row]) -> list[Row]:
    """Sums per period and account. Besides, what every year opens with, in its first period; and in every period the
    result, on its way to equity: an account of transfer shows it against the account that takes it."""
    by_id = {guid("account", administration, account.number): account for account in company.accounts}
    sums: dict[tuple[str, str, bool], Decimal] = defaultdict(Decimal)
    for line in company.lines:
        if line.kind == "opening":
            period = guid("period", administration, line.year, 1)
            sums[period, guid("account", administration, line.account), True] += line.amount
    transfer = guid("account", administration, TRANSFER)
    taker = guid("account", administration, company.numbers["result_brought_forward"])
    for line in lines:
        period, account = line["AccountingPeriodId"], line["LedgerAccountId"]
        sums[period, account, False] += line["AmountDebit"] - line["AmountCredit"]
        if not by_id[account].on_balance_sheet:
            sums[period, transfer, False] -= line["AmountDebit"] - line["AmountCredit"]
            sums[period, taker, False] += line["AmountDebit"] - line["AmountCredit"]
    named = {row["Id"]: row for row in periods(company, administration)}
    dated = {row["Description"]: row for row in years(company, administration)}
    return [
        _total(named[period], dated[named[period]["AccountingYear"]], account, by_id.get(account), opening, amount)
        for (period, account, opening), amount in sorted(sums.items())
    ]


def _total(
    period: Mapping[str, Any],
    year: Mapping[str, Any],
    account: str,
    told: Account | None,
    opening: bool,
    amount: Decimal,
) -> Row:
    number, name, rgs = (told.number, told.name, told.rgs) if told else (TRANSFER, "Overboeking", "ResultaatNiveau2")
    return {
        "Total": amount,
        "IsOpeningBalance": opening,
        "AdministrationId": period["AdministrationId"],
        "AccountingYearId": year["Id"],
        "AccountingYear": year["Description"],
        "AccountingYearStartDate": year["StartDate"],
        "AccountingYearEndDate": year["EndDate"],
        "AccountingPeriodId": period["Id"],
        "AccountingPeriod": period["Description"],
        "AccountingPeriodStartDate": period["StartDate"],
        "AccountingPeriodEndDate": period["EndDate"],
        "LedgerAccountId": account,
        "LedgerAccount": f"{name} ({number})",
        "LedgerAccountNumber": account,  # a GUID, as the specification shows it
        "RgsCode": "BEivOreOvw" if rgs == "BEivOre" else rgs,
        "RgsDescription": name,
        "InstanceId": guid("total", period["Id"], account, opening),
    }
