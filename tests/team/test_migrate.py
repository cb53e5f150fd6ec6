"""An embedded installation moves into Postgres whole, and can go on there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from assets.sync import SyncOptions, sync_dossier
from connectors.catalog import package
from foundation.errors import WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from portal.instance import PROJECT, write_instance_config
from resources.house import House
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.portal.cli import Cli
from tests.postgres import Server
from warehouse.postgres import moving
from warehouse.postgres.store import PostgresWarehouse
from warehouse.store import Warehouse

ROW = package("winbooks")
TABLES = (
    "dossiers", "fiscal_years", "periods", "accounts", "journals", "counterparties", "journal_lines", "trial_balances",
    "check_results", "sync_runs", "line_changes", "balance_changes", "balance_differences", "year_mapping",
)  # fmt: skip


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    """An embedded installation with history: two syncs, a corrected year, rules of mapping."""
    with linked(ROW, tmp_path) as found:
        write_instance_config(found.house.home)
        assert found.sync().status == "synced"
        found.sandbox.show(told_by(ROW, 1))
        assert found.sync().status == "synced"
        registry = found.house.registry
        registry.set_mapping_rule(found.dossier_id, "613*", "X22", why="rent", who="eva")
        registry.set_override(found.dossier_id, "2025", date(2025, 1, 1), date(2025, 12, 31), why="as it is")
        yield found


def told(store: PostgresWarehouse | Warehouse) -> dict[str, list[tuple[object, ...]]]:
    with store.reader() as db:
        return {name: sorted(db.execute(f"SELECT * FROM ledger.{name}").fetchall(), key=repr) for name in TABLES}


def migrate(dossier: Linked, database: str, ok: bool = True) -> str:
    return Cli(dossier.house.home.root)("migrate", "--to", database, ok=ok).err


def test_everything_moves_and_the_next_sync_goes_on_there(dossier: Linked, postgres: Server, tmp_path: Path) -> None:
    address = postgres.empty_database()
    done = migrate(dossier, address)
    assert "1 dossiers moved" in done
    assert "history is not moved" in done
    old = dossier.house
    assert isinstance(old.warehouse, Warehouse)
    team = House.open(Home(old.home.root, Secret(address)))
    assert isinstance(team.warehouse, PostgresWarehouse)
    assert told(team.warehouse) == told(old.warehouse)
    ours, theirs = old.registry, team.registry
    assert theirs.links() == ours.links()
    assert theirs.fiscal_years(dossier.dossier_id) == ours.fiscal_years(dossier.dossier_id)
    assert theirs.mapping_rules(dossier.dossier_id) == ours.mapping_rules(dossier.dossier_id)
    assert theirs.runs(dossier.dossier_id) == ours.runs(dossier.dossier_id)
    connection = ours.link(dossier.dossier_id).connection_id
    assert theirs.secrets(connection) == ours.secrets(connection)
    assert theirs.set_mapping_rule(dossier.dossier_id, "61*", "X23"), "numbers go on after those that were moved"
    dossier.sandbox.show(told_by(ROW, 2))
    outcome = sync_dossier(dossier.dossier_id, team, SyncOptions())
    assert outcome.status == "synced", outcome.error
    dossier.house = team
    assert_tells(dossier, told_by(ROW, 2))
    team.__exit__()


def test_it_can_be_repeated_until_the_database_is_used(dossier: Linked, postgres: Server) -> None:
    address = postgres.empty_database()
    migrate(dossier, address)
    dossier.sandbox.show(told_by(ROW, 2))
    assert dossier.sync().status == "synced"
    migrate(dossier, address)
    assert isinstance(dossier.house.warehouse, Warehouse)
    store = PostgresWarehouse(Secret(address))
    assert told(store) == told(dossier.house.warehouse)
    with House.open(Home(dossier.house.home.root, Secret(address))) as team:
        assert sync_dossier(dossier.dossier_id, team, SyncOptions(from_landing=True)).good
        kept = told(store)
    refused = migrate(dossier, address, ok=False)
    assert "It was used since, and nothing was moved" in refused
    assert told(store) == kept
    with pytest.raises(WrongInput, match="does not know, such as demo-winbooks"):
        moving.move(dossier.house.warehouse, store, dossier.house.home.scratch)
    store.close()


def test_what_did_not_arrive_whole_is_never_called_done(dossier: Linked, postgres: Server) -> None:
    """Somebody takes a line out behind the command's back."""
    address = postgres.database()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.line_no = 2 THEN RETURN NULL; END IF; RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER lose BEFORE INSERT ON ledger.stored_lines FOR EACH ROW EXECUTE FUNCTION lose()"
        )
    assert "journal_lines of demo-winbooks did not arrive whole" in migrate(dossier, address, ok=False)


def test_dagster_s_configuration_follows_unless_somebody_wrote_their_own(dossier: Linked, postgres: Server) -> None:
    file = dossier.house.home.dagster / "dagster.yaml"
    embedded = (PROJECT / "dagster.yaml").read_text()
    assert file.read_text() == embedded
    migrate(dossier, postgres.empty_database())
    assert file.read_text().startswith(embedded)
    assert "env: GRANDLIVRE_DATABASE_URL" in file.read_text()
    file.write_text("# mine\n")
    write_instance_config(Home(dossier.house.home.root, Secret("postgresql://h/d")))
    assert file.read_text() == "# mine\n"


def test_without_an_installation_or_a_database_it_says_what_is_missing(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "nothing")
    assert "no database is named" in cli("migrate", ok=False).err
    assert "no embedded installation" in cli("migrate", "--to", "postgresql://h/d", ok=False).err
    assert "not that of a Postgres" in cli("migrate", "--to", "mysql://u:hush@h/d", ok=False).err
