"""The vendor's answers, without the socket: sign-in, relations in pages, the office's own entities, limits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox import vendor
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.office import OFFICE, Client, Office
from connectors.sandbox.vendor import Allowances, Answer, Request, json_answer

KEY = "stampKEY.adminpulse"
LARGEST_PAGE, USUAL_PAGE = 400, 25
_PARAMETERS = {"relations": {"page", "pageSize", "vatNumber"}, "companies": set[str](), "users": set[str]()}
Row = dict[str, Any]


@dataclass
class Knobs(vendor.Knobs):
    """Limits and deviations. The defaults are a healthy vendor with the documented limits."""

    calls_per_minute: int = 480
    largest_page: int = LARGEST_PAGE
    """Fewer rows than are asked for come where this is smaller."""
    scopes: frozenset[str] = frozenset({"relations.read", "companies.read"})
    """What the key may do; a call without its scope is answered like one with a wrong key."""
    sister_fields: bool = True
    """Whether relations carry the fields that only the sister product's are known of."""
    while_paging: Callable[[int], None] | None = None
    """Called with the number of each page before it is told."""
    more_fields: Mapping[str, Any] = field(default_factory=dict)


class Vendor(vendor.Vendor):
    """One office. ``requests`` lists what was asked; ``withdrawn`` makes the key void."""

    def __init__(self, office: Office, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.office = office
        self.withdrawn = False
        self.desk = TokenDesk("grandlivre-app", "sandbox-app-secret", now, DeskRules())
        self.requests: list[str] = []
        self._allowances = Allowances({"minute": (knobs.calls_per_minute, timedelta(minutes=1))}, now)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            if request.path == "/oauth/authorize":
                status, told, page = self.desk.authorize(request.target.partition("?")[2])
                return Answer(status, page, "text/html", told)
            if request.path == "/oauth/token" and request.method == "POST":
                return Answer(*self.desk.token(request.headers.get("content-type", ""), request.headers, request.body))
            name = request.path.strip("/").partition("/")[0]
            if not self._may(request.headers, name):
                return Answer(401, b"Unauthorized")
            if not self._allowances.count()[0]:
                return self.refuse("429_bare")
            if request.method != "GET" or name not in _PARAMETERS:
                return Answer(404, b"Not found")
            if not {"accept", "content-type"} <= set(request.headers):
                return Answer(400, b"Accept and Content-Type must be application/json")
            if set(request.query) - _PARAMETERS[name]:
                return Answer(400, b"Unknown parameter")
            return self._routed(request, name)

    def forget_sign_in(self) -> None:
        self.withdrawn = True
        self.desk.void_access_token()

    def emptied(self, answer: Answer) -> Answer:
        return json_answer(200, {"results": [], "pageCount": 0})

    def _may(self, headers: Mapping[str, str], name: str) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return False
        if token == KEY:
            return not self.withdrawn and f"{name}.read" in self.knobs.scopes
        return self.desk.accepts(token)

    def _routed(self, request: Request, name: str) -> Answer:
        if name == "companies":
            return json_answer(200, [{"id": "c1", "name": OFFICE}])
        if name == "users":
            return json_answer(200, [{"id": "u1", "name": "An Peeters", "email": "an@kantoor.example"}])
        identifier = request.path.strip("/").partition("/")[2]
        rows = [self.relation(client) for client in self.office.clients]
        if identifier:
            found = [row for row in rows if identifier in (row["id"], row["uniqueIdentifier"])]
            return json_answer(200, found[0]) if found else Answer(404, b"Not found")
        return self._page(request.query, rows)

    def _page(self, asked: Mapping[str, str], rows: list[Row]) -> Answer:
        number, size = asked.get("page", "0"), asked.get("pageSize", str(USUAL_PAGE))
        if not (number.isdecimal() and size.isdecimal() and 1 <= int(size) <= LARGEST_PAGE):
            return Answer(400, b"page counts from 0, pageSize is 1 to 400")
        if self.knobs.while_paging:
            self.knobs.while_paging(int(number))
            rows = [self.relation(client) for client in self.office.clients]
        wanted = asked.get("vatNumber")
        if wanted is not None:
            if not wanted.isdecimal():
                return Answer(400, b"vatNumber is digits only")
            rows = [row for row in rows if "".join(filter(str.isdecimal, row["vatNumber"] or "")) == wanted]
        each = min(int(size), self.knobs.largest_page)
        page = rows[int(number) * each : (int(number) + 1) * each]
        return json_answer(200, {"results": page, "pageCount": -(-len(rows) // each)})

    def relation(self, client: Client) -> Row:
        """A relation as the vendor writes it."""
        row: Row = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, client.code)),
            "uniqueIdentifier": f"APR{int(client.code):05d}",
            "code": client.code,
            "name": client.name,
            "commercialName": client.commercial_name or None,
            "vatNumber": client.number or None,
            "companyId": "c1",
            "company": {"name": OFFICE},
            "relationGroupName": client.group or None,
        }
        if self.knobs.sister_fields:
            row |= {
                "isCompany": client.kind == "legal_person",
                "legalForm": client.legal_form or None,
                "address": {
                    "street": client.street,
                    "number": client.house_number,
                    "box": client.box or None,
                    "postalCode": client.postcode,
                    "city": client.city,
                    "country": client.country or None,
                },
                "email": client.email or None,
                "phone": client.phone or None,
                "language": client.language[:1].upper(),
                "closingDate": f"2024-{client.year_end}T00:00:00" if client.year_end else None,
                "isActive": client.active,
                "responsible": client.responsible or None,
            }
        return row | json.loads(json.dumps(dict(self.knobs.more_fields)))
