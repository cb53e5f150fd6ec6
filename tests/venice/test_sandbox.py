"""The sandbox against the vendor's help: envelopes, texts for values, prefixes, and what is refused."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.venice.sandbox import VeniceSandbox
from connectors.venice.sandbox.vendor import DOSSIER_ID, PASSWORD, USER

API, ODATA = f"/webconnect/api/{DOSSIER_ID}", f"/WebConnect.OData/odata/{DOSSIER_ID}"
JSON = {"Accept": "application/json"}


def get(sandbox: VeniceSandbox, place: str, password: str = PASSWORD, **headers: str) -> requests.Response:
    proof = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return requests.get(
        sandbox.settings["base_url"] + place, headers=JSON | {"Authorization": f"Basic {proof}"} | headers, timeout=10
    )


def told(sandbox: VeniceSandbox, place: str) -> Any:
    answer = get(sandbox, place)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_answer_has_the_envelope_and_texts_for_values(sandbox: VeniceSandbox) -> None:
    dossier = told(sandbox, f"{API}/Dossier")["Response"]["Dossier"]
    assert dossier["Directory"] == "ATELIER"
    assert dossier["LastYear"] == "2026"
    year = told(sandbox, f"{API}/2024/Year")["Response"]["Year"]
    assert (year["Begin"], year["End"]) == ("2023-07-01", "2024-12-31")
    assert told(sandbox, f"{API}/Dossier/FinancialYear?Date=2023-08-01") == {"Response": {"FinancialYear": "2024"}}
    accounts = told(sandbox, f"{API}/GeneralAccount?Number=400000%0A550000&fields=Number,DescrNld")
    assert accounts["Response"]["GeneralAccounts"]["GeneralAccount"] == [
        {"Fields": {"Number": "400000", "DescrNld": "Clients"}},
        {"Fields": {"Number": "550000", "DescrNld": "Banque EUR"}},
    ]
    balance = told(sandbox, f"{API}/2024/Balance/GetBalance?AccountNumber=4&BeginMonth=0&EndMonth=0")
    assert isinstance(balance["Response"]["GetBalance"], str)


def test_a_balance_is_that_of_a_prefix(sandbox: VeniceSandbox) -> None:
    def balance(prefix: str) -> Decimal:
        place = f"{API}/2025/Balance/GetBalance?AccountNumber={prefix}&BeginMonth=0&EndMonth=0"
        return Decimal(told(sandbox, place)["Response"]["GetBalance"])

    assert balance("70") == balance("700000") + balance("700100")
    assert balance("700000") != 0 != balance("700100")


def test_entries_come_in_pages_that_are_followed(sandbox: VeniceSandbox) -> None:
    sandbox.knobs.page_size = 7
    first = told(sandbox, f"{ODATA}/ENT?$select=SysNum,AmountDosC&$count=true")
    assert len(first["value"]) == 7
    assert first["@odata.count"] > 7
    assert all(isinstance(value, str) for row in first["value"] for value in row.values())
    second = told(sandbox, first["@odata.nextLink"].removeprefix("https://inside.example"))
    assert second["value"][0]["SysNum"] not in {row["SysNum"] for row in first["value"]}


@pytest.mark.parametrize(
    ("place", "status"),
    [
        (f"{API}/Dossier?colour=red", 400),
        (f"{API}/Dossier/FinancialYear?Date=01/02/2024", 400),
        (f"{API}/Dossier/FinancialYear?Date=1999-01-01", 404),
        (f"{API}/2019/Year", 404),
        (f"{API}/GeneralAccount?fields=Number", 400),
        (f"{API}/GeneralAccount?Number=400000%0A999999", 404),
        (f"{API}/GeneralAccount?Number=400000&fields=Colour", 400),
        (f"{API}/2024/Balance/GetBalance?AccountNumber=4&BeginMonth=0&EndMonth=26", 400),
        (f"{API}/2024/Balance/GetBalance?AccountNumber=4", 400),
        (f"{ODATA}/ENT?$select=Colour", 400),
        (f"{ODATA}/XYZ", 404),
        ("/webconnect/api/nobody/Dossier", 404),
        ("/webconnect/api/gesloten-wc/Dossier", 403),
    ],
)
def test_what_the_vendor_refuses_is_refused(sandbox: VeniceSandbox, place: str, status: int) -> None:
    assert get(sandbox, place).status_code == status


def test_a_call_needs_its_headers(sandbox: VeniceSandbox) -> None:
    assert get(sandbox, f"{API}/Dossier", password="wrong").status_code == 401
    assert get(sandbox, f"{API}/Dossier", Accept="text/html").status_code == 406
