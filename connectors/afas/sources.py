"""Which GetConnectors are asked: AFAS's standard ones, unless the connection names others.

GetConnectors are views that every customer can change, and partners bring their own copies. The ids and fields below
are those of the standard set (documented); that copies keep its field ids is inferred, so that each can be named
otherwise in the setting ``connectors``: ``transactions=Firm_Mutations, transactions.AccountNo=Rekening``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from foundation.errors import WrongInput

from . import resources as r


@dataclass(frozen=True)
class Source:
    """A GetConnector: its id, the fields that are read, the fields of a stable order, and other names for fields."""

    connector: str
    schema: pa.Schema
    order: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, field: str) -> str:
        """The connector's own name of one of our fields."""
        return self.names.get(field, field)


STANDARD: Mapping[str, Source] = {
    "administrations": Source("Profit_Administrations", r.ADMINISTRATIONS, ("AdminId",)),
    "periods": Source("Profit_periods_per_administration", r.PERIODS, ("Unit", "Year", "Period")),
    "accounts": Source("Profit_Accounts", r.ACCOUNTS, ("Account",)),
    "journals": Source("Profit_Journals", r.JOURNALS, ("UnitId", "JournalId")),
    "debtors": Source("Profit_Debtor", r.DEBTORS, ("DebtorId",)),
    "creditors": Source("Profit_Creditor", r.CREDITORS, ("CreditorId",)),
    "debtor_invoices": Source("Profit_Debtor_Invoices", r.DEBTOR_INVOICES, ("DebtorId", "InvoiceNr")),
    "creditor_invoices": Source("Profit_Creditor_Invoices", r.CREDITOR_INVOICES, ("CreditorId", "InvoiceNr")),
    "period_balance": Source("Profit_Period_balance", r.PERIOD_BALANCE, ("Year", "Period", "AccountNr")),
    "changed_days": Source("Profit_Fin_ChangedEntrydate", r.CHANGED_DAYS, ("EntryDate", "Modified")),
    "transactions": Source("Profit_Transactions", r.TRANSACTIONS, ("Year", "Period", "JournalId", "EntryNo", "SeqNo")),
}
NEEDED = ("administrations", "accounts", "transactions")
"""Without these there are no books; the others are gone without, with a note."""


def sources(named: str) -> Mapping[str, Source]:
    """The standard sources with what ``named`` says otherwise: pairs with commas between. Raises WrongInput."""
    found = dict(STANDARD)
    for pair in filter(None, (part.strip() for part in named.split(","))):
        what, equals, value = (part.strip() for part in pair.partition("="))
        role, _, name = what.partition(".")
        if not equals or not value or role not in found or (name and name not in found[role].schema.names):
            raise WrongInput(
                f"the setting connectors does not understand {pair!r}",
                next_step=f"It takes ROLE=CONNECTOR and ROLE.FIELD=FIELD, where ROLE is one of {', '.join(found)}.",
            )
        source = found[role]
        names = {**source.names, name: value}
        found[role] = replace(source, names=names) if name else replace(source, connector=value)
    return found
