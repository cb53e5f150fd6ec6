"""A client list moves into Postgres with its changes, and the next sync goes on there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from foundation.secrets import Secret
from tests.contract.client_lists import listed, office
from tests.postgres import Server
from warehouse.contract import Store
from warehouse.postgres.moving import move
from warehouse.postgres.store import PostgresWarehouse
from warehouse.store import Warehouse


def told(store: Store) -> dict[str, list[tuple[object, ...]]]:
    names = ("dossiers", "clients", "client_changes", "check_results", "sync_runs", "client_dossiers")
    with store.reader() as db:
        return {name: sorted(db.execute(f"SELECT * FROM ledger.{name}").fetchall(), key=repr) for name in names}


def test_it_moves_whole(tmp_path: Path, postgres: Server) -> None:
    with listed("fid_manager_file", tmp_path) as dossier:
        dossier.sync()
        dossier.sandbox.show(office(dossier.row, 1).company)
        dossier.sync()
        old = dossier.house.warehouse
        assert isinstance(old, Warehouse)
        team = PostgresWarehouse(Secret(postgres.empty_database()))
        (tmp_path / "scratch").mkdir()
        assert move(old, team, tmp_path / "scratch") == 1
        assert told(team) == told(old)
        assert move(old, team, tmp_path / "scratch") == 1, "and can be repeated"
        assert told(team) == told(old)
        dossier.house = replace(dossier.house, warehouse=team)
        assert dossier.sync().status == "unchanged"
        dossier.sandbox.show(office(dossier.row, 2).company)
        assert dossier.sync().status == "synced"
        with team.reader() as db:
            returned = db.execute("SELECT count(*) FROM ledger.client_changes WHERE change = 'returned'").fetchall()
        assert returned == [(1,)]
        team.close()
