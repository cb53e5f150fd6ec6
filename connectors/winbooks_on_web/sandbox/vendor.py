"""The vendor's answers, without the socket: the exchange of tokens, folders, lists of objects, criteria."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Answer, Request

from .books import Books, Row
from .criteria import Unusable, execute
from .knobs import Knobs
from .parts import part_of

EMAIL, EXCHANGE_TOKEN = "sync@kantoor.example", "7D1C-EXCH-SANDBOX"
FOLDER, EMPTY, FORBIDDEN = "ATELIER É/1", "LEEG", "GESLOTEN"
_NESTED = {"Customer": ("Third",), "Supplier": ("Third",)}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Refused(Exception):
    """An answer that is no data; what its body says is not public."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.answer = Answer(status, b"", "text/plain")


class Vendor(vendor.Vendor):
    """WinBooks on Web with one licence. ``requests`` lists what was asked, ``given`` the grants of tokens."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, knobs)
        self.requests: list[str] = []
        self.given: list[str] = []
        self.exchange_tokens = {EXCHANGE_TOKEN}
        self.refresh_tokens: set[str] = set()
        self._access: dict[str, datetime] = {}
        self._numbers = count(1)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(f"{request.method} {request.target} {request.body.decode(errors='replace')}")
            try:
                return self._route(request)
            except Refused as refusal:
                return refusal.answer

    def forget_sign_in(self) -> None:
        with self.lock:
            self._access.clear()

    def emptied(self, answer: Answer) -> Answer:
        return Answer(200, b"[]")

    def show(self, company: Company) -> None:
        with self.lock:
            self.books = Books(company, self.knobs)

    def _route(self, request: Request) -> Answer:
        match request.method, request.path.split("/"):
            case "POST", ["", "OAuth20", "Token"]:
                return self._token(request)
            case "GET", ["", "app", objects, "Folder", folder]:
                rows = self._rows(request, objects, folder)
                return self._parts(request, [self._shown(row, request) for row in rows])
            case "POST", ["", "app", objects, "Folder", folder, "ExecuteCriteria"]:
                rows = self._rows(request, objects, folder)
                if "json" not in request.headers.get("content-type", ""):
                    raise Refused(415)
                try:
                    found = execute(objects[:-1], rows, request.body, self.knobs)
                except (Unusable, KeyError):
                    raise Refused(400) from None
                if self.knobs.missing_lines and objects == "GLTranss" and found and isinstance(found[0], dict):
                    found = found[: -self.knobs.missing_lines]
                return self._parts(request, found)
            case _:
                raise Refused(404)

    def _token(self, request: Request) -> Answer:
        expected = base64.b64encode(EMAIL.encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            raise Refused(401)
        if request.headers.get("accept") != "application/json":
            raise Refused(406)
        form = dict(parse_qsl(request.body.decode()))
        known = {"exchange_token": self.exchange_tokens, "refresh_token": self.refresh_tokens}
        if set(form) != {"grant_type", "code"} or form["code"] not in known.get(form["grant_type"], set()):
            raise Refused(400)
        if form["grant_type"] == "refresh_token":
            self.refresh_tokens.discard(form["code"])
        self.given.append(form["grant_type"])
        number = next(self._numbers)
        access, refresh = f"access-{number}-sandbox", f"refresh-{number}-sandbox"
        self._access[access] = self.now() + self.knobs.access_life
        self.refresh_tokens.add(refresh)
        told = {"access_token": access, "scope": None, "token_type": "bearer", "refresh_token": refresh}
        expires = self.knobs.expires_in
        if expires is not None:
            told["expires_in"] = expires if expires != "" else str(round(self.knobs.access_life.total_seconds()))
        return vendor.json_answer(200, told)

    def _rows(self, request: Request, objects: str, folder: str) -> list[Row]:
        """The objects of a folder, once it is sure that they may be seen."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self._access.get(token, datetime.min.replace(tzinfo=UTC)) <= self.now():
            raise Refused(401)
        if request.headers.get("accept") != "application/json":
            raise Refused(406)
        if set(request.query) - {"maxLevel", "isShowId"} or not request.query.get("maxLevel", "1").isdigit():
            raise Refused(400)
        if objects[:-1] not in self.books.rows or not objects.endswith("s"):
            raise Refused(404)
        match unquote(folder):
            case name if name == FOLDER:
                return self.books.rows[objects[:-1]]
            case name if name == EMPTY:
                return []
            case name if name == FORBIDDEN:
                raise Refused(403)
            case _:
                raise Refused(self.knobs.refusal_of_folder)

    def _shown(self, row: Row, request: Request) -> Row:
        """An object of a list without what lies deeper than the level asked for."""
        if int(request.query.get("maxLevel", "1")) > 1:
            return row
        return {name: value for name, value in row.items() if not isinstance(value, dict)}

    def _parts(self, request: Request, found: list[Any]) -> Answer:
        try:
            told, following = part_of(found, request.headers.get("continuepath", ""), self.knobs.part_size)
        except ValueError:
            raise Refused(400) from None
        return Answer(200, _ENCODER.encode(told), headers={"ContinuePath": following} if following else None)
