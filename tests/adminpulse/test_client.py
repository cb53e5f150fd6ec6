"""The connector to AdminPulse: sign-in, pages that move, what it makes of relations, and its vendor's faults."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from connectors.adminpulse.sandbox import AdminPulseSandbox, Fault, open_sandbox
from connectors.contract import Connector
from connectors.sandbox.company import company
from connectors.sandbox.office import Office
from connectors.sandbox.vendor import Answer, FaultKind
from foundation.errors import Busy, GrandlivreError, RateLimited, SignInAgain, VendorDown, WrongInput
from tests.client_lists.reading import connect, normalized, read
from tests.landed import Clock


def ids(connector: Connector) -> list[str]:
    table, _ = read(connector)
    assert table is not None
    return sorted(table.column("code").to_pylist())


def codes(told: Office) -> list[str]:
    return sorted(client.code for client in told.clients)


def test_the_list_is_discovered_as_a_whole_under_the_office_s_name(
    connector: Connector, sandbox: AdminPulseSandbox
) -> None:
    connector.verify()
    (ref,) = connector.discover()
    assert (ref.external_id, ref.code, ref.name) == ("clients", "adminpulse", "Clients of Kantoor Peeters")
    sandbox.knobs.scopes = frozenset({"relations.read"})
    assert next(iter(connector.discover())).name == "Client list"


@pytest.mark.parametrize("number", [399, 400, 401, 800, 850])
def test_every_page_is_read_whatever_the_number(clock: Clock, number: int) -> None:
    more = number - len(Office(company("BE")).clients)
    with open_sandbox("adminpulse", company("BE"), now=clock, more=more) as sandbox:
        connector = connect("adminpulse", sandbox.settings, sandbox.secrets, clock)
        assert ids(connector) == codes(sandbox.vendor.office)
        assert connector.calls == 2 * -(-number // 400), "a list that is not known is read twice"
        table, end = read(connector)
        calls = connector.calls
        assert table is not None
        assert table.num_rows == number
        assert read(connector, end.cursor) == (None, replace(end, unchanged=True))
        assert connector.calls - calls == -(-number // 400), "one that is known, once"
        connector.close()


@pytest.mark.parametrize("largest", [1, 3, 10])
def test_a_vendor_that_gives_shorter_pages_is_read_to_the_end(
    connector: Connector, sandbox: AdminPulseSandbox, largest: int
) -> None:
    sandbox.knobs.largest_page = largest
    assert ids(connector) == codes(sandbox.vendor.office)


def test_clients_that_come_and_go_between_two_pages_are_neither_missed_nor_told_twice(
    connector: Connector, sandbox: AdminPulseSandbox
) -> None:
    """One that goes shifts another to a page that was read already."""
    sandbox.knobs.largest_page = 4
    changes = [0, 0]

    def work(page: int) -> None:
        if page != 1 or not changes:
            return
        changes.pop()
        told = sandbox.vendor.office
        rest = told.clients[1:] if changes else (replace(told.clients[0], code="0001"), *told.clients)
        sandbox.vendor.office = replace(told, only=rest)

    sandbox.knobs.while_paging = work
    assert ids(connector) == codes(sandbox.vendor.office)
    assert not changes


def test_a_list_that_never_rests_is_left_for_later(connector: Connector, sandbox: AdminPulseSandbox) -> None:
    def work(page: int) -> None:
        told = sandbox.vendor.office
        newest = replace(told.clients[-1], code=str(int(told.clients[-1].code) + 1))
        sandbox.vendor.office = replace(told, only=(*told.clients, newest))

    sandbox.knobs.while_paging = work
    with pytest.raises(Busy, match="come and go"):
        read(connector)


def test_relations_become_clients(connector: Connector, sandbox: AdminPulseSandbox) -> None:
    sandbox.knobs.more_fields = {"naceCode": "10710", "subscribedCapital": 18550.5, "accCode": "K1"}
    table, _ = read(connector)
    assert table is not None
    found = normalized(connector, table)["1017"]
    sent = sandbox.vendor.relation(sandbox.vendor.office.clients[0])
    assert json.loads(found.pop("extra")) == {
        "id": sent["id"],
        "companyId": "c1",
        "naceCode": "10710",
        "subscribedCapital": 18550.5,
    }
    assert found == {
        "external_id": "APR01017",
        "code": "1017",
        "name": "De Korenbloem",
        "commercial_name": "Bakkerij De Korenbloem",
        "client_type": "legal_person",
        "legal_form": "BV",
        "enterprise_number": None,
        "vat_number": "0712.345.630",
        "address_line_1": "Molenstraat 4 bus 2",
        "address_line_2": None,
        "postcode": "9300",
        "city": "Aalst",
        "country": "BE",
        "email": "info@korenbloem.example",
        "phone": "+32 53 00 00 00",
        "language": "N",
        "fiscal_year_end": "2024-12-31T00:00:00",
        "responsible": "an@kantoor.example",
        "status": "active",
        "client_group": "Horeca",
        "office": "Kantoor Peeters",
        "dossier_code": "K1",
        "officers": None,
        "shareholders": None,
    }


def test_the_public_fields_alone_are_enough(connector: Connector, sandbox: AdminPulseSandbox) -> None:
    sandbox.knobs.sister_fields = False
    table, _ = read(connector)
    assert table is not None
    found = normalized(connector, table)
    assert set(found) == set(codes(sandbox.vendor.office))
    assert {client["status"] for client in found.values()} == {"active"}
    assert (found["1017"]["vat_number"], found["1017"]["city"]) == ("0712.345.630", None)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"isActive": False}, "inactive"),
        ({"isActive": True}, "active"),
        ({"isActive": True, "disabledDate": "2026-01-31T00:00:00"}, "inactive"),
        ({"isActive": None, "status": "Archived"}, "inactive"),
        ({"isActive": None}, "active"),
    ],
)
def test_who_is_no_longer_a_client_is_inactive(
    connector: Connector, sandbox: AdminPulseSandbox, fields: dict[str, object], status: str
) -> None:
    sandbox.knobs.more_fields = fields
    table, _ = read(connector)
    assert table is not None
    assert {client["status"] for client in normalized(connector, table).values()} == {status}


def test_a_key_that_is_refused_names_both_causes_and_is_not_tried_again(
    sandbox: AdminPulseSandbox, clock: Clock
) -> None:
    connector = connect("adminpulse", sandbox.settings, {"api_key": "wrong-key-xyz"}, clock)
    with pytest.raises(SignInAgain, match=r"wrong or withdrawn, or it lacks the scope") as caught:
        connector.verify()
    assert "wrong-key-xyz" not in str(caught.value)
    assert connector.calls == 1
    sandbox.knobs.scopes = frozenset({"tasks.read"})
    with pytest.raises(SignInAgain, match="lacks the scope"):
        connect("adminpulse", sandbox.settings, sandbox.secrets, clock).verify()


def test_a_consent_is_renewed_on_the_way(sandbox: AdminPulseSandbox, clock: Clock) -> None:
    settings, secrets = sandbox.consent
    connector = connect("adminpulse", settings, secrets, clock)
    connector.verify()
    sandbox.vendor.desk.void_access_token()
    assert ids(connector) == codes(sandbox.vendor.office)
    clock.sleep(3600)
    connector.verify()
    assert sandbox.vendor.desk.log == ["refresh_token"] * 3
    sandbox.vendor.desk.void_refresh_token()
    clock.sleep(3600)
    with pytest.raises(SignInAgain):
        connector.verify()
    connector.close()


def test_a_way_of_signing_in_that_is_none_is_refused(sandbox: AdminPulseSandbox, clock: Clock) -> None:
    with pytest.raises(WrongInput, match="sign_in"):
        connect("adminpulse", {**sandbox.settings, "sign_in": "password"}, sandbox.secrets, clock)
    with pytest.raises(WrongInput, match="api_key"):
        connect("adminpulse", sandbox.settings, {}, clock)


@pytest.mark.parametrize("kind", ["500", "503", "429_bare", "html", "truncated", "cut", "reset"])
def test_what_passes_is_sat_out(
    connector: Connector, sandbox: AdminPulseSandbox, clock: Clock, kind: FaultKind
) -> None:
    sandbox.knobs.faults = [Fault(kind, "relations", times=2)]
    before = clock()
    assert ids(connector) == codes(sandbox.vendor.office)
    waited = (clock() - before).total_seconds()
    assert waited >= (15 if kind == "429_bare" else 1)


@pytest.mark.parametrize(
    ("kind", "error"), [("500", VendorDown), ("html", VendorDown), ("429_bare", RateLimited), ("429_day", RateLimited)]
)
def test_what_stays_is_named(
    connector: Connector, sandbox: AdminPulseSandbox, kind: FaultKind, error: type[GrandlivreError]
) -> None:
    sandbox.knobs.faults = [Fault(kind, "relations", times=-1)]
    with pytest.raises(error):
        read(connector)
    assert sandbox.calls < 10


@pytest.mark.parametrize(
    "body", ['{"results":null,"pageCount":1}', '{"results":[1],"pageCount":1}', '{"results":[]}', "[]", "null"]
)
def test_another_shape_is_no_answer(connector: Connector, sandbox: AdminPulseSandbox, body: str) -> None:
    sandbox.vendor.emptied = lambda answer: Answer(200, body.encode())
    sandbox.knobs.faults = [Fault("empty", "relations", times=-1)]
    with pytest.raises(VendorDown):
        read(connector)


def test_a_page_that_is_empty_before_the_last_is_no_list(connector: Connector, sandbox: AdminPulseSandbox) -> None:
    sandbox.vendor.emptied = lambda answer: Answer(200, b'{"results":[],"pageCount":3}')
    sandbox.knobs.faults = [Fault("empty", "relations", times=-1)]
    with pytest.raises(VendorDown, match="empty"):
        read(connector)


def test_another_map_reads_other_names(sandbox: AdminPulseSandbox, clock: Clock, tmp_path: Path) -> None:
    usual = files("connectors.adminpulse").joinpath("interface.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(usual.replace('legal_form = ["legalForm",', 'legal_form = ["rechtsvorm",'))
    sandbox.knobs.more_fields = {"rechtsvorm": "CommV"}
    _, end = read(connect("adminpulse", sandbox.settings, sandbox.secrets, clock))
    own = connect(
        "adminpulse", {**sandbox.settings, "resource_map": str(tmp_path / "own.toml")}, sandbox.secrets, clock
    )
    table, _ = read(own, end.cursor)
    assert table is not None, "a list that did not change is told anew when it is read otherwise"
    assert set(table.column("legal_form").to_pylist()) == {"CommV"}
