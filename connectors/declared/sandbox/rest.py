"""What the three vendors have in common: strict about parameters, JSON with exact amounts, a count of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Allowances, Answer, Request

from .knobs import Knobs

Row = dict[str, Any]
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Refused(Exception):
    """A call that the vendor does not answer with rows: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


class RestVendor(vendor.Vendor):
    """Answers ``GET`` after :meth:`sign_in` let the caller pass; a room's vendor tells the rows in :meth:`found`."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.company = company
        self.requests: list[str] = []
        self.withdrawn = False
        self._allowances = Allowances({"minute": (knobs.calls_per_minute, timedelta(minutes=1))}, now)

    def found(self, request: Request) -> Any:
        """The document at an address. Raises Refused."""
        raise NotImplementedError

    def sign_in(self, request: Request) -> None:
        """Raises Refused for a caller who may not pass."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            try:
                self.sign_in(request)
                if request.method != "GET":
                    raise Refused(405, "The method is not allowed here")
                allowed, told = self._allowances.count()
                if not allowed:
                    wait = max(1, int((told[0].resets - self.now()).total_seconds()) + 1)
                    return Answer(429, self.error(429, "Rate limit is exceeded."), headers={"Retry-After": str(wait)})
                return Answer(200, _ENCODER.encode(self.found(request)))
            except Refused as refusal:
                return Answer(refusal.status, self.error(refusal.status, refusal.message))

    def show(self, company: Company) -> None:
        """From now on tells ``company``."""
        self.company = company

    def error(self, status: int, message: str) -> bytes:
        """An error document."""
        return msgspec.json.encode({"message": message})

    def forget_sign_in(self) -> None:
        self.withdrawn = True

    def emptied(self, answer: Answer) -> Answer:
        return Answer(answer.status, b"[]")

    def asked(self, request: Request, *required: str, optional: Sequence[str] = ()) -> Mapping[str, str]:
        """The parameters of the query. Raises Refused for one that is missing or not known."""
        told = request.query
        if wrong := (set(told) - {*required, *optional}) | (set(required) - set(told)):
            raise Refused(400, f"The parameter {min(wrong)} is missing or not known")
        return told

    def page(self, rows: Sequence[Row], start: int, size: int) -> list[Row]:
        """The rows of a page."""
        if self.knobs.heedless_of_pages:
            return list(rows)
        return list(rows[start : start + min(size, self.knobs.largest_page)])


def number(text: str, least: int = 0) -> int:
    """A whole number of a query. Raises Refused."""
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise Refused(400, f"{text!r} is not a number that is expected here")
    return int(text)
