"""The contract that every administrative package keeps, in DuckDB and Postgres: what it lists is in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.adminpulse.sandbox import open_sandbox as open_adminpulse
from connectors.catalog import available_packages
from connectors.contract import DossierRef
from connectors.package import Package
from connectors.sandbox.stage import Sandbox
from foundation.errors import EmptyAnswer, WrongInput
from foundation.secrets import Secret
from portal.operations.dossiers import add_link
from resources.house import House
from tests.contract.client_lists import WAYS, break_it, clients, expected, listed, office, tell
from tests.contract.dossier import Linked

IN_POSTGRES = ("adminpulse", "fid_manager_file")
EVERYWHERE = [(way, "duckdb") for way in WAYS] + [(way, "postgres") for way in IN_POSTGRES]


@pytest.fixture(params=EVERYWHERE, ids="-".join)
def dossier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Linked]:
    way, store = request.param
    database = request.getfixturevalue("postgres").database() if store == "postgres" else None
    with listed(way, tmp_path, database=database) as found:
        yield found


def add_list(house: House, row: Package, sandbox: Sandbox, name: str) -> str:
    """Another connection of the package, linked as dossier ``name``."""
    registry = house.registry
    secrets = {key: Secret(value) for key, value in sandbox.secrets.items()}
    settings = row.complete_settings(sandbox.settings)
    connection = registry.add_connection(row.slug, registry.ensure_firm("Demo").firm_id, name, settings, secrets)
    return add_link(house, connection.id, DossierRef("clients", name, name), mode="replace", dossier=name).dossier_id


def without_boxes(rows: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """The word for a box is the package's."""
    return {
        code: tuple(
            str(v).replace("{box}", "bus").replace("bte", "bus") if i == 2 else v or None for i, v in enumerate(row)
        )
        for code, row in rows.items()
    }


def assert_lists(found: Linked, revision: int, gone: tuple[str, ...] = ()) -> None:
    stand = {code: row for code, row in clients(found).items() if code not in gone}
    told = expected(office(found.row, revision))
    if found.row.slug == "fid_manager":  # its partner stands in where nobody is responsible
        told = {code: (*row[:8], row[8] or "jo@kantoor.example", *row[9:]) for code, row in told.items()}
    assert without_boxes(stand) == without_boxes(told)


def changes(found: Linked) -> list[tuple[Any, ...]]:
    return found.query(
        "SELECT m.change, c.code, m.field, m.old_value, m.new_value FROM ledger.client_changes m "
        "JOIN ledger.clients c ON c.client_id = m.client_id AND c.list_id = m.list_id "
        "ORDER BY m.change, c.code, m.field"
    )


def test_every_administrative_package_is_here() -> None:
    assert {row.slug for row in available_packages() if row.kind == "administrative"} == {s for s, _ in WAYS.values()}


def test_the_list_arrives_whole_and_changes_are_noted_field_by_field(dossier: Linked) -> None:
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert outcome.lines == len(office(dossier.row).clients)
    assert_lists(dossier, 0)
    assert changes(dossier) == []
    again = dossier.sync()
    assert (again.status, again.lines) == ("unchanged", outcome.lines), again.error

    dossier.sandbox.show(office(dossier.row, 1).company)
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert_lists(dossier, 1, gone=("1021",))
    old = office(dossier.row).clients[2]
    assert clients(dossier)["1021"][0] == old.name, "who is no longer listed stays as it was told last"
    assert clients(dossier)["1021"][-1] == "removed"
    word = "bte" if dossier.row.slug == "fid_manager" else "bus"
    first = {row for row in changes(dossier) if row[0] == "changed"}
    assert first == {
        ("changed", "1017", "name", "De Korenbloem", "De Korenbloem & Zonen"),
        ("changed", "1017", "address_line_1", f"Molenstraat 4 {word} 2", f"Stationsplein 12 {word} 2"),
        ("changed", "1018", "status", "active", "inactive"),
    }
    assert [row for row in changes(dossier) if row[0] in ("added", "removed")] == [
        ("added", "1055", None, None, None),
        ("removed", "1021", "status", "active", "removed"),
    ]
    told = {check.name: check.passed for check in outcome.checks}
    assert (told["clients_remain"], told["numbers_valid"], told["numbers_unique"]) == (False, False, False)
    since = dossier.query("SELECT removed_at FROM ledger.clients WHERE removed_at IS NOT NULL")
    assert len(since) == 1

    dossier.sandbox.show(office(dossier.row, 2).company)
    assert dossier.sync().status == "synced"
    assert_lists(dossier, 2)
    assert [row for row in changes(dossier) if row[0] == "returned"] == [
        ("returned", "1021", "status", "removed", "active")
    ]
    assert dossier.query("SELECT count(*) FROM ledger.clients WHERE removed_at IS NOT NULL") == [(0,)]


def test_who_went_stays_removed_since_then(dossier: Linked) -> None:
    dossier.sync()
    dossier.sandbox.show(office(dossier.row, 1).company)
    dossier.sync()
    since = dossier.query("SELECT removed_at FROM ledger.clients WHERE status = 'removed'")
    later = office(dossier.row, 1)
    tell(dossier, replace(later, only=tuple(replace(c, phone="1") for c in later.clients)))
    assert dossier.sync().status == "synced"
    assert dossier.query("SELECT removed_at FROM ledger.clients WHERE status = 'removed'") == since
    assert [row for row in changes(dossier) if row[0] == "removed"] == [
        ("removed", "1021", "status", "active", "removed")
    ]


def test_a_list_that_shrinks_below_half_is_refused_until_it_is_confirmed(dossier: Linked) -> None:
    first = dossier.sync()
    told = office(dossier.row)
    tell(dossier, replace(told, only=told.clients[:4]))
    refused = dossier.sync()
    assert isinstance(refused.error, EmptyAnswer)
    assert "--accept-empty" in str(refused.error)
    assert_lists(dossier, 0)
    confirmed = dossier.sync(accept_empty=True)
    assert (confirmed.status, confirmed.lines) == ("synced", 4), confirmed.error
    statuses = dossier.query("SELECT status, count(*) FROM ledger.clients GROUP BY status ORDER BY status")
    assert dict(statuses)["removed"] == first.lines - 4
    tell(dossier, replace(told, only=told.clients[:2]))
    assert dossier.sync().status == "synced", "half of what is still listed is not below half"


def test_yesterday_s_list_stands_when_the_package_fails(dossier: Linked) -> None:
    dossier.sync()
    before = dossier.query("SELECT last_synced_at FROM ledger.dossiers")
    dossier.sandbox.show(office(dossier.row, 1).company)
    break_it(dossier)
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert_lists(dossier, 0)
    assert dossier.query("SELECT last_synced_at FROM ledger.dossiers") == before
    last = dossier.house.registry.last_run(dossier.dossier_id)
    assert last is not None
    assert (last.status, bool(last.error_message)) == ("failed", True)
    for secret in dossier.sandbox.secrets.values():
        assert secret not in str(outcome.error)


def test_the_run_and_the_state_are_written_with_the_list(dossier: Linked) -> None:
    outcome = dossier.sync()
    ((kind, software, sync_id, status),) = dossier.query("SELECT kind, software, sync_id, status FROM ledger.dossiers")
    assert (kind, software, sync_id, status) == ("clients", dossier.row.slug, outcome.sync_id, "synced")
    runs = dossier.query("SELECT sync_id, dossier_id, rows_read, rows_loaded, rows_deleted FROM ledger.sync_runs")
    told = len(office(dossier.row).clients)
    assert runs == [(outcome.sync_id, dossier.dossier_id, told, told, 0)]
    last = dossier.house.registry.last_run(dossier.dossier_id)
    assert last is not None
    assert (last.status, last.rows_loaded) == ("synced", told)
    states = dict(dossier.query("SELECT check_name, state FROM ledger.reconciliation"))
    assert states["client_ids_unique"] == "proven"
    assert states["counts_complete"] == "no evidence"


def test_from_landing_asks_nobody_and_gives_the_same_list(dossier: Linked) -> None:
    dossier.sync()
    dossier.sandbox.show(office(dossier.row, 1).company)
    dossier.sync()
    columns = "SELECT client_id, name, status, removed_at FROM ledger.clients ORDER BY client_id"
    before, calls, noted = dossier.query(columns), dossier.sandbox.calls, changes(dossier)
    dossier.sandbox.show(office(dossier.row, 2).company)
    outcome = dossier.sync(from_landing=True)
    assert (outcome.status, outcome.vendor_calls, dossier.sandbox.calls) == ("synced", 0, calls), outcome.error
    assert dossier.query(columns) == before
    assert changes(dossier) == noted


@pytest.fixture(params=["duckdb", "postgres"])
def two_lists(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Linked, Linked]]:
    """Two offices of one firm in one house, both on AdminPulse."""
    database = request.getfixturevalue("postgres").database() if request.param == "postgres" else None
    with (
        listed("adminpulse", tmp_path, database=database) as first,
        open_adminpulse("adminpulse", office(first.row).company) as other,
    ):
        second = replace(first, sandbox=other)
        tell(second, replace(office(first.row), only=office(first.row).clients[:3]))
        second.dossier_id = add_list(first.house, first.row, other, "second")
        yield first, second


def by_list(found: Linked) -> dict[str, int]:
    rows = found.query("SELECT list_id, count(*) FROM ledger.clients WHERE status <> 'removed' GROUP BY list_id")
    return dict(rows)


def test_each_list_replaces_its_own_clients_alone(two_lists: tuple[Linked, Linked]) -> None:
    first, second = two_lists
    assert (first.sync().status, second.sync().status) == ("synced", "synced")
    everybody = len(office(first.row).clients)
    assert by_list(first) == {first.dossier_id: everybody, second.dossier_id: 3}
    first.sandbox.show(office(first.row, 1).company)
    assert first.sync().status == "synced"
    assert by_list(first) == {first.dossier_id: everybody, second.dossier_id: 3}
    assert {row[0] for row in first.query("SELECT DISTINCT list_id FROM ledger.client_changes")} == {first.dossier_id}


def test_a_list_that_moves_to_another_connection_is_another_list(two_lists: tuple[Linked, Linked]) -> None:
    first, second = two_lists
    first.sync()
    registry = first.house.registry
    there = registry.link(second.dossier_id).connection_id
    registry.unlink(second.dossier_id)
    registry.relink(first.dossier_id, there, "clients", mode="replace", transfer_date=None)
    moved = first.sync()
    assert isinstance(moved.error, EmptyAnswer), "far fewer are told there"
    moved = first.sync(accept_empty=True)
    assert (moved.status, moved.lines) == ("synced", 3), moved.error
    assert first.query("SELECT count(*) FROM ledger.clients") == [(3,)], "nobody of the other connection is left"
    assert changes(first) == []


def test_it_is_linked_as_a_whole(dossier: Linked, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    link = dossier.house.registry.link(dossier.dossier_id)
    with dossier.house.connector(link.connection_id, work=work) as connector:
        (ref,) = connector.discover()
        assert ref.external_id == "clients"
        assert connector.fiscal_years("clients") == []
        with pytest.raises(WrongInput, match="as a whole"):
            connector.fiscal_years("1042")
    with pytest.raises(WrongInput, match="linked already"):
        add_link(dossier.house, link.connection_id, ref, mode="replace")
