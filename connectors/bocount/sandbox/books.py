"""The sandbox company as Business Central keeps it: entries that are never changed or deleted, numbered as posted.

The balances that the books begin with are posted on the day before the first year. Later years have no opening
entries. A closed year is emptied by entries on its closing date, which lies between two days; when something was
posted to it later, the difference is closed by further entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from connectors.sandbox.company import Company, Line

from .entities import Row

_CLOSING_TIME = time(23, 59, 59)
FOUNDED = datetime.combine(date(2023, 6, 1), time(9, 30))
_SOURCE_CODES = {
    "OPN": "START",
    "VEN": "SALES",
    "NCV": "SALES",
    "ACH": "PURCHASES",
    "BNK": "PAYMENTJNL",
    "DIV": "GENJNL",
    "CLO": "CLSINCOME",
}
_CATEGORIES = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expense",
}


def guid(number: int, kind: int) -> str:
    """A stable id."""
    scattered = f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}"
    return f"{scattered[:8]}-{scattered[8:12]}-{scattered[12:]}-ec11-{kind:012x}"


@dataclass
class Posted:
    """A posted entry: a line of the company, its number, and the moment that its posting date stands for."""

    number: int
    line: Line
    on: datetime
    transaction: int
    modified: datetime
    description: str


class Books:
    """What was posted up to the company's revision, in order."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.posted: list[Posted] = []
        self.removed: set[int] = set()
        self._known: set[int] = set()
        self._closed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._ids = {account.number: guid(n, 3) for n, account in enumerate(company.accounts, start=1)}
        self._names = {account.number: account.name for account in company.accounts}
        self._post(replace(company, revision=0))
        self.show(company)

    def show(self, company: Company) -> None:
        """Posts what a later revision has and the present one has not, one revision after the other."""
        for revision in range(self.company.revision + 1, company.revision + 1):
            self._post(replace(company, revision=revision))

    def _post(self, company: Company) -> None:
        self.company = company
        transactions: dict[int, int] = {}
        for line in sorted(self._new_lines(company), key=lambda line: line.number):
            transaction = transactions.setdefault(line.entry, 1 + len(self.posted))
            number = len(self.posted) + 1
            entry = Posted(number, line, _moment(line), transaction, line.modified_at, line.description)
            self.posted.append(entry)

    def _new_lines(self, company: Company) -> Iterator[Line]:
        first = company.years[0].label
        for line in company.lines:
            if line.kind == "closing":
                if more := self._still_to_close(line):
                    yield more
            elif line.number not in self._known and (line.kind != "opening" or line.year == first):
                self._known.add(line.number)
                yield line

    def _still_to_close(self, line: Line) -> Line | None:
        key = (line.year, line.account)
        left = line.amount - self._closed[key]
        self._closed[key] = line.amount
        return replace(line, debit=max(left, Decimal(0)), credit=max(-left, Decimal(0))) if left else None

    @property
    def standing(self) -> list[Posted]:
        return [entry for entry in self.posted if entry.number not in self.removed]

    def entries(self) -> list[Row]:
        return [
            {
                "id": guid(entry.number, 9),
                "entryNumber": entry.number,
                "postingDate": entry.on,
                "documentNumber": document_of(entry.line),
                "documentType": _document_type(entry.line),
                "accountId": self._ids[entry.line.account],
                "accountNumber": entry.line.account,
                "description": entry.description,
                "debitAmount": entry.line.debit,
                "creditAmount": entry.line.credit,
                "additionalCurrencyDebitAmount": Decimal(0),
                "additionalCurrencyCreditAmount": Decimal(0),
                "lastModifiedDateTime": entry.modified,
            }
            for entry in self.standing
        ]

    def page_20(self) -> list[Row]:
        """The same entries as the published page tells them; a currency only where it is not the local one."""
        kinds = {party.code: party.kind for party in self.company.parties}
        return [
            {
                "Entry_No": entry.number,
                "Transaction_No": entry.transaction,
                "Posting_Date": entry.on,
                "Document_Date": entry.on,
                "Document_Type": _document_type(line),
                "Document_No": document_of(line),
                "External_Document_No": "",
                "G_L_Account_No": line.account,
                "G_L_Account_Name": self._names[line.account],
                "Description": entry.description,
                "Amount": line.amount,
                "Debit_Amount": line.debit,
                "Credit_Amount": line.credit,
                "Source_Code": _SOURCE_CODES[line.journal],
                "Source_Type": {"customer": "Customer", "supplier": "Vendor"}[kinds[line.party]] if line.party else " ",
                "Source_No": line.party or "",
                "Journal_Templ_Name": "" if line.kind == "closing" else line.journal,
                "Journal_Batch_Name": "DEFAULT",
                "Reversed": False,
                "Reversed_by_Entry_No": 0,
                "Reversed_Entry_No": 0,
                "Dimension_Set_ID": 0,
                "VAT_Bus_Posting_Group": "BI" if line.vat_code else "",
                "VAT_Prod_Posting_Group": line.vat_code or "",
                "Source_Currency_Code": "" if line.currency == self.company.currency else line.currency,
                "Source_Currency_Amount": Decimal(0) if line.amount_currency is None else line.amount_currency,
            }
            for entry in self.standing
            for line in [entry.line]
        ]

    def trial_balances(self, start: datetime, end: datetime) -> list[Row]:
        """Totals of the posting accounts from ``start`` to ``end``, and their balances at ``end``, as texts in US
        English without a sign."""
        sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        for entry in self.standing:
            if entry.on <= end:
                row = sums[entry.line.account]
                row[2] += entry.line.amount
                if entry.on >= start:
                    row[0] += entry.line.debit
                    row[1] += entry.line.credit
        rows = []
        for account in self.company.accounts:
            debit, credit, balance = sums[account.number]
            rows.append(
                {
                    "accountId": self._ids[account.number],
                    "number": account.number,
                    "accountType": "Posting",
                    "display": account.name,
                    "totalDebit": f"{abs(debit):,.2f}",
                    "totalCredit": f"{abs(credit):,.2f}",
                    "balanceAtDateDebit": f"{max(balance, Decimal(0)):,.2f}",
                    "balanceAtDateCredit": f"{max(-balance, Decimal(0)):,.2f}",
                    "dateFilter": end,
                }
            )
        return [*rows, _heading("BALANS", end)]

    def accounts(self) -> list[Row]:
        rows = [
            {
                "id": self._ids[account.number],
                "number": account.number,
                "displayName": account.name,
                # Belgian set-ups leave the category blank here and there.
                "category": " " if account.role in ("stock", "wages") else _CATEGORIES[account.kind],
                "subCategory": "",
                "accountType": "Posting",
                "blocked": not account.active,
                "directPosting": True,
                "netChange": Decimal(0),
                "lastModifiedDateTime": FOUNDED,
            }
            for account in self.company.accounts
        ]
        heading = {**rows[0], "id": guid(900, 3), "number": "6", "displayName": "Kosten", "category": " "}
        return [*rows, {**heading, "accountType": "Begin_x002D_Total", "directPosting": False}]

    def bocount_accounts(self) -> list[Row]:
        return [
            {
                "id": self._ids[account.number],
                "no": account.number,
                "name": account.name,
                "accountType": "Posting",
                "accountCategory": " ",
                "incomeBalance": "Balance_x0020_Sheet" if account.on_balance_sheet else "Income_x0020_Statement",
                "totaling": "",
                "debitCredit": "Both",
                "blocked": not account.active,
                "directPosting": True,
                "balance": sum((e.line.amount for e in self.standing if e.line.account == account.number), Decimal(0)),
                "systemModifiedAt": FOUNDED,
            }
            for account in self.company.accounts
        ]

    def parties(self, kind: str) -> list[Row]:
        return [
            {
                "id": guid(position, 5),
                "number": party.code,
                "displayName": party.name,
                "type": "Company",
                "country": party.country,
                "taxRegistrationNumber": party.vat_number,
                "currencyCode": "",
                "blocked": " ",
                "lastModifiedDateTime": FOUNDED,
            }
            for position, party in enumerate(self.company.parties, start=1)
            if party.kind == kind
        ]

    def periods(self) -> list[Row]:
        years = {year.label: year for year in self.company.years}
        return [
            {
                "id": guid(position, 7),
                "startingDate": datetime.combine(first, time()),
                "name": f"{first:%B}",
                "newFiscalYear": first == years[label].start,
                "closed": years[label].closed,
                "dateLocked": years[label].closed,
                "lastModifiedDateTime": FOUNDED,
            }
            for position, (label, _, first, _) in enumerate(self.company.periods, start=1)
        ]

    def information(self) -> list[Row]:
        return [
            {
                "id": guid(1, 8),
                "displayName": self.company.name,
                "addressLine1": "Kerkstraat 1",
                "city": "Antwerpen",
                "country": self.company.country,
                "postalCode": "2000",
                "taxRegistrationNumber": self.company.vat_number,
                "currencyCode": self.company.currency,
                "currentFiscalYearStartDate": datetime.combine(self.company.years[-1].start, time()),
                "lastModifiedDateTime": FOUNDED,
            }
        ]

    def setup(self) -> list[Row]:
        return [
            {
                "id": guid(2, 8),
                "allowPostingFrom": None,
                "allowPostingTo": None,
                "additionalReportingCurrency": "",
                "localCurrencyCode": self.company.currency,
                "localCurrencySymbol": "€",
                "lastModifiedDateTime": FOUNDED,
            }
        ]


def document_of(line: Line) -> str:
    return {"opening": "BEGIN", "closing": f"CLO{line.year}"}.get(line.kind, line.document)


def _moment(line: Line) -> datetime:
    if line.kind == "opening":
        return datetime.combine(line.date - timedelta(days=1), time())
    return datetime.combine(line.date, _CLOSING_TIME if line.kind == "closing" else time())


def _document_type(line: Line) -> str:
    return {"VEN": "Invoice", "ACH": "Invoice", "NCV": "Credit_x0020_Memo", "BNK": "Payment"}.get(line.journal, " ")


def _heading(number: str, day: date) -> Row:
    empty = dict.fromkeys(("totalDebit", "totalCredit", "balanceAtDateDebit", "balanceAtDateCredit"), "")
    named = {"accountId": guid(901, 3), "number": number, "accountType": "Heading", "display": "Balans"}
    return {**named, **empty, "dateFilter": day}
