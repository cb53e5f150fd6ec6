"""Operations by service with their parameters, in order; and the domains and administrations of the sandbox's firm."""

from __future__ import annotations

PORTAL, DOMAIN, DORMANT = (f"d0000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))
OWN, ADMINISTRATION, ARCHIVED = (f"ad000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))
DOMAINS = {PORTAL: "Fiduciaire du Parc", DOMAIN: "Atelier", DORMANT: "Slapende Holding"}
_SESSION = ("sessionID",)
_ADMINISTRATION = ("sessionID", "administrationID")
_ITEMS = (*_ADMINISTRATION, "includeBankTransactions", "sortOrder")
EVERYWHERE = {
    "Authenticate": ("accessKey",),
    "Domains": _SESSION,
    "GetCurrentDomain": _SESSION,
    "SetCurrentDomain": ("sessionID", "domainID"),
    "Administrations": _SESSION,
}
OPERATIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "Accounting": {
        "AdministrationsWithInternalCustomerCode": _SESSION,
        "GLAccountBalance": (*_ADMINISTRATION, "transactionDate"),
        "OutstandingDebtorItems": _ITEMS,
        "OutstandingCreditorItems": _ITEMS,
    },
    "AccountingInfo": {
        "GetPeriodDateTable": (*_ADMINISTRATION, "yearID"),
        "GetGLAccountScheme": _ADMINISTRATION,
        "GetRGSScheme": (*_ADMINISTRATION, "rgsVersion"),
        "GetTransactionDetails": (*_ADMINISTRATION, "GLAccountCode", "StartDate", "EndDate", "financialMode"),
        "GetStartBalanceByGlAccount": (*_ADMINISTRATION, "bookyear", "financialMode"),
    },
    "Contact": {
        "GetSuppliersAndCustomers": (
            *("sessionID", "domainID", "searchOption", "searchValue", "sortOrder", "modifiedAfter"),
            *("active", "pageNumber", "contactType"),
        ),
    },
    "ChangeDigest": {
        "GetUpdatedAndDeletedTransactions": (
            *(*_ADMINISTRATION, "startDate", "endDate", "numberOfRecords", "startRecord"),
        ),
    },
}
