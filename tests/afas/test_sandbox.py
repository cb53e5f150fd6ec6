"""The sandbox refuses what AFAS refuses."""

from __future__ import annotations

import base64

import pytest
import requests

from connectors.afas.sandbox import AfasSandbox
from connectors.afas.sandbox.vendor import TOKEN

SIGNED = {"Authorization": "AfasToken " + base64.b64encode(TOKEN.encode()).decode()}


def ask(
    sandbox: AfasSandbox, path: str, query: dict[str, str] | None = None, headers: dict[str, str] = SIGNED
) -> requests.Response:
    address = f"{sandbox.settings['base_url']}/ProfitRestServices/{path}"
    return requests.get(address, query, headers=headers, timeout=9)


def test_an_app_connector_tells_what_it_holds(sandbox: AfasSandbox) -> None:
    told = ask(sandbox, "metainfo").json()
    assert "Profit_Transactions" in {each["id"] for each in told["getConnectors"]}
    fields = ask(sandbox, "metainfo/get/Profit_Transactions").json()["fields"]
    assert len(fields) == 18


@pytest.mark.parametrize(
    "header", ["", "AfasToken " + TOKEN, "Bearer " + SIGNED["Authorization"][10:], "AfasToken eA=="]
)
def test_another_token_is_refused_without_a_word(sandbox: AfasSandbox, header: str) -> None:
    answer = ask(sandbox, "metainfo", headers={"Authorization": header})
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_connector_that_is_not_in_the_app_is_401(sandbox: AfasSandbox) -> None:
    answer = ask(sandbox, "connectors/Profit_Salaries")
    assert answer.status_code == 401
    assert "not supported for this app" in answer.json()["externalMessage"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"top": "5"}, 400),
        ({"skip": "x"}, 400),
        ({"skip": "0", "take": "0"}, 500),
        ({"skip": "0", "take": "-1"}, 500),
        ({"skip": "0", "take": "8334"}, 500),
        ({"orderbyfieldids": "Nothing"}, 500),
        ({"filterfieldids": "UnitId", "filtervalues": "5,6", "operatortypes": "1"}, 500),
        ({"filterfieldids": "Nothing", "filtervalues": "5", "operatortypes": "1"}, 500),
        ({"filterfieldids": "UnitId", "filtervalues": "five", "operatortypes": "1"}, 400),
        ({"filterfieldids": "UnitId", "filtervalues": "5", "operatortypes": "99"}, 400),
        ({"filterfieldids": "AccountNo", "filtervalues": "1" * 2049, "operatortypes": "1"}, 404),
    ],
)
def test_what_the_vendor_does_not_understand_is_refused(
    sandbox: AfasSandbox, query: dict[str, str], status: int
) -> None:
    assert ask(sandbox, "connectors/Profit_Transactions", query).status_code == status


def test_commas_mean_and_and_semicolons_or(sandbox: AfasSandbox) -> None:
    def keys(fields: str, values: str, kinds: str) -> set[tuple[int, int]]:
        query = {"filterfieldids": fields, "filtervalues": values, "operatortypes": kinds, "take": "8000"}
        rows = ask(sandbox, "connectors/Profit_Transactions", query).json()["rows"]
        return {(row["UnitId"], row["Year"]) for row in rows}

    assert keys("UnitId,Year", "5,2025", "1,1") == {(5, 2025)}
    assert keys("UnitId,Year;UnitId", "5,2025;3", "1,1;1") == {(5, 2025), (3, 2024)}
    assert keys("UnitId,Year", "5,2025", "1,4") == {(5, 2026)}


def test_without_an_order_rows_come_as_they_please(sandbox: AfasSandbox) -> None:
    first, second = (ask(sandbox, "connectors/Profit_Transactions", {"take": "5"}).json()["rows"] for _ in range(2))
    assert first != second


def test_only_reading_is_possible(sandbox: AfasSandbox) -> None:
    address = f"{sandbox.settings['base_url']}/ProfitRestServices/connectors/FiEntries"
    assert requests.post(address, headers=SIGNED, timeout=9).status_code == 405
