"""The entity sets that the sandbox serves, with the kind of each field; what is not here is unknown to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.odata import Refused

Row = dict[str, Any]
Kinds = dict[str, str]


def _kinds(**fields: str) -> Kinds:
    """Field name to kind; each keyword is a kind, its value the names of that kind."""
    return {name: kind for kind, names in fields.items() for name in names.split()}


COMPANIES = _kinds(
    guid="id businessProfileId",
    text="systemVersion name displayName",
    int="timestamp",
    moment="systemCreatedAt systemModifiedAt",
)
INFORMATION = _kinds(
    guid="id",
    text="displayName addressLine1 city country postalCode taxRegistrationNumber currencyCode",
    date="currentFiscalYearStartDate",
    moment="lastModifiedDateTime",
)
SETUP = _kinds(
    guid="id",
    date="allowPostingFrom allowPostingTo",
    text="additionalReportingCurrency localCurrencyCode localCurrencySymbol",
    moment="lastModifiedDateTime",
)
PERIODS = _kinds(
    guid="id", date="startingDate", text="name", flag="newFiscalYear closed dateLocked", moment="lastModifiedDateTime"
)
ACCOUNTS = _kinds(
    guid="id",
    text="number displayName category subCategory accountType",
    flag="blocked directPosting",
    money="netChange",
    moment="lastModifiedDateTime",
)
BOCOUNT_ACCOUNTS = _kinds(
    guid="id",
    text="no name accountType accountCategory incomeBalance totaling debitCredit",
    flag="blocked directPosting",
    money="balance",
    moment="systemModifiedAt",
)
PARTIES = _kinds(
    guid="id",
    text="number displayName type country taxRegistrationNumber currencyCode blocked",
    moment="lastModifiedDateTime",
)
ENTRIES = _kinds(
    guid="id accountId",
    int="entryNumber",
    date="postingDate",
    text="documentNumber documentType accountNumber description",
    money="debitAmount creditAmount additionalCurrencyDebitAmount additionalCurrencyCreditAmount",
    moment="lastModifiedDateTime",
)
PAGE_20 = _kinds(
    int="Entry_No Transaction_No Reversed_by_Entry_No Reversed_Entry_No Dimension_Set_ID",
    date="Posting_Date Document_Date",
    text="Document_Type Document_No External_Document_No G_L_Account_No G_L_Account_Name Description Source_Code"
    " Source_Type Source_No Journal_Templ_Name Journal_Batch_Name VAT_Bus_Posting_Group VAT_Prod_Posting_Group"
    " Source_Currency_Code",
    money="Amount Debit_Amount Credit_Amount Source_Currency_Amount",
    flag="Reversed",
)
TRIAL_BALANCES = _kinds(
    guid="accountId",
    text="number accountType display totalDebit totalCredit balanceAtDateDebit balanceAtDateCredit",
    date="dateFilter",
)


@dataclass(frozen=True)
class EntitySet:
    """An entity set: the kinds of its fields, and the field by which it is ordered."""

    kinds: Kinds
    key: str


SETS = {
    "companyInformation": EntitySet(INFORMATION, "id"),
    "generalLedgerSetup": EntitySet(SETUP, "id"),
    "accountingPeriods": EntitySet(PERIODS, "startingDate"),
    "accounts": EntitySet(ACCOUNTS, "number"),
    "customers": EntitySet(PARTIES, "number"),
    "vendors": EntitySet(PARTIES, "number"),
    "generalLedgerEntries": EntitySet(ENTRIES, "entryNumber"),
    "trialBalances": EntitySet(TRIAL_BALANCES, "number"),
}
COMPANY_SET = EntitySet(COMPANIES, "name")
BOCOUNT_SETS = {"glaccounts": EntitySet(BOCOUNT_ACCOUNTS, "no")}
SERVICE = EntitySet(PAGE_20, "Entry_No")


def on_the_wire(value: Any, kind: str) -> Any:
    """A value as the vendor writes it: the empty date is the first of all, money a number."""
    match kind:
        case "date" if isinstance(value, datetime):
            return value.date().isoformat()
        case "date":
            return "0001-01-01"
        case "moment":
            whole = value.isoformat(timespec="milliseconds")
            return whole.rstrip("0").rstrip(".") + "Z"
        case "text":
            return "" if value is None else value
        case "money":
            return Decimal(0) if value is None else value
        case _:
            return value


def known_fields(names: str, entity_set: EntitySet) -> list[str]:
    """The fields of a ``$select``; all of them where it is missing. Raises Refused for one that is not known."""
    wanted = [name for name in names.split(",") if name] or list(entity_set.kinds)
    for name in wanted:
        if name not in entity_set.kinds:
            raise Refused(f"Could not find a property named '{name}'.")
    return wanted
