"""Odoo's JSON-2 (19 and later): one address per method, an API key as bearer, real HTTP statuses for faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.http import HttpClient, Reply
from foundation.errors import GrandlivreError, WrongInput

from .faults import VENDOR, meaning
from .transport import Database, Domain, call_decoded, decoded


class _Fault(msgspec.Struct):
    name: str = ""
    message: str = ""


class Json2:
    """See :class:`connectors.odoo.transport.Transport`. The client signs with the key."""

    formatted_groups = True

    def __init__(self, database: Database, client: HttpClient) -> None:
        self._base = f"{database.base_url}/json/2"
        self._client = client
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "Grandlivre",
            "X-Odoo-Database": database.name,
        }

    def call(self, model: str, method: str, domain: Domain | None, parameters: Mapping[str, Any]) -> Any:
        body = dict(parameters) if domain is None else {"domain": domain, **parameters}
        url = f"{self._base}/{model}/{method}"
        return call_decoded(self._client, url, self._headers, json.dumps(body).encode(), lambda r: decoded(r.body))


def refusal(reply: Reply) -> GrandlivreError | None:
    """What an answer with an error status means; None leaves it to its status (an error 500 is then tried again)."""
    told = _told(reply)
    if told:
        return meaning(told.name, told.message)
    if reply.status == 404:
        return WrongInput(
            f"{VENDOR} knows no such database, or is older than its protocol JSON-2",
            next_step="Check base_url, database and protocol.",
        )
    return None


def explain(reply: Reply) -> str:
    """The exception's own words."""
    told = _told(reply)
    return told.message if told else ""


def _told(reply: Reply) -> _Fault | None:
    try:
        fault = msgspec.json.decode(reply.body, type=_Fault)
    except msgspec.MsgspecError:
        return None
    return fault if fault.name else None
