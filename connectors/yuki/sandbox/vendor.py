"""The vendor's answers, without the socket: keys, sessions and their domain, rights, the day's calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from lxml import etree

from connectors import soap
from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Allowances, Answer, Request

from . import xml
from .books import Books, guid
from .knobs import Knobs
from .operations import ADMINISTRATION, ARCHIVED, DOMAIN, DOMAINS, EVERYWHERE, OPERATIONS, OWN, PORTAL
from .services import Services
from .xml import NAMESPACE, Fault

ACCESS_KEY = "5ec7e700-1111-2222-3333-stampACCESSKEY"
_SESSION_LIFE = timedelta(hours=24)
_HOMES = {OWN: PORTAL, ADMINISTRATION: DOMAIN, ARCHIVED: DOMAIN}


class _Session:
    def __init__(self, domain: str, until: datetime) -> None:
        self.domain = domain
        self.until = until


class Vendor(vendor.Vendor):
    """One portal with three domains. ``asked`` lists operations and parameters, in order."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, knobs, now)
        self.services = Services(self.books, knobs)
        self.domains = dict(DOMAINS)
        """The domains that the key opens; the first is where a session begins."""
        self.sessions: dict[str, _Session] = {}
        self.given = 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.allow(knobs.day_limit)

    def allow(self, calls: int) -> None:
        """From now on counts anew, up to so many calls a day."""
        self._allowances = Allowances({"day": (calls, timedelta(days=1))}, self.now)

    @property
    def over_limit(self) -> int:
        return self._allowances.refused

    def answer(self, request: Request) -> Answer:
        with self.lock:
            try:
                operation, asked = self._read(request)
                self.asked.append((operation, asked))
                return xml.result(operation, self._perform(operation, asked), escaped=self.knobs.escaped)
            except Fault as refusal:
                return xml.fault(refusal)

    def forget_sign_in(self) -> None:
        self.sessions.clear()

    def refuse(self, kind: str) -> Answer:
        match kind:
            case "500":
                return xml.fault(Fault("Server was unable to process request. ---> Timeout expired.", "Server"))
            case "429_day":
                return xml.fault(Fault("Daily limit exceeded"))
            case _:
                return super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        return xml.emptied(answer)

    def _read(self, request: Request) -> tuple[str, dict[str, str]]:
        """The operation and its parameters; Fault for what is no call of this vendor."""
        service = request.target.removeprefix("/ws/").removesuffix(".asmx")
        if request.method != "POST" or service not in OPERATIONS or request.target != f"/ws/{service}.asmx":
            raise Fault("The request is not known here", "Server")
        if request.headers.get("content-type") != "text/xml; charset=utf-8":
            raise Fault("The content type must be text/xml; charset=utf-8")
        try:
            call = soap.parse(request.body)[-1][0]
        except (ValueError, IndexError):
            raise Fault("The request is not a SOAP call") from None
        operation = etree.QName(call).localname
        if request.headers.get("soapaction") != f'"{NAMESPACE}{operation}"' or etree.QName(call).namespace != NAMESPACE:
            raise Fault("Server did not recognize the value of HTTP Header SOAPAction")
        expected = (OPERATIONS[service] | EVERYWHERE).get(operation)
        if expected is None:
            raise Fault(f"{service} has no operation {operation}")
        asked = {etree.QName(child).localname: child.text or "" for child in call}
        if tuple(asked) != expected or any(etree.QName(child).namespace != NAMESPACE for child in call):
            raise Fault(f"{operation} takes {', '.join(expected)}")
        return operation, asked

    def _perform(self, operation: str, asked: Mapping[str, str]) -> str:
        if operation == "Authenticate":
            return self._authenticate(asked["accessKey"])
        session = self.sessions.get(asked["sessionID"])
        if session is None or session.until < self.now():
            raise Fault("Invalid session, please authenticate first")
        allowed, _ = self._allowances.count(session.domain)
        if not allowed:
            raise Fault("Daily limit exceeded")
        if operation in self.knobs.forbidden:
            raise Fault("The role of this access key has no right to this web service")
        match operation:
            case "Domains":
                found = [
                    xml.node("Domain", {"ID": key}, xml.element("Name", name)) for key, name in self.domains.items()
                ]
                return xml.node("Domains", {"xmlns": ""}, "".join(found))
            case "GetCurrentDomain":
                return session.domain
            case "SetCurrentDomain":
                return self._move(session, asked["domainID"])
            case "Administrations" | "AdministrationsWithInternalCustomerCode":
                return self.services.administrations(session.domain, with_code=operation != "Administrations")
            case "GetSuppliersAndCustomers":
                if asked["domainID"] != session.domain:
                    raise Fault("The domain is not the current domain of the session")
                return self.services.contacts(asked)
            case _:
                if _HOMES.get(asked["administrationID"]) != session.domain:
                    raise Fault("The administration is not known in the current domain")
                return self.services.scoped(operation, asked)

    def _authenticate(self, key: str) -> str:
        if key != ACCESS_KEY:
            raise Fault("Invalid access key")
        self.given += 1
        session = guid(self.given, 9)
        self.sessions[session] = _Session(next(iter(self.domains)), self.now() + _SESSION_LIFE)
        return session

    def _move(self, session: _Session, domain: str) -> str:
        if domain not in self.domains:
            raise Fault("The domain is not known")
        session.domain = domain
        return ""
