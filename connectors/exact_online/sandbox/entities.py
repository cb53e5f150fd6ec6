"""The vendor's endpoints: what may be asked of each, under which name, and in what portions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINES = _names(
    "ID EntryID EntryNumber LineNumber LineType Division JournalCode JournalDescription Date FinancialYear"
    " FinancialPeriod GLAccount GLAccountCode GLAccountDescription AmountDC AmountFC Currency ExchangeRate"
    " AmountVATFC AmountVATBaseFC Quantity VATCode VATCodeDescription VATPercentage VATType Account AccountCode"
    " AccountName DueDate Document DocumentNumber DocumentSubject InvoiceNumber YourRef PaymentReference OrderNumber"
    " Description Notes CostCenter CostCenterDescription CostUnit CostUnitDescription Project ProjectCode"
    " ProjectDescription Item Asset Status Type OffsetID Created Modified"
)
ACCOUNTS = _names(
    "ID Code Description BalanceSide BalanceType Type TypeDescription IsBlocked VATCode SearchCode Matching Compress"
    " ReportingCode Created Modified Division"
)
RELATIONS = _names(
    "ID Code Name Status IsSales IsSupplier IsPurchase VATNumber ChamberOfCommerce Country Email Phone AddressLine1"
    " Postcode City Modified"
)
DIVISIONS = _names(
    "Code Hid Description CustomerCode CustomerName VATNumber OBNumber ChamberOfCommerceNumber SiretNumber Currency"
    " Country Legislation Status BlockingStatus StartDate ArchiveDate Created Modified Current IsMainDivision"
    " IsDossierDivision IsPracticeDivision DivisionMoveDate DivisionHRLinkUnlinkDate"
)
_STAMP = frozenset({"Timestamp"})


@dataclass(frozen=True)
class Endpoint:
    """``filtering``: free, required (fair use), or timestamp (nothing but ``Timestamp gt nL``).

    Rows come ordered by ``key``, which is what ``$skiptoken`` points into.
    """

    table: str
    fields: frozenset[str]
    key: str = "ID"
    bulk: bool = False
    filtering: Literal["free", "required", "timestamp"] = "free"
    counts: bool = False
    """Whether ``/$count`` may be asked."""


ENDPOINTS: dict[str, Endpoint] = {
    "system/AllDivisions": Endpoint("divisions", DIVISIONS, key="Code"),
    "system/Divisions": Endpoint("divisions", DIVISIONS, key="Code"),
    "financial/FinancialPeriods": Endpoint("periods", _names("ID FinYear FinPeriod StartDate EndDate")),
    "read/financial/JournalStatusByFinancialPeriod": Endpoint(
        "journal_statuses", _names("Journal JournalDescription JournalType Period Year Status"), key="#"
    ),
    "financial/GLAccounts": Endpoint("accounts", ACCOUNTS, filtering="required", counts=True),
    "bulk/Financial/GLAccounts": Endpoint("accounts", ACCOUNTS, bulk=True, filtering="required", counts=True),
    "sync/Financial/GLAccounts": Endpoint(
        "accounts", ACCOUNTS | _STAMP, key="Timestamp", bulk=True, filtering="timestamp"
    ),
    "financial/GLAccountClassificationMappings": Endpoint(
        "classification_mappings",
        _names(
            "ID Classification ClassificationCode ClassificationDescription Division GLAccount GLAccountCode"
            " GLAccountDescription GLSchemeCode GLSchemeDescription GLSchemeID"
        ),
    ),
    "financialtransaction/TransactionLines": Endpoint("lines", LINES, filtering="required", counts=True),
    "bulk/Financial/TransactionLines": Endpoint("lines", LINES, bulk=True, filtering="required", counts=True),
    "sync/Financial/TransactionLines": Endpoint(
        "lines", LINES | _STAMP, key="Timestamp", bulk=True, filtering="timestamp"
    ),
    "sync/Deleted": Endpoint(
        "deleted",
        _names("ID EntityKey EntityType DeletedDate DeletedBy Division Timestamp"),
        key="Timestamp",
        bulk=True,
        filtering="timestamp",
    ),
    "financial/ReportingBalance": Endpoint(
        "reporting_balance",
        _names(
            "ID GLAccount GLAccountCode GLAccountDescription BalanceType ReportingYear ReportingPeriod Amount"
            " AmountDebit AmountCredit Count Status Type CostCenterCode CostUnitCode Division"
        ),
        filtering="required",  # heavy: the vendor's users are told never to ask for all of it
    ),
    "financial/Journals": Endpoint(
        "journals",
        _names("ID Code Description Type Currency GLAccount GLAccountCode IsBlocked BankAccountIBAN"),
        key="Code",
    ),
    "crm/Accounts": Endpoint("relations", RELATIONS, filtering="required", counts=True),
    "bulk/CRM/Accounts": Endpoint("relations", RELATIONS, bulk=True, filtering="required", counts=True),
    "sync/CRM/Accounts": Endpoint("relations", RELATIONS | _STAMP, key="Timestamp", bulk=True, filtering="timestamp"),
}
