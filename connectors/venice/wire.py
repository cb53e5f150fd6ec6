"""The gateway's addresses: WebConnect (REST) and WebConnect.OData of one dossier, and what its refusals mean.

An answer is ``{"Response": {plural: {singular: [{"Fields": {...}}]}}}``, or one value or object in place of the plural;
every value is a text (the vendor's help). A dossier is asked one call at a time, for each opens a session of Venice.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.odata import ODataService
from connectors.odata import explain as explain_odata
from foundation.errors import AskForAccess, Busy, GrandlivreError, ReportABug, VendorDown, WrongInput
from foundation.secrets import Secret

from .inferred import NO_YEAR, YEAR_OF_A_DAY, names_no_licence

VENDOR = "Venice"
Fields = dict[str, str]
_JSON = {"Accept": "application/json"}


class WebConnect:
    """Reads one dossier, which the gateway knows by its DossierId."""

    def __init__(self, base_url: str, dossier_id: str, client: HttpClient) -> None:
        self.dossier_id = dossier_id
        self._client = client
        name = quote(dossier_id, safe="")
        self._api = f"{base_url}/webconnect/api/{name}"
        self.odata = ODataService(f"{base_url}/WebConnect.OData/odata/{name}", client)

    def dossier(self) -> Fields:
        """Directory, Name, LastYear, Currency. Raises WrongInput for an id that is not known."""
        response = self._response("Dossier")
        if response is None:
            raise WrongInput(
                f"{VENDOR} has no dossier {self.dossier_id!r} for WebConnect",
                next_step="Activate the dossier for WebConnect in Venice, and name its DossierId in the setting "
                "dossiers (DIRECTORY=DOSSIERID) where it is not the directory's name.",
            )
        return _texts(response.get("Dossier"), "Dossier")

    def year_of(self, day: date) -> str | None:
        """The financial year that holds ``day``."""
        told: Any = self._response("Dossier/FinancialYear", Date=day.isoformat())
        for name in YEAR_OF_A_DAY:
            told = told.get(name, told) if isinstance(told, dict) else told
        text = "" if told is None or isinstance(told, dict) else str(told).strip()
        return None if text in NO_YEAR else text

    def year(self, name: str) -> Fields | None:
        """Name, Begin and End of a financial year."""
        response = self._response(f"{quote(name, safe='')}/Year")
        return None if response is None else _texts(response.get("Year"), "Year")

    def accounts(self, numbers: Sequence[str], fields: Sequence[str]) -> list[Fields]:
        """The cards of accounts. One of several that is not there refuses them all, which are then asked for in
        halves."""
        response = self._response("GeneralAccount", Number="\n".join(numbers), fields=",".join(fields))
        if response is not None:
            return _listed(response, "GeneralAccounts", "GeneralAccount")
        if len(numbers) == 1:
            return []
        half = len(numbers) // 2
        return [*self.accounts(numbers[:half], fields), *self.accounts(numbers[half:], fields)]

    def balance(self, year: str, prefix: str) -> Decimal:
        """What all accounts whose number begins with ``prefix`` come to in a year, debit positive; 0 where there are
        none."""
        place = f"{quote(year, safe='')}/Balance/GetBalance"
        response = self._response(place, AccountNumber=prefix, BeginMonth="0", EndMonth="0")
        told = "0" if response is None else response.get("GetBalance")
        try:
            return Decimal(str(told))
        except InvalidOperation:
            raise ReportABug(f"{VENDOR} tells a balance that is no amount") from None

    def _response(self, place: str, **query: str) -> dict[str, Any] | None:
        """What is in the envelope; None where there is nothing of that key (404)."""
        asked = "&".join(f"{name}={quote(text, safe=',')}" for name, text in query.items())
        address = f"{self._api}/{place}" + (f"?{asked}" if asked else "")
        reply = self._client.call("GET", address, headers=_JSON, check=_check, allow=(404,))
        return None if reply.status == 404 else _envelope(reply)


def basic(username: str, password: Secret) -> dict[str, Secret]:
    """The header that every call carries."""
    pair = f"{username}:{password.reveal()}".encode()
    return {"Authorization": Secret("Basic " + base64.b64encode(pair).decode())}


def root_of(base_url: str) -> str:
    """The gateway's host, whether or not WebConnect's own path stands behind it."""
    root = base_url.rstrip("/")
    return root[: -len("/webconnect")] if root.lower().endswith("/webconnect") else root


def _check(reply: Reply) -> None:
    if _envelope(reply) is None:
        raise NotAnAnswer("not a whole JSON document")


def _envelope(reply: Reply) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        return None
    response = found.get("Response") if isinstance(found, dict) else None
    return response if isinstance(response, dict) else None


def _listed(response: dict[str, Any], plural: str, singular: str) -> list[Fields]:
    """The field lists of what was found; a list of one may be told as the one."""
    held = response.get(plural)
    rows = held.get(singular) if isinstance(held, dict) else None
    found = [rows] if isinstance(rows, dict) else rows or []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ReportABug(f"{VENDOR} tells {plural} in another form than documented")
    return [_texts(row.get("Fields"), singular) for row in found]


def _texts(told: Any, what: str) -> Fields:
    if not isinstance(told, dict):
        raise ReportABug(f"{VENDOR} tells {what} in another form than documented")
    return {name: "" if value is None else str(value).strip() for name, value in told.items()}


def _explain(reply: Reply) -> str:
    """The error text in the body, which is plain or an OData error; a page for people explains nothing."""
    text = reply.body[:1000].decode("utf-8", errors="replace").strip()
    return explain_odata(reply) or ("" if text.startswith("<!") or "<html" in text.lower() else text)


def _refusal(reply: Reply) -> GrandlivreError | None:
    text = _explain(reply)
    if reply.status >= 500 and names_no_licence(text):
        return Busy(
            "all users of Venice's licence are at work",
            next_step="The nightly tries again; a user of its own for WebConnect avoids it.",
        )
    if reply.status == 403:
        return AskForAccess(
            f"{VENDOR} gives the user no access ({text})" if text else f"{VENDOR} gives the user no access",
            next_step="Give the WebConnect user the right to the dossier: the rights of its external group limit it.",
        )
    if 400 < reply.status < 500 and reply.status not in (401, 404):
        return VendorDown(f"{VENDOR} refuses the call with {reply.status}" + (f" ({text})" if text else ""))
    return None


WAYS = VendorWays(VENDOR, explain=_explain, refusal=_refusal)
