"""The sandbox refuses what Odoo refuses: a lenient one would prove nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xmlrpc.client import dumps

import pytest
import requests

from connectors.odoo.sandbox import Knobs, OdooSandbox, open_sandbox
from tests.landed import Clock

from .conftest import SMALL

LINES = "account.move.line/search_read"
OURS = {"allowed_company_ids": [4]}


class Asker:
    """Calls the sandbox without the connector."""

    def __init__(self, sandbox: OdooSandbox) -> None:
        self.sandbox = sandbox
        self.base = sandbox.settings["base_url"]
        self.headers = {
            "Authorization": f"bearer {sandbox.secrets['api_key']}",
            "X-Odoo-Database": sandbox.settings["database"],
            "Content-Type": "application/json",
        }

    def json2(self, path: str, body: dict[str, Any], **headers: str | None) -> requests.Response:
        sent = {name: text for name, text in {**self.headers, **headers}.items() if text}
        return requests.post(f"{self.base}/json/2/{path}", data=json.dumps(body), headers=sent, timeout=10)

    def rpc(self, *args: Any, service: str = "object", method: str = "execute_kw") -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "method": "call", "id": 1}
        body["params"] = {"service": service, "method": method, "args": args}
        return requests.post(f"{self.base}/jsonrpc", json=body, headers=_JSON, timeout=10).json()

    def login(self) -> tuple[Any, ...]:
        return self.sandbox.settings["database"], 2, self.sandbox.secrets["api_key"]


_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def ask(sandbox: OdooSandbox) -> Asker:
    return Asker(sandbox)


@pytest.fixture
def older(clock: Clock) -> Iterator[Asker]:
    with open_sandbox("odoo", SMALL, knobs=Knobs(version=16, year_records=False), now=clock) as running:
        yield Asker(running)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "name"),
    [
        (LINES, {}, {"Authorization": "bearer wrong"}, 401, "Unauthorized"),
        (LINES, {}, {"Authorization": None}, 401, "Unauthorized"),
        ("account.nothing/search_read", {}, {}, 404, "NotFound"),
        ("account.move.line/dance", {}, {}, 404, "NotFound"),
        (LINES, {"ids": [1]}, {}, 422, "UnprocessableEntity"),
        (LINES, {"fields": ["no_such"], "context": OURS}, {}, 500, "ValueError"),
        (LINES, {"domain": [["no_such", "=", 1]], "context": OURS}, {}, 500, "ValueError"),
        (LINES, {"domain": [["id", "resembles", 1]], "context": OURS}, {}, 500, "ValueError"),
        (LINES, {"colour": "red", "context": OURS}, {}, 500, "TypeError"),
        (LINES, {"context": {"allowed_company_ids": [9]}}, {}, 403, "AccessError"),
    ],
)
def test_json_2_refuses_as_odoo_does(
    ask: Asker, path: str, body: dict[str, Any], headers: dict[str, Any], status: int, name: str
) -> None:
    reply = ask.json2(path, body, **headers)
    assert (reply.status_code, reply.json()["name"].rpartition(".")[2]) == (status, name)


def test_a_wrong_database_and_an_older_server_answer_with_a_page(ask: Asker, older: Asker) -> None:
    assert b"<html" in ask.json2(LINES, {}, **{"X-Odoo-Database": "other"}).content
    assert older.json2(LINES, {}).status_code == 404
    assert requests.get(f"{older.base}/web/version", timeout=10).status_code == 404
    reply = requests.get(f"{ask.base}/json/2/{LINES}", timeout=10)
    assert (reply.status_code, "POST" in reply.json()["message"]) == (404, True)


def test_json_rpc_tells_its_faults_with_status_200(older: Asker) -> None:
    db, user, key = older.login()
    assert older.rpc(db, "x", "y", {}, service="common", method="authenticate")["result"] is False
    wrong = older.rpc(db, user, "wrong", "res.company", "search_read", [], {})
    assert wrong["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
    missing = older.rpc(db, user, key, "account.fiscal.year", "search_read", [], {})
    assert "doesn't exist" in missing["error"]["data"]["message"]
    other = older.rpc("other", user, key, "res.company", "search_read", [], {})
    assert other["error"]["data"]["name"] == "psycopg2.OperationalError"
    newer = older.rpc(db, user, key, "account.move.line", "formatted_read_group", [[]], {"groupby": ["account_id"]})
    assert newer["error"]["data"]["name"] == "builtins.AttributeError"
    renamed = older.rpc(db, user, key, "account.move.line", "search_count", [], {"domain": []})
    assert renamed["error"]["data"]["name"] == "builtins.TypeError"


def test_xml_rpc_tells_its_faults_as_numbers(older: Asker) -> None:
    db, user, key = older.login()

    def fault(*args: Any) -> str:
        body = dumps(args, "execute_kw")
        return requests.post(f"{older.base}/xmlrpc/2/object", data=body, timeout=10).text

    hidden = {"context": {"allowed_company_ids": [9]}}
    assert "<int>3</int>" in fault(db, user, "wrong", "res.company", "search_read", [], {})
    assert "<int>2</int>" in fault(db, user, key, "no.model", "search_read", [], {})
    assert "<int>1</int>" in fault(db, user, key, "res.company", "search_read", [], {"fields": ["no"]})
    assert "<int>4</int>" in fault(db, user, key, "res.company", "search", [[]], hidden)


def test_a_call_shows_the_companies_of_its_context_alone(ask: Asker) -> None:
    def companies(context: dict[str, Any]) -> set[int]:
        rows = ask.json2(LINES, {"fields": ["company_id"], "context": context}).json()
        return {row["company_id"][0] for row in rows}

    assert companies({}) == {1}
    assert companies(OURS) == {4}
    assert companies({"allowed_company_ids": [1, 4]}) == {1, 4}


def test_archived_records_come_only_when_asked_for(ask: Asker) -> None:
    def names(context: dict[str, Any]) -> set[str]:
        return {row["name"] for row in ask.json2("res.partner/search_read", {"context": context}).json()}

    assert "Chips Trading LLC" not in names(OURS)
    assert "Chips Trading LLC" in names({**OURS, "active_test": False})


def test_an_account_has_its_code_in_the_company_of_the_context(ask: Asker) -> None:
    def code(company: int) -> str:
        body = {"fields": ["code"], "limit": 1, "context": {"allowed_company_ids": [company]}}
        return ask.json2("account.account/search_read", body).json()[0]["code"]

    assert (code(4), code(1), code(6)) == ("100000", "10000000", False)
