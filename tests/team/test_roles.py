"""The roles of deploy/postgres/roles.sql: what each may, and that no more is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connectors.catalog import package
from foundation.errors import WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.postgres import Server
from warehouse.postgres.store import PostgresWarehouse

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "postgres" / "roles.sql"
ROW = package("winbooks")


@pytest.fixture
def name(postgres: Server) -> str:
    """A database that roles.sql was run in, twice, by somebody who is no superuser."""
    postgres.run(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'administrator') THEN "
        "CREATE ROLE administrator LOGIN CREATEROLE; END IF; END $$"
    )
    name = postgres.name_of(postgres.empty_database())
    postgres.run(f"ALTER DATABASE {name} OWNER TO administrator")
    for _ in range(2):
        with psycopg.connect(postgres.address(name, "administrator"), autocommit=True) as connection:
            connection.execute(ROLES.read_bytes())
    postgres.run(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'eva') THEN "
        "CREATE ROLE eva LOGIN IN ROLE grandlivre_analyst; END IF; END $$"
    )
    return name


@pytest.fixture
def dossier(name: str, postgres: Server, tmp_path: Path) -> Iterator[Linked]:
    """A dossier linked and synced by the loader, which is no superuser either."""
    with linked(ROW, tmp_path, database=postgres.address(name, "grandlivre_loader")) as found:
        outcome = found.sync()
        assert outcome.status == "synced", outcome.error
        yield found


def test_the_loader_needs_no_right_beyond_its_schemas(dossier: Linked, name: str, postgres: Server) -> None:
    assert_tells(dossier, told_by(ROW))
    with psycopg.connect(postgres.address(name, "grandlivre_loader"), autocommit=True) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchall()
        assert rights == [(False,) * 5]
        for attempt in ("CREATE SCHEMA more", "CREATE TABLE public.more (x int)", "CREATE ROLE more"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt.encode())
        assert connection.execute("SHOW search_path").fetchall() == [("dagster",)]


def test_an_analyst_reads_the_ledgers_and_nothing_else(dossier: Linked, name: str, postgres: Server) -> None:
    with PostgresWarehouse(Secret(postgres.address(name, "eva"))).reader() as db:
        assert db.execute("SELECT count(*) > 0, sum(closing) FROM trial_balance_year").fetchall() == [(True, 0)]
        assert db.execute("SELECT count(*) > 0 FROM ledger.general_ledger").fetchall() == [(True,)]
    for forbidden in (
        "SELECT * FROM registry.connections",
        "SELECT sealed_secrets FROM registry.connections",
        "DELETE FROM ledger.dossiers",
        "UPDATE ledger.stored_lines SET amount = 0",
        "TRUNCATE ledger.stored_lines",
        "CREATE TABLE ledger.mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
    ):
        connection = psycopg.connect(postgres.address(name, "eva"), autocommit=True)
        with connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(forbidden.encode())
        with pytest.raises(WrongInput, match="the query failed"), dossier.house.warehouse.reader() as db:
            db.execute(forbidden)


def test_a_query_of_the_loader_is_asked_as_an_analyst(dossier: Linked) -> None:
    with dossier.house.warehouse.reader() as db:
        assert db.execute("SELECT current_user::text").fetchall() == [("grandlivre_analyst",)]


def test_an_analyst_cannot_load(dossier: Linked, name: str, postgres: Server) -> None:
    store = PostgresWarehouse(Secret(postgres.address(name, "eva")))
    with pytest.raises(WrongInput, match="does not allow it") as refused:
        store.confirm(dossier.dossier_id, dossier.house.now())
    assert "roles.sql" in refused.value.next_step
    with pytest.raises(WrongInput, match="does not allow this role"):
        dossier.house.registry.open(Home(dossier.house.home.root, Secret(postgres.address(name, "eva"))))


def test_views_that_are_made_anew_stay_readable(dossier: Linked, name: str, postgres: Server) -> None:
    with psycopg.connect(postgres.address(name, "grandlivre_loader"), autocommit=True) as connection:
        connection.execute("COMMENT ON SCHEMA ledger IS 'older'")
        connection.execute("DROP VIEW ledger.freshness")
        connection.execute("CREATE VIEW ledger.freshness AS SELECT 1 AS old")
    PostgresWarehouse(Secret(postgres.address(name, "grandlivre_loader"))).create()
    with PostgresWarehouse(Secret(postgres.address(name, "eva"))).reader() as db:
        assert len(db.execute("SELECT lines FROM ledger.freshness").fetchall()) == 1
