"""The vendor's answers, without the socket: three layers of sign-in, strict parameters, calls per day."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Allowances, Answer, Request

from .books import DISABLED, DOSSIER, EMPTY, Books, Row
from .knobs import Knobs

ROOT = "/octopus-rest-api/v1"
SOFTWARE_HOUSE, USER, PASSWORD = "0d6f0c52-1111-4a2b-9f00-7a5d3c2b1e00", "sync.kantoor", "sandbox-pass-w0rd"
TOKEN_LIFE = timedelta(minutes=10)
LOGINS_BEFORE_LOCK = 5
START_OF_TIME = datetime(1980, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")


class Refused(Exception):
    """An answer that is no data: status and ErrorResult, of which every member is optional."""

    def __init__(self, status: int, **result: Any) -> None:
        super().__init__(status)
        self.answer = Answer(status, json.dumps(result).encode())


class Vendor(vendor.Vendor):
    """Octopus with one office's dossiers. ``requests`` lists what was asked, ``logins`` counts those tried."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, knobs, now())
        self.requests: list[str] = []
        self.logins = self.failed_logins = 0
        self._numbers = count(1)
        self._tokens: dict[str, datetime] = {}
        self._dossier_tokens: dict[str, tuple[int, datetime]] = {}
        self._days: dict[str, Allowances] = {}

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(f"{request.method} {request.target}")
            if not request.path.startswith(f"{ROOT}/"):
                return Answer(404, vendor.HTML, "text/html")
            place = request.path.removeprefix(f"{ROOT}/")
            try:
                return Answer(200, _ENCODER.encode(self._route(request, place)))
            except Refused as refusal:
                return refusal.answer

    def forget_sign_in(self) -> None:
        with self.lock:
            self._tokens.clear()
            self._dossier_tokens.clear()

    def refuse(self, kind: str) -> Answer:
        return Answer(500, vendor.HTML, "text/html") if kind == "500" else super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        document = json.loads(answer.body)
        lists = {name: [] for name in document} if isinstance(document, dict) else []
        return Answer(200, json.dumps(lists).encode())

    def _route(self, request: Request, place: str) -> Any:
        match request.method, place.split("/"):
            case "POST", ["authentication"]:
                return self._log_in(request)
            case "GET", ["authentication"]:
                self._require_token(request)
                return {"user": USER}
            case "GET", ["dossiers"]:
                self._require_token(request)
                return self._dossiers(request.query)
            case "POST", ["dossiers"]:
                self._require_token(request)
                return self._open_dossier(request)
            case "GET", ["dossiers", dossier, *rest]:
                return self._data(request, dossier, rest)
            case _:
                raise Refused(404, technicalInfo="No such resource")

    def _log_in(self, request: Request) -> Row:
        if "json" not in request.headers.get("content-type", ""):
            raise Refused(400, technicalInfo="Content-Type must be application/json")
        if request.headers.get("softwarehouseuuid") != SOFTWARE_HOUSE:
            raise Refused(401, errorCode=-80, errorMessage="Unknown software house")
        self.logins += 1
        given = json.loads(request.body)
        if given != {"user": USER, "password": PASSWORD} or self.failed_logins >= LOGINS_BEFORE_LOCK:
            self.failed_logins += 1
            raise Refused(401, technicalInfo=f"Login failed ({self.failed_logins} times)")
        token = f"T{next(self._numbers)}.sandbox"
        self._tokens[token] = self.now() + TOKEN_LIFE
        return {"token": token}

    def _require_token(self, request: Request) -> None:
        if self._tokens.get(request.headers.get("token", ""), START_OF_TIME) <= self.now():
            raise Refused(401, errorCode=-79, errorMessage="Invalid or expired token")

    def _dossiers(self, asked: Mapping[str, str]) -> list[Row]:
        _only(asked)
        company = self.books.company
        vat = company.vat_number
        told: list[Row] = [
            {"dossierKey": {"id": EMPTY}, "dossierDescription": "Nieuwe Zaak BV", "country": "BE"},
            {
                "dossierKey": {"id": DOSSIER},
                "dossierDescription": company.name,
                "vatNr": f"{vat[:6]}.{vat[6:9]}.{vat[9:]}",
                "country": company.country,
                "city": "Aalst",
                "corporationTypeKey": {"id": 9},
                "languageCode": "FR",
            },
            {"dossierKey": {"id": DISABLED}, "dossierDescription": "Oude Bakkerij BV", "vatNr": "", "country": "BE"},
        ]
        return told + ([{"dossierDescription": "Zonder sleutel"}] if self.knobs.keyless_records else [])

    def _open_dossier(self, request: Request) -> Row:
        asked = request.query
        _only(asked, "dossierId", optional=("localeId",))
        if request.body:
            raise Refused(400, technicalInfo="No body expected")
        if asked.get("localeId", "0") not in ("0", "1"):
            raise Refused(400, technicalInfo="localeId")
        dossier = _whole(asked["dossierId"])
        if dossier == DISABLED:
            raise Refused(403, errorCode=-12, errorMessage="Dossier is disabled")
        if dossier not in (DOSSIER, EMPTY):
            raise Refused(404, errorCode=-13, errorMessage="Dossier not found")
        token = f"D{next(self._numbers)}.sandbox"
        self._dossier_tokens[token] = dossier, self.now() + TOKEN_LIFE
        return {"Dossiertoken": token}

    def _data(self, request: Request, dossier: str, rest: list[str]) -> Any:
        opened, until = self._dossier_tokens.get(request.headers.get("dossiertoken", ""), (0, START_OF_TIME))
        if until <= self.now() or str(opened) != dossier:
            raise Refused(401, errorCode=-79, errorMessage="Invalid or expired token")
        asked = request.query
        empty = opened == EMPTY
        match rest:
            case ["bookyears"]:
                _only(asked)
                return [] if empty else self.books.bookyears()
            case ["bookyears", bookyear, "journals"]:
                _only(asked)
                return self.books.journals(self._known_bookyear(bookyear))
            case ["bookyears", bookyear, "bookings", "modified"]:
                self._count(dossier, "bookings/modified")
                return _found(None if empty else self._bookings(bookyear, asked), "bookings")
            case ["accounts"]:
                self._count(dossier, "accounts")
                _only(asked, "bookyearId")
                bookyear = self._known_bookyear(asked["bookyearId"])
                return [row for row in self.books.accounts() if row["accountKey"]["bookyearKey"]["id"] == bookyear]
            case ["accounts", "modified"]:
                return self._changes(dossier, "accounts/modified", asked, self.books.accounts, empty)
            case ["relations", "modified"]:
                return self._changes(dossier, "relations/modified", asked, self.books.relations, empty)
            case ["accounts", "amounts", "modified"]:
                self._count(dossier, "accounts/amounts/modified")
                _only(asked, optional=("modifiedTimeStamp",))
                return _found(None if empty else {"modified": self.books.amounts(), "deleted": []}, "amounts")
            case _:
                raise Refused(404, technicalInfo="No such resource")

    def _changes(
        self, dossier: str, endpoint: str, asked: Mapping[str, str], rows: Callable[[], list[Row]], empty: bool
    ) -> Row:
        """Everything, whatever the stamp: the sandbox's chart and relations are as old as its books."""
        self._count(dossier, endpoint)
        _only(asked, "modifiedTimeStamp")
        _moment(asked["modifiedTimeStamp"])
        extra: list[Row] = [{"name": "Zonder sleutel"}] if self.knobs.keyless_records else []
        return _found(None if empty else {"modified": rows() + extra, "deleted": []}, endpoint)

    def _bookings(self, bookyear: str, asked: Mapping[str, str]) -> Row | None:
        _only(asked, "journalTypeId", "modifiedTimeStamp", optional=("modifiedTimeStampTo",))
        since, to = _moment(asked["modifiedTimeStamp"]), asked.get("modifiedTimeStampTo")
        kind = _whole(asked["journalTypeId"])
        if (bookyear == "-1") != (kind == -1) or (kind == -1 and since == START_OF_TIME):
            raise Refused(400, technicalInfo="First load each bookyear and journal type")
        if kind not in (-1, 1, 2, 3, 4):
            raise Refused(400, technicalInfo="journalTypeId")
        year = -1 if bookyear == "-1" else self._known_bookyear(bookyear)
        return self.books.bookings(year, kind, since, _moment(to) if to else None)

    def _known_bookyear(self, text: str) -> int:
        known = {row["bookyearKey"]["id"] for row in self.books.bookyears()}
        if _whole(text) not in known:
            raise Refused(404, errorCode=-20, errorMessage="Bookyear not found")
        return int(text)

    def _count(self, dossier: str, endpoint: str) -> None:
        """Counts a call. How the vendor refuses one too many is not public: the sandbox forbids it, with a reason."""
        limit = self.knobs.calls_a_day.get(endpoint)
        if limit is None:
            return
        clock = lambda: self.now()  # noqa: E731 - tests may replace it
        day = self._days.setdefault(endpoint, Allowances({"day": (limit, timedelta(days=1))}, clock))
        allowed, _ = day.count(dossier)
        if not allowed:
            raise Refused(403, errorCode=-99, errorMessage="Daily limit of calls exceeded")


def _only(asked: Mapping[str, str], *needed: str, optional: tuple[str, ...] = ()) -> None:
    if missing := set(needed) - set(asked):
        raise Refused(400, technicalInfo=f"Missing parameter {', '.join(sorted(missing))}")
    if unknown := set(asked) - set(needed) - set(optional):
        raise Refused(400, technicalInfo=f"Unknown parameter {', '.join(sorted(unknown))}")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused(400, technicalInfo=f"{text} is no number") from None


def _moment(text: str) -> datetime:
    if not _STAMP.fullmatch(text):
        raise Refused(400, technicalInfo="modifiedTimeStamp must be yyyy-MM-dd HH:mm:ss.fff")
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _found(document: Row | None, what: str) -> Row:
    if document is None:
        raise Refused(404, errorCode=-1, errorMessage=f"No modified {what} found", technicalInfo="")
    return document
