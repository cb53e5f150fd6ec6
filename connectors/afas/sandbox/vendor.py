"""The environment's answers, without the socket: token, App Connector, meta-information, rows, refusals."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Answer, Request, json_answer

from .books import CONNECTORS, Books
from .knobs import Knobs
from .queries import Malformed, Refused, selected
from .tables import Row

TOKEN = f"<token><version>1</version><data>{'0123456789ABCDEF' * 4}</data></token>"
_LONGEST_QUERY = 2049
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_ROOT = "/profitrestservices/"
_NOT_OURS = "GetConnector not supported for this app or the user is not authorized"


class Vendor(vendor.Vendor):
    """One environment at AFAS Online. All state behind one lock; ``requests`` lists what was asked."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, now)
        self.token = TOKEN
        self.requests: list[str] = []

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            path, _, query = request.target.partition("?")
            if request.method != "GET":
                return Answer(405)
            if self.knobs.strange_place:
                return Answer(403)
            if not self._admits(request.headers.get("authorization", "")):
                return Answer(401)
            if self.knobs.maintenance:
                return self._maintenance(self.knobs.maintenance)
            if len(query) > _LONGEST_QUERY or not path.lower().startswith(_ROOT):
                return Answer(404)
            kind, _, name = path[len(_ROOT) :].partition("/")
            if kind.lower() == "metainfo":
                return self._meta(name)
            if kind.lower() != "connectors":
                return Answer(404)
            try:
                return self._rows(name, request)
            except Malformed as refusal:
                return _error(400, str(refusal))
            except Refused as refusal:
                return _error(500, str(refusal), -2147220500)

    def forget_sign_in(self) -> None:
        self.token = TOKEN.replace("0", "F")

    def refuse(self, kind: str) -> Answer:
        match kind:
            case "500":
                return _error(500, "An unexpected error has occurred.")
            case "503":
                return self._maintenance(2)
            case _:
                return super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        return Answer(200, b'{"skip":0,"take":100,"rows":[]}')

    def _admits(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        return scheme == "AfasToken" and given == base64.b64encode(self.token.encode()).decode()

    def _maintenance(self, seconds: int) -> Answer:
        error = {"code": {"example": "503"}, "message": {"example": "Maintenance"}}
        return json_answer(503, {"error": error, "retry_after": seconds})

    def _meta(self, name: str) -> Answer:
        if not name:
            listed = [*(set(CONNECTORS) - self.knobs.absent), *self.knobs.own_connectors]
            connectors = [{"id": each, "description": each.replace("_", " ")} for each in sorted(listed)]
            info = {"envid": "A123456AC", "appName": "Grandlivre", "group": "Grandlivre", "tokenExpiry": "0"}
            return json_answer(200, {"updateConnectors": [], "getConnectors": connectors, "info": info})
        connector = name.removeprefix("get/")
        if connector == name or not self._holds(connector):
            return _error(401, _NOT_OURS)
        fields = [{"id": field, "dataType": "string", "label": field, "length": 0} for field in self._fields(connector)]
        return json_answer(200, {"name": connector, "description": connector, "fields": fields})

    def _holds(self, connector: str) -> bool:
        if connector in self.knobs.own_connectors:
            return True
        return connector in CONNECTORS and connector not in self.knobs.absent

    def _table(self, connector: str) -> list[Row]:
        standard, names = self.knobs.own_connectors.get(connector, (connector, {}))
        rows = self.books.rows(standard)
        if names:
            rows = [{names.get(field, field): value for field, value in row.items()} for row in rows]
        if self.knobs.more_columns:
            more = {f"Extra{number}": None for number in range(self.knobs.more_columns)}
            rows = [row | more for row in rows]
        return rows

    def _fields(self, connector: str) -> list[str]:
        rows = self._table(connector)
        return list(rows[0]) if rows else ["EntryDate", "Modified"]

    def _rows(self, connector: str, request: Request) -> Answer:
        if not self._holds(connector):
            return _error(401, _NOT_OURS)
        if connector in self.knobs.blocked:
            raise Refused("This GetConnector (definition) is blocked")
        table = self._table(connector)
        turn = len(self.requests) * 7919 % max(len(table), 1)  # without an order, rows come as they please
        rows = table[turn:] + table[:turn]
        skip, take, page = selected(rows, self._fields(connector), request.query, self.knobs.cells)
        body = _ENCODER.encode({"skip": skip, "take": take, "rows": page})
        if len(page) == take and self.knobs.while_paging:
            self.knobs.while_paging(connector, skip)
        return Answer(200, _as_before(body) if self.knobs.old_numbers else body)


def _error(status: int, message: str, number: int = -2147180999) -> Answer:
    document: dict[str, Any] = {"externalMessage": message, "errorNumber": number}
    return json_answer(status, document | {"profitLogReference": "0F1E2D3C4B5A69788796A5B4C3D2E1F0"})


def _as_before(body: bytes) -> bytes:
    """The document as older versions wrote it: indented, and amounts below one without their zero."""
    body = msgspec.json.format(body, indent=2)
    return re.sub(rb'("\w+": -?)0\.', rb"\1.", body)
