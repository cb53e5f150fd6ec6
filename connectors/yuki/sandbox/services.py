"""What each operation answers for the sandbox's firm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from connectors.sandbox.chart import Account

from .books import LONG_AGO, Books, Change, contact_id, document_id, line_id, whole_period
from .knobs import Knobs
from .operations import ADMINISTRATION, ARCHIVED, DOMAIN, DORMANT, OWN, PORTAL
from .xml import Fault, element, elements, node

_TYPES = {"asset": 1, "liability": 2, "equity": 2, "expense": 4}
_LARGEST_PAGE = 100


class Services:
    """Answers operations as the inside of their results; raises Fault where the vendor would."""

    def __init__(self, books: Books, knobs: Knobs) -> None:
        self.books = books
        self.knobs = knobs
        self.renamed: dict[str, tuple[str, datetime]] = {}
        """Contact code to another name, and when it was given."""

    def administrations(self, domain: str, *, with_code: bool) -> str:
        if domain == DORMANT:
            raise Fault("The domain is not active")
        company = self.books.company
        facts = {
            OWN: ("Fiduciaire du Parc", "1", PORTAL, "BE0403170701", "true"),
            ADMINISTRATION: (company.name, company.code, DOMAIN, company.vat_number, "true"),
            ARCHIVED: ("Oude Bakkerij BV", "1007", DOMAIN, "", "false"),
        }
        rows = [
            node(
                "Administration",
                {"ID": key},
                elements(
                    {
                        "Name": name,
                        "AddressLine": "Kaai 1",
                        "Country": company.country,
                        "CoCNumber": "",
                        "VATNumber": vat,
                    }
                    | {"StartDate": company.years[0].start, "DomainID": home, "Active": active}
                    | ({"InternalCustomerCode": code} if with_code else {})
                ),
            )
            for key, (name, code, home, vat, active) in facts.items()
            if home == domain
        ]
        return node("Administrations", {"xmlns": ""}, "".join(rows))

    def scoped(self, operation: str, asked: Mapping[str, str]) -> str:
        """An operation of one administration."""
        known = {
            "GLAccountBalance": self._balances,
            "OutstandingDebtorItems": lambda asked: self._items("customers", asked),
            "OutstandingCreditorItems": lambda asked: self._items("suppliers", asked),
            "GetPeriodDateTable": self._period_table,
            "GetGLAccountScheme": self._accounts,
            "GetRGSScheme": self._rgs,
            "GetTransactionDetails": self._transactions,
            "GetStartBalanceByGlAccount": self._start_balances,
            "GetUpdatedAndDeletedTransactions": self._digest,
        }
        if asked["administrationID"] != ADMINISTRATION:  # the firm's own and the archived one hold no books
            return ""
        return known[operation](asked)

    def contacts(self, asked: Mapping[str, str]) -> str:
        choices = {"searchOption": "All", "sortOrder": "CreatedAsc", "active": "Both", "contactType": "Both"}
        for name, value in choices.items():
            if asked[name] != value:
                raise Fault(f"'{asked[name]}' is not known for {name}")
        after = _moment(asked["modifiedAfter"])
        page = _whole(asked["pageNumber"]) - self.knobs.first_contact_page
        if page < 0 and self.knobs.page_zero == "fault":
            raise Fault("The page number is not valid")
        if page < 0 and self.knobs.page_zero == "empty":
            return ""
        rows = []
        for number, party in enumerate(self.books.company.parties, start=1):
            name, modified = self.renamed.get(party.code, (party.name, LONG_AGO))
            if modified < after:
                continue
            kinds = (
                {}
                if self.knobs.bare_contacts
                else {"IsSupplier": str(party.kind == "supplier"), "IsCustomer": str(party.kind == "customer")}
            )
            fields = {"Type": "Company", "HID": number, "Code": party.code, "Name": f" {name}"}
            fields |= {"Country": party.country, "VATNumber": party.vat_number, "CoCNumber": ""}
            fields |= {"Created": f"{LONG_AGO:%m/%d/%Y %I:%M:%S %p}", "Modified": f"{modified:%m/%d/%Y %I:%M:%S %p}"}
            rows.append(node("Contact", {"ID": contact_id(party.code)}, elements(fields | kinds)))
        first, size = max(page, 0) * self.knobs.contact_page, self.knobs.contact_page
        return node("Contacts", {"xmlns": ""}, "".join(rows[first : first + size]))

    def _balances(self, asked: Mapping[str, str]) -> str:
        sheet = {account.number: account for account in self.books.company.accounts}
        rows = [
            node(
                "GLAccount",
                {"Code": account, "BalanceType": "B" if sheet[account].on_balance_sheet else "W"},
                elements({"Description": sheet[account].name, "Amount": f"{amount:.2f}"}),
            )
            for account, amount in sorted(self.books.balances(_day(asked["transactionDate"])).items())
        ]
        return node("GLAccountBalance", {"xmlns": ""}, "".join(rows))

    def _items(self, role: str, asked: Mapping[str, str]) -> str:
        if asked["includeBankTransactions"] not in ("true", "false") or asked["sortOrder"] != "DateAsc":
            raise Fault("Input string was not in a correct format.", "Server")
        rows = []
        for line in self.books.lines:
            if line.role != role or line.due_date is None:
                continue
            amount = line.amount if role == "customers" else -line.amount
            fields: dict[str, object] = {"Date": line.date, "Description": line.description, "Contact": line.party}
            fields |= {"ContactID": contact_id(line.party or ""), "OpenAmount": f"{amount:.2f}"}
            fields |= {"OriginalAmount": f"{amount:.2f}", "Reference": line.document, "DueDate": line.due_date}
            fields |= {"DocumentID": document_id(line, self.knobs), "PaymentMethod": ""}
            kind = node("Type", {"ID": "6" if role == "customers" else "2"}, "Invoice")
            rows.append(node("Item", {"ID": line_id(line)}, elements(fields) + kind))
        return node("OutstandingItems", {"xmlns": ""}, "".join(rows))

    def _period_table(self, asked: Mapping[str, str]) -> str:
        label = str(_whole(asked["yearID"]))
        ending = {str(year.end.year): year for year in self.books.company.years}
        year = ending.get(label)
        if year is None and self.knobs.untold_year == "fault":
            raise Fault("The year is not known")
        if year is None and self.knobs.untold_year == "same":
            year = self.books.year_of(date(int(label), 12, 31))
        if year is None:
            return ""
        told = {"name": self.books.company.name, "period": f"{year.start}T00:00:00"}
        return elements(told | {"wholePeriod": whole_period(year, self.knobs), "ISO8601Period": "false"})

    def _accounts(self, asked: Mapping[str, str]) -> str:
        return "".join(
            node(
                "GlAccount",
                {},
                elements({"code": account.number, "type": _type(account), "subtype": 0})
                + element("isEnabled", str(account.active).lower())
                + elements({"descripton": account.name, "descriptionNL": account.name}),
            )
            for account in self.books.company.accounts
        )

    def _rgs(self, asked: Mapping[str, str]) -> str:
        if self.books.company.country != "NL":
            raise Fault("There is no RGS scheme for this administration")
        return "".join(
            node("RGSEntry", {}, elements({"YukiCode": a.number, "YukiIsEnabled": "True", "RgsReferenceCode": a.rgs}))
            for a in self.books.company.accounts
        )

    def _transactions(self, asked: Mapping[str, str]) -> str:
        if asked["GLAccountCode"]:
            raise Fault("The sandbox tells all accounts at once")
        first, last = _day(asked["StartDate"]), _day(asked["EndDate"])
        rows = "".join(self.books.between(first, last, fiscal=_mode(asked) == 1))
        return f"<TransactionDetails>{rows}</TransactionDetails>" if rows and self.knobs.wrapped else rows

    def _start_balances(self, asked: Mapping[str, str]) -> str:
        _mode(asked)
        rows = self.books.start_balances(str(_whole(asked["bookyear"])))
        return "".join(
            node("AccountStartBalance", {}, elements({"accountID": account, "startBalance": f"{amount:.2f}"}))
            for account, amount in sorted(rows.items())
        )

    def _digest(self, asked: Mapping[str, str]) -> str:
        size, start = _whole(asked["numberOfRecords"]), _whole(asked["startRecord"]) - self.knobs.first_record
        if not 0 < size <= _LARGEST_PAGE:
            raise Fault("numberOfRecords is out of range")
        first, last = _moment(asked["startDate"]), _moment(asked["endDate"])
        told = [
            (change.updated, key, change)
            for key, change in self.books.changes.items()
            if first <= change.updated <= last and key not in self.knobs.forgotten_in_digest
        ]
        told.sort(key=lambda each: each[:2])
        start, size = max(start, 0), min(size, self.knobs.digest_page)
        return "".join(self._updated(change) for _, _, change in told[start : start + size])

    def _updated(self, change: Change) -> str:
        line = change.line
        fields = {
            "id": line_id(line),
            "transactionDate": f"{line.date}T00:00:00",
            "description": line.description,
            "transactionAmount": f"{line.amount:.2f}",
            "currency": line.currency,
            "contactID": contact_id(line.party) if line.party else "",
            "glAccountCode": line.account,
            "documentID": document_id(line, self.knobs),
            "created": f"{LONG_AGO:%Y-%m-%dT%H:%M:%S}",
            "updated": f"{change.updated:%Y-%m-%dT%H:%M:%S.%f}",
            "deleted": str(change.deleted).lower(),
        }
        return node("UpdatedTransaction", {}, elements(fields))


def _type(account: Account) -> int:
    return 5 if account.role in ("interest", "exchange_loss", "exchange_gain") else _TYPES.get(account.kind, 3)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise Fault("Input string was not in a correct format.", "Server")
    return int(text)


def _mode(asked: Mapping[str, str]) -> int:
    return _whole(asked["financialMode"])


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise Fault("String was not recognized as a valid DateTime.", "Server") from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("String was not recognized as a valid DateTime.", "Server") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
