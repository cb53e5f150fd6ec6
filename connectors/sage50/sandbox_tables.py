"""The company in Sage 50's tables: names of tables and columns are those of the public reference of its schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

from connectors.sandbox.company import Company, Line

Cell = str | int | bool | Decimal | date | None
Table = tuple[Sequence[str], Sequence[Sequence[Cell]]]
"""Column names and rows."""

_CATEGORIES = {"income": 1, "expense": 4, "asset": 6, "liability": 7, "equity": 9}
_CURRENCIES = {"EUR": 1, "USD": 2, "GBP": 3}
_MONTHS = range(1, 13)
TRAIL_HEADINGS = (
    "Type", "Account Reference", "Nominal A/C Ref", "Department", "Date", "Reference", "Details", "Net Amount",
    "Tax Code", "Tax Amount", "Exchange Rate", "Extra Reference", "User Name", "Project Refn", "Cost Code Refn",
)  # fmt: skip


def told(company: Company) -> list[Line]:
    """Sage 50 books neither closing entries nor openings of later years."""
    first = company.years[0].label
    return [line for line in company.lines if line.kind == "normal" or (line.kind == "opening" and line.year == first)]


def uk_tables(company: Company, name: str) -> dict[str, Table]:
    """The lists that go with the ledger, by table; the company calls itself ``name``."""
    numbers = company.numbers
    names = ("NAME", "COUNTRY_CODE", "VAT_REG_NUMBER", "START_MONTH", "FINANCIAL_YEAR", "DEFAULT_CHART", "NOM_DEBTORS")
    names += ("NOM_CREDITORS", "NOM_TAX_SALES", "NOM_TAX_PURCHASE", "NOM_RETAINED_EARNINGS", "NOM_SUSPENSE")
    last = company.years[-1].start
    controls = ("customers", "suppliers", "vat_payable", "vat_recoverable", "result_brought_forward")
    row: list[Cell] = [name, company.country, company.vat_number, last.month, last.year, 1]
    row += [*(numbers[role] for role in controls), "999999"]
    parties = ("ACCOUNT_REF", "NAME", "VAT_REG_NUMBER", "COUNTRY_CODE", "CURRENCY", "INACTIVE_FLAG")

    def ledger(kind: str) -> Table:
        return parties, [(p.code, p.name, p.vat_number, p.country, 1, 0) for p in company.parties if p.kind == kind]

    return {
        "COMPANY": (names, [row]),
        "CURRENCY": (
            ("NUMBER", "CODE", "BASE_CURRENCY"),
            [(number, code, code == company.currency) for code, number in _CURRENCIES.items()],
        ),
        "CATEGORY": (
            ("CHART", "CATEGORY", "FLAG_ASSET_LIABILITY", "NAME", "LOW", "HIGH"),
            [(1, _CATEGORIES[a.kind], 0, a.name, a.number, a.number) for a in company.accounts]
            + [(2, 1, 0, "A range of another chart", "000000", "999999")],
        ),
        "NOMINAL_LEDGER": _nominal_ledger(company),
        "SALES_LEDGER": ledger("customer"),
        "PURCHASE_LEDGER": ledger("supplier"),
    }


def _nominal_ledger(company: Company) -> Table:
    """The chart with the balances of the current year, month by month."""
    year = company.years[-1]
    moved: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in company.lines:
        if line.year != year.label:
            continue
        if line.kind == "opening":
            moved[line.account, "BALANCE_BF"] += line.amount
        else:
            side = "DEBIT" if line.amount > 0 else "CREDIT"
            moved[line.account, f"{side}_MTH{line.date.month}"] += abs(line.amount)
        moved[line.account, "BALANCE"] += line.amount
    figures = ["BALANCE_BF", "BALANCE", *(f"{side}_MTH{month}" for side in ("DEBIT", "CREDIT") for month in _MONTHS)]
    return (
        ("ACCOUNT_REF", "NAME", "ACCOUNT_TYPE", "INACTIVE_FLAG", *figures),
        [
            (a.number, a.name, "", not a.active, *(moved[a.number, figure] for figure in figures))
            for a in company.accounts
        ],
    )


def trail(company: Company) -> Table:
    """One row per transaction: those on customers and suppliers without their control and VAT sides, the rest as
    journals."""
    rows: list[Sequence[Cell]] = []
    for _, entry in groupby(told(company), key=lambda line: line.entry):
        rows += _transactions(list(entry))
    return TRAIL_HEADINGS, rows


def _transactions(entry: Sequence[Line]) -> Iterable[Sequence[Cell]]:
    control = next((line for line in entry if line.party and line.kind == "normal"), None)
    if control is None:
        for line in entry:
            kind = "JD" if line.amount > 0 else "JC"
            yield _row(line, kind, line.account, line.account, abs(line.amount), "T9", Decimal(0))
        return
    kind = _kind(control)
    tax = sum((line.amount for line in entry if line.role in ("vat_payable", "vat_recoverable")), Decimal(0))
    (nominal,) = (line for line in entry if line is not control and not line.role.startswith("vat_"))
    code = "T1" if tax else "T9" if control.journal == "BNK" else "T0"
    yield _row(nominal, kind, control.party, nominal.account, abs(nominal.amount), code, abs(tax))


def _kind(control: Line) -> str:
    letter = "S" if control.role == "customers" else "P"
    match control.journal:
        case "BNK":
            return "SR" if letter == "S" else "PP"
        case "NCV":
            return "SC"
        case _:
            return f"{letter}I"


def _row(line: Line, kind: str, ref: str | None, nominal: str, net: Decimal, code: str, tax: Decimal) -> Sequence[Cell]:
    return (kind, ref, nominal, 1, line.date, line.document, line.description, net, code, tax, 1, "", "MANAGER", "", "")


def postings(company: Company) -> dict[str, Table]:
    """One row per posting, with the transactions' headers; deleted ones stay and are flagged."""
    journal: list[Sequence[Cell]] = []
    headers: list[Sequence[Cell]] = []
    for number, (_, lines) in enumerate(groupby(told(company), key=lambda line: line.entry), start=1):
        entry = list(lines)
        control = next((line for line in entry if line.party), None)
        kind = _kind(control) if control and entry[0].kind == "normal" else ""
        due = control.due_date if control else None
        headers.append((number, kind or "JD", entry[0].date, due, _CURRENCIES[entry[0].currency], 0))
        for line in entry:
            journal.append(
                (
                    number, number, line.line_no, kind or ("JD" if line.amount > 0 else "JC"), line.date,
                    control.party if control else line.account, line.account, line.vat_code, line.document,
                    line.description, line.amount, abs(line.in_currency), 0, 0, None,
                )
            )  # fmt: skip
    journal.append((*journal[-1][:-3], 1, 0, None))
    names = ("TRAN_NUMBER", "HEADER_NUMBER", "SPLIT_NUMBER", "TYPE", "DATE", "ACCOUNT_REF", "NOMINAL_CODE", "TAX_CODE")
    names += ("INV_REF", "DETAILS", "AMOUNT", "FOREIGN_AMOUNT", "DELETED_FLAG", "RECORD_DELETED", "RECORD_MODIFY_DATE")
    head = ("HEADER_NUMBER", "TYPE", "DATE", "DUE_DATE", "CURRENCY", "DELETED_FLAG")
    return {"AUDIT_JOURNAL": (names, journal), "AUDIT_HEADER": (head, headers)}
