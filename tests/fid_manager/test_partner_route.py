"""The partner interface in the shape that is proposed, and in another that a map describes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import requests

from connectors.contract import Connector
from connectors.fid_manager.sandbox import Fault, FidManagerSandbox, open_sandbox
from connectors.fid_manager.sandbox.vendor import SECRET
from connectors.sandbox.company import company
from connectors.sandbox.office import Office
from connectors.sandbox.vendor import FaultKind
from foundation.errors import AskForAccess, GrandlivreError, SignInAgain, VendorDown, WrongInput
from tests.client_lists.reading import connect, normalized, read
from tests.landed import Clock


def test_the_sandbox_refuses_what_is_not_proposed(sandbox: FidManagerSandbox) -> None:
    base, signed = sandbox.settings["base_url"], {"Authorization": f"Bearer {SECRET}"}
    for place, headers, status in (
        ("clients?page=1&per_page=100", signed, 200),
        ("clients?page=0&per_page=100", signed, 400),
        ("clients?page=1&per_page=101", signed, 400),
        ("clients?page=1&colour=red", signed, 400),
        ("dossiers", signed, 404),
        ("clients?page=1", {}, 401),
        ("clients?page=1", {"Authorization": "Bearer wrong"}, 401),
    ):
        assert requests.get(f"{base}/{place}", headers=headers, timeout=10).status_code == status, place
    assert requests.post(f"{base}/clients", headers=signed, timeout=10).status_code == 404


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_every_page_is_read_whatever_the_number(clock: Clock, number: int) -> None:
    more = number - len(Office(company("BE")).clients)
    with open_sandbox("fid_manager", company("BE"), now=clock, more=more) as sandbox:
        connector = connect("fid_manager", sandbox.settings, sandbox.secrets, clock)
        table, _ = read(connector)
        assert table is not None
        assert table.num_rows == number
        connector.close()


def test_clients_come_with_officers_and_shareholders(connector: Connector) -> None:
    table, end = read(connector)
    assert table is not None
    found = normalized(connector, table)["1017"]
    assert json.loads(found["officers"]) == [{"name": "Els Maes", "role": "director", "from": "2020-01-01", "to": None}]
    assert [(each["name"], each["shares"]) for each in json.loads(found["shareholders"])] == [
        ("Els Maes", 60),
        ("Tom Maes", 40),
    ]
    assert (found["external_id"], found["client_type"], found["address_line_1"]) == (
        "51017", "legal_person", "Molenstraat 4 bte 2"
    )  # fmt: skip
    assert json.loads(found["extra"]) == {"partner": "jo@kantoor.example"}
    assert read(connector, end.cursor)[0] is None


@pytest.mark.parametrize(("status", "error"), [(401, SignInAgain), (403, AskForAccess)])
def test_a_closed_access_says_where_it_is_opened_and_is_not_tried_again(
    connector: Connector, sandbox: FidManagerSandbox, status: int, error: type[GrandlivreError]
) -> None:
    connector.verify()
    sandbox.knobs.closed = status
    calls = sandbox.calls
    with pytest.raises(error, match="Plus > Paramètres des logiciels externes") as caught:
        read(connector)
    assert sandbox.calls - calls == 1
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", ["500", "503", "html", "truncated", "reset"])
def test_what_passes_is_sat_out(connector: Connector, sandbox: FidManagerSandbox, kind: FaultKind) -> None:
    sandbox.knobs.faults = [Fault(kind, times=2)]
    table, _ = read(connector)
    assert table is not None
    assert table.num_rows == len(sandbox.vendor.office.clients)
    sandbox.knobs.faults = [Fault("500", times=-1)]
    with pytest.raises(VendorDown):
        read(connector)


def test_paths_names_and_signing_are_those_of_a_map(sandbox: FidManagerSandbox, clock: Clock, tmp_path: Path) -> None:
    usual = files("connectors.fid_manager").joinpath("interface.toml").read_text(encoding="utf-8")
    signing = 'X-Key-Id = "{key_id}"\nX-Secret = "{secret}"'
    own = usual.replace('path = "clients"', 'path = "api/v3/dossiers"')
    own = own.replace('Authorization = "Bearer {secret}"', signing)
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    sandbox.knobs.path = "api/v3/dossiers"
    sandbox.knobs.headers = {"x-key-id": "K-0042", "x-secret": SECRET}
    with pytest.raises(SignInAgain):
        connect("fid_manager", sandbox.settings, sandbox.secrets, clock).verify()
    settings = {**sandbox.settings, "resource_map": str(tmp_path / "own.toml")}
    connect("fid_manager", settings, sandbox.secrets, clock).verify()
    (tmp_path / "own.toml").write_text(own.replace("{key_id}", "{password}"), encoding="utf-8")
    with pytest.raises(WrongInput, match="password"):
        connect("fid_manager", settings, sandbox.secrets, clock)


@pytest.mark.parametrize("settings", [{}, {"base_url": "http://127.0.0.1:9", "root": "/lists"}])
def test_one_route_is_wanted(settings: dict[str, str], clock: Clock) -> None:
    with pytest.raises(WrongInput, match="from one place"):
        connect("fid_manager", settings, {"secret": "x"}, clock)


def test_the_interface_wants_its_secret(clock: Clock) -> None:
    with pytest.raises(WrongInput, match="secret"):
        connect("fid_manager", {"base_url": "http://127.0.0.1:9"}, {}, clock)
