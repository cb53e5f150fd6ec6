"""What the sandbox's database holds: records by model, and the ways in which a bookkeeper changes them.

Company 4 is the one that is told. Beside it there are the accountant's own (1, with a few entries), a branch of it (5),
one without books (6), and one that the user may not see (9).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.company import Company, Line

from .orm import Record
from .words import BY_KIND, JOURNAL_TYPES, TYPES, TYPES_OF_15

MAIN, TOLD, BRANCH, EMPTY, HIDDEN = 1, 4, 5, 6, 9
_STAMP = "%Y-%m-%d %H:%M:%S"
CURRENCIES = {"EUR": 1, "USD": 2, "GBP": 3}
COUNTRIES = {"BE": 20, "FR": 75, "NL": 165, "GB": 231, "US": 233}
_TAXES = {"21": 31, "0": 32}
_DRAFT_MOVE = 90_000_001
_AMOUNTS = ("debit", "credit", "balance", "amount_currency")


class Books:
    """The database. ``version`` grows with every change, so that answers can be kept until then."""

    def __init__(self, company: Company, now: Callable[[], datetime]) -> None:
        self._now = now
        self._added = 0
        self.version = 0
        self.year_end = (12, 31)
        self.opening_told = True
        self.company = company
        self.lines: dict[int, Record] = {}
        self.tables: dict[str, list[Record]] = {}
        self.show(company)

    def show(self, company: Company) -> None:
        """The company as it stands at a later look: changed lines are written later, gone ones are nowhere."""
        self.company = company
        self.accounts = {account.number: 1001 + n for n, account in enumerate(company.accounts)}
        self.partners = {party.code: 71 + n for n, party in enumerate(company.parties)}
        self.journals = {journal.code: 11 + n for n, journal in enumerate(company.journals)}
        first = company.years[0].label
        kept = [x for x in company.lines if x.kind == "normal" or (x.kind == "opening" and x.year == first)]
        self.opening_move = next(line.entry for line in kept if line.kind == "opening")
        self.lines = {line.number: self._line(line) for line in kept}
        self._left_about()
        self._make_tables()
        self.version += 1

    def add_entry(self, day: str, amounts: list[tuple[str, str]], state: str = "posted", **fields: Any) -> list[int]:
        """Books an entry now; the ids of its lines."""
        self._added += 1
        move, ids = 80_000_000 + self._added, []
        for position, (account, amount) in enumerate(amounts, start=1):
            ids.append(move * 10 + position)
            self.lines[ids[-1]] = self._plain(ids[-1], move, day, account, Decimal(amount), state) | fields
        self.version += 1
        return ids

    def change(self, ids: list[int], **fields: Any) -> None:
        """Writes fields of lines now: also back to draft, ``parent_state="draft"``."""
        for key in ids:
            self.lines[key] = self.lines[key] | fields | {"write_date": self.stamp()}
        self.version += 1

    def delete(self, ids: list[int]) -> None:
        for key in ids:
            del self.lines[key]
        self.version += 1

    def stamp(self) -> str:
        return self._now().strftime(_STAMP)

    def _line(self, line: Line) -> Record:
        day = line.date - timedelta(days=1) if line.kind == "opening" else line.date
        written = line.modified_at.strftime(_STAMP)
        return {
            "id": line.number,
            "move_id": line.entry,
            "move_name": line.document,
            "journal_id": self.journals[line.journal],
            "company_id": TOLD,
            "company_currency_id": CURRENCIES["EUR"],
            "date": day.isoformat(),
            "invoice_date": None,
            "account_id": self.accounts[line.account],
            "name": line.description or None,
            "ref": None,
            "debit": line.debit,
            "credit": line.credit,
            "balance": line.amount,
            "amount_currency": line.in_currency,
            "currency_id": CURRENCIES[line.currency],
            "partner_id": self.partners[line.party] if line.party else None,
            "date_maturity": line.due_date.isoformat() if line.due_date else None,
            "tax_line_id": None,
            "tax_ids": [_TAXES[line.vat_code]] if line.vat_code else [],
            "parent_state": "posted",
            "display_type": None,
            "sequence": 10,
            "create_date": written,
            "write_date": written,
        }

    def _plain(self, key: int, move: int, day: str, account: str, amount: Decimal, state: str) -> Record:
        template = next(iter(self.lines.values()))
        return template | {
            "id": key,
            "move_id": move,
            "move_name": f"MISC/{move}" if state == "posted" else "/",
            "journal_id": self.journals["DIV"],
            "date": day,
            "account_id": self.accounts[account],
            "name": None,
            "debit": max(amount, Decimal(0)),
            "credit": max(-amount, Decimal(0)),
            "balance": amount,
            "amount_currency": amount,
            "currency_id": CURRENCIES["EUR"],
            "parent_state": state,
            "write_date": self.stamp(),
        }

    def _left_about(self) -> None:
        """A draft that nobody posted, a note on an invoice, and entries of the accountant's own company."""
        numbers, written = self.company.numbers, "2026-08-31 12:00:00"
        for position, amount in enumerate(("55.00", "-55.00"), start=1):
            account = numbers["fees" if position == 1 else "suppliers"]
            for move, state, owner in ((_DRAFT_MOVE, "draft", TOLD), (_DRAFT_MOVE + 1, "posted", MAIN)):
                row = self._plain(move * 10 + position, move, "2026-03-03", account, Decimal(amount), state)
                self.lines[row["id"]] = row | {"company_id": owner, "write_date": written}
        text = {"id": _DRAFT_MOVE * 10 + 9, "account_id": None, "display_type": "line_note", "write_date": written}
        self.lines[text["id"]] = next(iter(self.lines.values())) | text | dict.fromkeys(_AMOUNTS, Decimal(0))

    def _make_tables(self) -> None:
        company = self.company
        country, currency = COUNTRIES[company.country], CURRENCIES["EUR"]
        month, day = self.year_end
        start = company.years[0].start
        base = {
            "fiscalyear_last_month": str(month),
            "fiscalyear_last_day": day,
            "currency_id": currency,
            "country_id": country,
            "country_code": company.country,
        }
        locked = max((year.end.isoformat() for year in company.years if year.closed), default=None)
        ours = base | {
            "id": TOLD,
            "name": company.name,
            "vat": company.vat_number,
            "root_id": TOLD,
            "account_opening_date": start.isoformat() if self.opening_told else None,
            "account_opening_move_id": self.opening_move,
            "fiscalyear_lock_date": locked,
        }
        self.tables = {
            "res.company": [
                base | {"id": MAIN, "name": "Fiduciaire du Parc", "root_id": MAIN},
                ours,
                base | {"id": BRANCH, "name": "Agence de Liège", "parent_id": TOLD, "root_id": TOLD},
                base | {"id": EMPTY, "name": "Nouvelle Société SRL", "root_id": EMPTY},
                base | {"id": HIDDEN, "name": "Holding Zonder Toegang NV", "root_id": HIDDEN},
            ],
            "account.account": [
                {
                    "id": self.accounts[account.number],
                    "code_store": {TOLD: account.number, MAIN: f"{account.number}00"},
                    "name": account.name,
                    "account_type": (kind := TYPES.get(account.role) or BY_KIND.get(account.kind, account.kind)),
                    "user_type_id": 1 + list(TYPES_OF_15).index(kind),
                    "internal_group": account.kind,
                    "active": account.active,
                    "deprecated": not account.active,
                    "company_id": TOLD,
                    "company_ids": [MAIN, TOLD],
                }
                for account in company.accounts
            ],
            "account.account.type": [
                {"id": number, "name": name, "type": "other"}
                for number, name in enumerate(TYPES_OF_15.values(), start=1)
            ],
            "account.journal": [
                {
                    "id": self.journals[journal.code],
                    "code": journal.code,
                    "name": journal.name,
                    "type": JOURNAL_TYPES.get(journal.kind, "general"),
                    "company_id": TOLD,
                    "active": True,
                }
                for journal in company.journals
            ],
            "account.tax": [
                {"id": number, "name": name, "amount": Decimal(name), "active": True, "company_id": TOLD}
                for name, number in _TAXES.items()
            ],
            "res.partner": [
                {
                    "id": self.partners[party.code],
                    "name": party.name,
                    "ref": party.code,
                    "vat": party.vat_number or None,
                    "customer_rank": 3 if party.kind == "customer" else 0,
                    "supplier_rank": 2 if party.kind == "supplier" else 0,
                    "country_id": COUNTRIES[party.country],
                    "active": party.code != "CHIPS",
                    "company_id": TOLD if party.code in ("CHIPS", "DUPONT") else None,
                    "property_account_receivable_id": self.accounts[company.numbers["customers"]],
                    "property_account_payable_id": self.accounts[company.numbers["suppliers"]],
                }
                for party in company.parties
            ],
            "res.currency": [{"id": key, "name": name, "active": name != "GBP"} for name, key in CURRENCIES.items()],
            "res.country": [{"id": key, "code": code, "name": code} for code, key in COUNTRIES.items()],
            "account.fiscal.year": [
                {
                    "id": 3,
                    "name": "Premier exercice",
                    "date_from": start.isoformat(),
                    "date_to": company.years[0].end.isoformat(),
                    "company_id": TOLD,
                }
            ],
        }
