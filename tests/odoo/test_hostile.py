"""Every way in which a server or a network fails: full recovery, or the right error and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.http import HttpClient
from connectors.odoo import Odoo
from connectors.odoo.client import WAYS
from connectors.odoo.faults import VENDOR, meaning
from connectors.odoo.json2 import Json2
from connectors.odoo.json_rpc import JsonRpc
from connectors.odoo.sandbox import Fault, OdooSandbox
from connectors.odoo.transport import Database
from connectors.odoo.wire import OdooWire, PageSizes
from connectors.odoo.xml_rpc import XmlRpc
from connectors.signers import HeaderSigner
from foundation.errors import (
    AskForAccess,
    GrandlivreError,
    RateLimited,
    ReportABug,
    SignInAgain,
    VendorDown,
    WrongInput,
)
from foundation.secrets import Secret
from tests.landed import Clock, books

from .landed import connect, read, standing_lines, told_lines

PASSING = ["500", "503", "429_minute", "429_bare", "html", "truncated", "cut", "reset"]
LINES = {
    "json-2": "account.move.line/search_read",
    "json-rpc": '"account.move.line", "search_read"',
    "xml-rpc": "<string>account.move.line</string>",
}


@pytest.fixture(params=LINES)
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def connector(sandbox: OdooSandbox, clock: Clock, protocol: str) -> Iterator[Odoo]:
    opened = connect(sandbox, clock, protocol=protocol, sizes=PageSizes(100, 1000))
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_sat_out(connector: Odoo, sandbox: OdooSandbox, clock: Clock, protocol: str, kind: Any) -> None:
    sandbox.knobs.faults = [Fault(kind, path=LINES[protocol], times=2, skip=2)]
    assert told_lines(books(connector, read(connector))) == standing_lines(sandbox)
    assert clock.slept
    assert sandbox.knobs.faults[0].times == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("500", VendorDown),
        ("503", VendorDown),
        ("html", VendorDown),
        ("truncated", VendorDown),
        ("reset", VendorDown),
        ("429_bare", RateLimited),
        ("429_day", RateLimited),
        ("401", SignInAgain),
    ],
)
def test_what_does_not_pass_is_named_after_a_bounded_number_of_calls(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock, protocol: str, kind: Any, error: type[GrandlivreError]
) -> None:
    sandbox.knobs.faults = [Fault(kind, path=LINES[protocol], times=-1, skip=2)]
    with pytest.raises(error) as raised:
        read(connector)
    assert sandbox.secrets["api_key"] not in str(raised.value)
    assert sum(clock.slept) < 450


def test_noise_of_doubles_is_in_no_amount(connector: Odoo, sandbox: OdooSandbox) -> None:
    sandbox.knobs.float_noise = True
    db = books(connector, read(connector))
    assert told_lines(db) == standing_lines(sandbox)
    off = db.execute("SELECT count(*) FROM books.trial_balances WHERE opening + debit - credit <> closing").fetchall()
    assert off == [(0,)]


@pytest.mark.parametrize(
    ("name", "message", "error"),
    [
        ("odoo.exceptions.AccessDenied", "Access Denied", SignInAgain),
        ("odoo.exceptions.AccessError", "Access to unauthorized or invalid companies.", AskForAccess),
        ("odoo.exceptions.AccessError", "You are not allowed to access 'Journal Item' records.", AskForAccess),
        ("odoo.exceptions.UserError", "Object nomodel doesn't exist", WrongInput),
        ("psycopg2.OperationalError", 'FATAL:  database "x" does not exist', WrongInput),
        ("builtins.ValueError", "Invalid field 'x'", ReportABug),
        ("ValueError", "Invalid field 'x'", ReportABug),
        ("psycopg2.errors.SerializationFailure", "could not serialize access", None),
        ("builtins.MemoryError", "", None),
    ],
)
def test_every_exception_has_its_meaning(name: str, message: str, error: type[GrandlivreError] | None) -> None:
    found = meaning(name, message)
    assert (type(found) if found else None) == error


def wire(sandbox: OdooSandbox, clock: Clock, protocol: str) -> OdooWire:
    settings, key = sandbox.settings, sandbox.secrets["api_key"]
    database = Database(settings["base_url"], settings["database"], settings["username"], Secret(key))
    signer = HeaderSigner(VENDOR, {"Authorization": f"bearer {key}"})
    budget = LocalBudget(VENDOR, clock, clock.sleep)
    client = HttpClient(WAYS, requests.Session(), budget, signer=signer, now=clock, sleep=clock.sleep)
    transport = {"json-2": Json2, "json-rpc": JsonRpc, "xml-rpc": XmlRpc}[protocol](database, client)
    return OdooWire(transport, {"allowed_company_ids": [4]}, PageSizes())


def test_a_question_that_odoo_does_not_know_is_asked_once(sandbox: OdooSandbox, clock: Clock, protocol: str) -> None:
    with pytest.raises(ReportABug, match="no_such_field"):
        wire(sandbox, clock, protocol).count("account.move.line", [["no_such_field", "=", 1]])
    assert sum("search_count" in request for request in sandbox.vendor.requests) == 1
    assert clock.slept == []
