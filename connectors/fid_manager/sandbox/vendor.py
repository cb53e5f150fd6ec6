"""The answers of the proposed interface, without the socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.sandbox import vendor
from connectors.sandbox.office import Client, Office, Person
from connectors.sandbox.vendor import Answer, Request, json_answer

KEY_ID, SECRET = "K-0042", "stampSECRET.fidmanager"
LARGEST_PAGE = 100
Row = dict[str, Any]


@dataclass
class Knobs(vendor.Knobs):
    """Deviations. The defaults are a healthy vendor in the shape of ``interface.toml``."""

    path: str = "clients"
    headers: Mapping[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {SECRET}"})
    """What a call must carry to be let in."""
    closed: int = 0
    """Status with which every call is refused since the firm closed the access; 0: it is open."""
    while_paging: Callable[[int], None] | None = None
    """Called with the number of each page before it is told."""


class Vendor(vendor.Vendor):
    """One firm. ``requests`` lists what was asked."""

    def __init__(self, office: Office, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.office = office
        self.requests: list[str] = []

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            knobs = self.knobs
            if any(request.headers.get(name) != value for name, value in knobs.headers.items()):
                return json_answer(401, {"error": "unknown key"})
            if knobs.closed:
                return json_answer(knobs.closed, {"error": "access closed"})
            if request.method != "GET" or request.path.strip("/") != knobs.path:
                return json_answer(404, {"error": "not found"})
            asked = request.query
            number, size = asked.get("page", "1"), asked.get("per_page", "20")
            known = set(asked) <= {"page", "per_page"} and number.isdecimal() and size.isdecimal()
            if not known or int(number) < 1 or not 1 <= int(size) <= LARGEST_PAGE:
                return json_answer(400, {"error": "page counts from 1, per_page is 1 to 100"})
            return self._page(int(number), int(size))

    def forget_sign_in(self) -> None:
        self.knobs.closed = 401

    def emptied(self, answer: Answer) -> Answer:
        return json_answer(200, {"data": [], "page": 1, "pages": 1})

    def _page(self, number: int, size: int) -> Answer:
        if self.knobs.while_paging:
            self.knobs.while_paging(number)
        rows = [_row(client) for client in self.office.clients]
        page = rows[(number - 1) * size : number * size]
        return json_answer(200, {"data": page, "page": number, "pages": max(1, -(-len(rows) // size))})


def _row(client: Client) -> Row:
    belgian = client.country in ("", "BE")
    seat = {
        "kind": "seat",
        "street": client.street,
        "number": client.house_number,
        "box": client.box or None,
        "postal_code": client.postcode,
        "city": client.city,
        "country": client.country or None,
    }
    post = {"kind": "correspondence", "street": "Postbus", "number": "1", "postal_code": "1000", "city": "Brussel"}
    return {
        "id": f"5{client.code}",
        "code": client.code,
        "type": client.kind,
        "name": client.name,
        "legal_form": client.legal_form or None,
        "enterprise_number": (client.number or None) if belgian else None,
        "vat_number": None if belgian else client.number,
        "addresses": [post, seat],
        "email": client.email or None,
        "phone": client.phone or None,
        "language": client.language,
        "fiscal_year_end": client.year_end or None,
        "active": client.active,
        "officers": [_officer(person) for person in client.officers],
        "shareholders": [{"name": person.name, "shares": person.shares} for person in client.shareholders],
        "responsible": client.responsible or None,
        "assistant": None,
        "partner": "jo@kantoor.example",
    }


def _officer(person: Person) -> Row:
    return {"name": person.name, "role": person.role, "from": person.since, "to": None}
