"""ProcessXml without the frame: lists, reads and browses as documents, refusals included."""

from __future__ import annotations

from xml.sax.saxutils import escape

from lxml import etree

from connectors.sandbox.chart import Account
from connectors.sandbox.company import Party

from . import browse
from .books import FIRM, FOREIGN, OFFICE, OLD, Books
from .browse import Refused
from .frames import Fault, tag
from .knobs import Knobs

OFFICES = {
    FIRM: "Administratiekantoor Parkzicht BV",
    OFFICE: "",  # the company's own name
    OLD: "Oude Bakkerij BV",
    FOREIGN: "Holding Zonder Rechten BV",
}
_CONTROLS = {"customers": "customersupplier", "suppliers": "customersupplier"}


class Documents:
    """Answers the XML that ProcessXmlString carries, for the office named in the frame's header."""

    def __init__(self, books: Books, knobs: Knobs) -> None:
        self.books = books
        self.knobs = knobs

    def answer(self, text: str, company: str) -> str:
        """Raises Fault 187 for what is no clean XML, and 102 where the header names another office."""
        if not text.startswith("<") or not text.endswith(">"):
            raise Fault(187, "Invalid XML")
        try:
            root = etree.fromstring(text)
        except etree.XMLSyntaxError as error:
            raise Fault(187, f"Invalid XML: {error}") from None
        for element in root.iter():
            if not isinstance(element.tag, str) or (len(element) and (element.text or "").strip(" ")):
                raise Fault(187, "No comments or stray text, please")
        kinds = {child.tag: child.text or "" for child in root}
        try:
            match root.tag, kinds.get("type"):
                case "list", "offices":
                    return self._list_offices(company)
                case "read", "office":
                    return self._read_office(kinds, company)
                case "list", "dimensions":
                    return self._dimensions(kinds, company, whole=False)
                case "read", "dimensions":
                    return self._dimensions(kinds, company, whole=True)
                case "columns", _:
                    question = browse.asked(root)
                    if self.require_office(company) != OFFICE:
                        return '<browse result="1" first="0" last="0" total="0"><th></th></browse>'
                    return browse.answer(self.books, question, self.knobs)
                case _:
                    raise Fault(187, f"Unknown request {root.tag}")
        except Refused as refusal:
            return f'<{root.tag} result="0" msgtype="error" msg="{escape(str(refusal))}"></{root.tag}>'

    def journals(self) -> list[tuple[str, str]]:
        return [(journal.code, journal.name) for journal in self.books.company.journals]

    def require_office(self, company: str) -> str:
        if not company:
            raise Fault(102, "Toegang geweigerd. De administratie ontbreekt.")
        if company not in OFFICES or company == FOREIGN:
            raise Fault(102, f"Toegang geweigerd. Geen toegang tot administratie {company}.")
        return company

    def _name(self, office: str) -> str:
        return OFFICES[office] or self.books.company.name

    def _list_offices(self, company: str) -> str:
        if company:
            self.require_office(company)
        rows = (tag("office", code, {"name": self._name(code), "shortname": code.title()}) for code in OFFICES)
        return f'<offices result="1">{"".join(rows)}</offices>'

    def _read_office(self, asked: dict[str, str], company: str) -> str:
        if set(asked) != {"type", "office", "code"} or asked["office"] != asked["code"]:
            raise Refused("Toegang geweigerd")  # misleading, as the vendor's own message is
        office = self.require_office(company)
        if asked["code"] != office:
            raise Refused(f"Administratie {asked['code']} bestaat niet")
        told = self.books.company
        general = {
            "basecurrency": told.currency,
            "reportingcurrency": told.currency,
            "type": "normal",
            "demo": "false",
            "vatnumber": told.vat_number if office == OFFICE else "",
            "cocnumber": "12345678",
            "hierarchy": "RGS" if self.knobs.hierarchy else "",
        }
        address = f"<address>{tag('city', 'Utrecht')}{tag('country', told.country)}</address>"
        inside = "".join(tag(name, value) for name, value in general.items())
        head = {"code": office, "name": self._name(office), "shortname": office.title(), "user": "BOEKER"}
        moments = {"created": "20230601120000", "modified": "20230601120000", "touched": "3"}
        told_head = "".join(tag(name, value) for name, value in (head | moments).items())
        return f'<office result="1" status="active">{told_head}<general>{inside}{address}</general></office>'

    def _dimensions(self, asked: dict[str, str], company: str, *, whole: bool) -> str:
        office = self.require_office(company)
        kind = asked.get("dimtype", "")
        if set(asked) != {"type", "office", "dimtype"} or asked["office"] != office:
            raise Refused("Office and dimension type are needed")
        if kind not in ("BAS", "PNL", "DEB", "CRD", "KPL", "AST", "PRJ", "ACT"):
            raise Refused(f"Dimension type {kind} does not exist")
        rows: list[tuple[str, str, str]] = []
        if office == OFFICE and kind in ("BAS", "PNL"):
            rows = [
                self._account(kind, a) for a in self.books.accounts.values() if a.on_balance_sheet == (kind == "BAS")
            ]
        elif office == OFFICE and kind in ("DEB", "CRD"):
            wanted = ("customer", "both") if kind == "DEB" else ("supplier", "both")
            rows = [self._card(kind, party) for party in self.books.company.parties if party.kind in wanted]
        rows.append((kind, "", _dimension(kind, kind, "", "active", "template", "")))
        if whole:
            return f'<dimensions result="1">{"".join(document for _, _, document in rows)}</dimensions>'
        listed = "".join(tag("dimension", code, {"name": name, "shortname": ""}) for code, name, _ in rows)
        return f'<dimensions office="{office}" type="{kind}" result="1">{listed}</dimensions>'

    def _account(self, kind: str, account: Account) -> tuple[str, str, str]:
        name = self.books.renamed.get(account.number, account.name)
        financials = (
            tag("matchtype", _CONTROLS.get(account.role, "notmatchable"))
            + tag("accounttype", "balance" if kind == "BAS" else "profitandloss")
            + tag("subanalyse", "true" if account.role in _CONTROLS else "false")
            + tag("level", "1")
        )
        status = "active" if account.active else "deleted"
        document = _dimension(kind, account.number, name, status, "normal", f"<financials>{financials}</financials>")
        return account.number, name, document

    def _card(self, kind: str, party: Party) -> tuple[str, str, str]:
        control = self.books.company.numbers["customers" if kind == "DEB" else "suppliers"]
        financials = f"<financials>{tag('duedays', '30')}{tag('substitutewith', control)}</financials>"
        place = f"{tag('name', party.name)}{tag('country', party.country)}"
        more = f"{tag('vatnumber', party.vat_number)}{financials}"
        more += f'<addresses><address id="1" type="invoice" default="true">{place}</address></addresses>'
        return party.code, party.name, _dimension(kind, party.code, party.name, "active", "normal", more)


def _dimension(kind: str, code: str, name: str, status: str, behaviour: str, more: str) -> str:
    fields = {
        "office": OFFICE,
        "type": kind,
        "code": code,
        "name": name,
        "shortname": "",
        "inuse": "true",
        "behaviour": behaviour,
        "modified": "20230601120000",
    }
    inside = "".join(tag(field, value) for field, value in fields.items())
    return f'<dimension status="{status}" result="1">{inside}{more}</dimension>'
