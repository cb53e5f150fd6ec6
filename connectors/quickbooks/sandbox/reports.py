"""The sandbox's reports in the vendor's own form: nested rows of text cells, cut off where there are too many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.chart import Account

from .books import CHILD, PARENT, Books, Posting, Transaction
from .knobs import Knobs

Row = dict[str, Any]
CUT = "Unable to display more data. Please reduce the date range."
BEGINNING = "Beginning Balance"
_BOTH = [
    "account_name",
    "tx_date",
    "txn_type",
    "doc_num",
    "name",
    "memo",
    "split_acc",
    "tax_code",
    "last_mod_date",
    "create_date",
    "is_adj",
]
_SINGLE = ["debt_amt", "credit_amt", "subt_nat_amount", "rbal_nat_amount", "nat_open_bal"]
_MULTI = [
    "debt_home_amt",
    "credit_home_amt",
    "subt_nat_home_amount",
    "rbal_nat_home_amount",
    "nat_home_open_bal",
    "nat_foreign_amount",
    "nat_foreign_open_bal",
    "currency",
    "exch_rate",
]
COLUMNS = frozenset({*_BOTH, *_SINGLE, *_MULTI})
USUAL = ("tx_date", "txn_type", "doc_num", "name", "memo", "split_acc", "subt_nat_amount", "rbal_nat_amount")
_MONEY = frozenset({*_SINGLE, *_MULTI}) - {"currency", "exch_rate"}


class GeneralLedger:
    """One general ledger report. ``cells`` counts what it holds in full."""

    def __init__(
        self, books: Books, knobs: Knobs, start: date, end: date, columns: Sequence[str], accounts: Collection[str]
    ) -> None:
        self.books, self.knobs, self.start, self.end = books, knobs, start, end
        self.columns = columns
        self.accounts = set(accounts)
        if knobs.nested and knobs.child_rows and books.account_id(PARENT) in self.accounts:
            self.accounts.add(books.account_id(CHILD))
        self.opened = books.balances(start - timedelta(days=1))
        self.lines: dict[str, list[tuple[Transaction, Posting]]] = defaultdict(list)
        for each in sorted(books.between(start, end), key=lambda each: (each.day, int(each.id))):
            for posting in each.postings:
                self.lines[posting.role].append((each, posting))
        self.cells = len(columns) * sum(len(rows) + 1 for rows in self.lines.values())
        self._left = knobs.cells // len(columns)
        self._over = False

    def document(self) -> Row:
        known = {account.role: account for account in self.books.company.accounts}
        sections: list[Row] = []
        for account in self.books.company.accounts:
            if self.knobs.nested and account.role == CHILD:
                continue
            inner: list[Row] = []
            if self.knobs.nested and account.role == PARENT:
                own, below = self._rows(account), self._section(known[CHILD])
                # What is booked on the parent itself stands in a section without a header.
                inner = [*([{"Rows": {"Row": own}, "type": "Section"}] if own else []), *below]
            else:
                inner = self._rows(account)
            if inner:
                sections.append(self._told(account, inner))
        if self._over and not self.knobs.silent:
            sections.append({"ColData": [{"value": CUT}, *[{"value": ""}] * (len(self.columns) - 1)], "type": "Data"})
        return {
            "Header": header("GeneralLedger", self.books, self.start, self.end, empty=not sections),
            "Columns": {"Column": [self._column(name) for name in self.columns]},
            "Rows": {"Row": sections} if sections else {},
        }

    def _section(self, account: Account) -> list[Row]:
        rows = self._rows(account)
        return [self._told(account, rows)] if rows else []

    def _told(self, account: Account, inner: list[Row]) -> Row:
        first = {"value": name_of(account)} | ({"id": self._id(account)} if self.knobs.header_ids else {})
        rest = [{"value": ""}] * (len(self.columns) - 1)
        return {
            "Header": {"ColData": [first, *rest]},
            "Rows": {"Row": inner},
            "Summary": {"ColData": [{"value": f"Total for {name_of(account)}"}, *rest]},
            "type": "Section",
        }

    def _rows(self, account: Account) -> list[Row]:
        if self.accounts and self._id(account) not in self.accounts:
            return []
        found = []
        opened = self.opened.get(account.role, Decimal(0)) if account.on_balance_sheet else Decimal(0)
        if opened and self._takes():
            found.append(self._beginning(account, opened))
        for each, posting in self.lines[account.role]:
            if not self._takes():
                break
            cells = [self._cell(name, account, each, posting) for name in self.columns]
            found.append({"ColData": cells, "type": "Data"})
        return found

    def _takes(self) -> bool:
        """Whether one more row fits."""
        self._over |= self._left <= 0
        self._left -= 1
        return not self._over

    def _beginning(self, account: Account, opened: Decimal) -> Row:
        natural = opened if account.kind in ("asset", "expense") else -opened
        single = not self.knobs.multi_currency
        told = ("rbal_nat_amount", "nat_open_bal") if single else ("rbal_nat_home_amount", "nat_home_open_bal")
        cells = [{"value": f"{natural:.2f}" if name in told else ""} for name in self.columns]
        cells[self.columns.index("tx_date") if "tx_date" in self.columns else 0] = {"value": BEGINNING}
        return {"ColData": cells, "type": "Data"}

    def _cell(self, name: str, account: Account, each: Transaction, posting: Posting) -> Row:
        match name:
            case "tx_date":
                return {"value": each.day.isoformat()}
            case "txn_type":
                return {"value": each.kind, "id": each.id}
            case "doc_num":
                return {"value": each.number}
            case "name":
                party = next((p for p in self.books.company.parties if p.code == posting.party), None)
                return (
                    {"value": party.name, "id": self.books.party_id(party.code)} if party else {"value": "", "id": ""}
                )
            case "memo":
                return {"value": posting.memo}
            case "tax_code":
                return {"value": posting.tax_code}
            case "account_name":
                return {"value": name_of(account), "id": self._id(account)}
            case "currency":
                return {"value": posting.currency if self.knobs.multi_currency else ""}
            case _ if name in _MONEY:
                return {"value": self._amount(name, account, posting)}
            case _:
                return {"value": ""}

    def _amount(self, name: str, account: Account, posting: Posting) -> str:
        if (name in _MULTI) != self.knobs.multi_currency:
            return ""  # columns of the other kind are empty, without an error
        amount = posting.amount
        match name:
            case "debt_amt" | "debt_home_amt":
                return _text(amount) if amount > 0 else ""
            case "credit_amt" | "credit_home_amt":
                return _text(-amount) if amount < 0 else ""
            case "nat_foreign_amount" if posting.foreign is not None:
                return _text(posting.foreign if account.kind in ("asset", "expense") else -posting.foreign)
            case _:
                return ""

    def _column(self, name: str) -> Row:
        kind = "Money" if name in _MONEY else "Date" if name == "tx_date" else "String"
        title = name.replace("_", " ").title()
        if self.knobs.plain_columns:
            return {"ColTitle": title, "ColType": name}
        return {"ColTitle": title, "ColType": kind, "MetaData": [{"Name": "ColKey", "Value": name}]}

    def _id(self, account: Account) -> str:
        return self.books.account_id(account.role)


def trial_balance(books: Books, knobs: Knobs, end: date) -> Row:
    """The balances at ``end``; accounts at zero are left out. Where accounts nest, a parent's own balance is in the
    header of its section and the sum in its summary."""
    found = books.balances(end)
    rows: list[Row] = []
    for account in books.company.accounts:
        if account.role not in found or (knobs.nested and account.role == CHILD):
            continue
        cells = _balance_cells(name_of(account), found[account.role], books.account_id(account.role))
        if knobs.nested and account.role == PARENT and CHILD in found:
            child = next(each for each in books.company.accounts if each.role == CHILD)
            below = _balance_cells(name_of(child), found[CHILD], books.account_id(CHILD))
            total = _balance_cells(f"Total {name_of(account)}", found[PARENT] + found[CHILD])
            rows.append(
                {
                    "Header": {"ColData": cells},
                    "Rows": {"Row": [{"ColData": below}]},
                    "Summary": {"ColData": total},
                    "type": "Section",
                }
            )
        else:
            rows.append({"ColData": cells})
    sides = [sum((max(sign * amount, Decimal(0)) for amount in found.values()), Decimal(0)) for sign in (1, -1)]
    total = [{"value": "TOTAL"}, *({"value": f"{side:.2f}"} for side in sides)]
    rows.append({"group": "GrandTotal", "type": "Section", "Summary": {"ColData": total}})
    titles = (("", "Account"), ("Debit", "Money"), ("Credit", "Money"))
    return {
        "Header": header("TrialBalance", books, books.year_start(end), end, empty=not found),
        "Columns": {"Column": [{"ColTitle": title, "ColType": kind} for title, kind in titles]},
        "Rows": {"Row": rows},
    }


def header(name: str, books: Books, start: date, end: date, *, empty: bool) -> Row:
    return {
        "ReportName": name,
        "ReportBasis": "Accrual",
        "StartPeriod": start.isoformat(),
        "EndPeriod": end.isoformat(),
        "Currency": books.company.currency,
        "Option": [
            {"Name": "AccountingStandard", "Value": "GAAP"},
            {"Name": "NoReportData", "Value": "true" if empty else "false"},
        ],
    }


def name_of(account: Account) -> str:
    return account.name if account.active else f"{account.name} (deleted)"


def _balance_cells(name: str, amount: Decimal, account_id: str = "") -> list[Row]:
    first = {"value": name} | ({"id": account_id} if account_id else {})
    return [first, {"value": _text(amount) if amount > 0 else ""}, {"value": _text(-amount) if amount < 0 else ""}]


def _text(amount: Decimal) -> str:
    text = f"{amount:.2f}"
    return text[1:] if text.startswith("0.") else text  # ".50", as the vendor writes what is less than one
