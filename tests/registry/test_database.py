from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from foundation.errors import Busy, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry import upgrade
from registry.database import for_writing, open_engine
from registry.locks import held
from registry.models import Base
from registry.store import Link, Registry
from registry.vault import Vault
from tests.registry import worker


def test_migrations_lead_to_the_tables_of_the_models(home: Home) -> None:
    home.create()
    engine = open_engine(home)
    upgrade.upgrade(engine, home)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        scripts = ScriptDirectory.from_config(upgrade.configuration(connection))
        assert scripts.get_heads() == [upgrade.newest()] == [upgrade.standing(connection)]
        made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%UNIQUE%'")).all()
    with_conditions = {name for name, sql in made if re.search(r"WHERE active", sql)}
    assert with_conditions == {
        "one_link_per_dossier",
        "one_link_per_external_id",
        "one_override_per_year",
        "one_rule_per_account_of_a_dossier",
        "one_rule_per_account_of_a_firm",
    }
    engine.dispose()


def test_every_version_can_be_taken_back(home: Home) -> None:
    home.create()
    engine = open_engine(home)
    upgrade.upgrade(engine, home)
    with for_writing(engine).begin() as connection:
        command.downgrade(upgrade.configuration(connection), "base")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM sqlite_master WHERE name LIKE 'links%'")).all() == []
    engine.dispose()


def test_a_registry_opened_again_is_as_it_was_left(home: Home, registry: Registry, link: Link) -> None:
    with Registry.open(home, vault=Vault.of(home, environ={})) as again:
        assert again.link(link.dossier_id) == link


def test_a_registry_of_a_newer_version_is_refused(home: Home, registry: Registry) -> None:
    with registry.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongInput, match="at version 9999, newer than this program"):
        Registry.open(home)


def test_a_file_that_is_no_database_is_explained(home: Home) -> None:
    home.create()
    home.registry.write_bytes(b"this is a spreadsheet, really" * 100)
    with pytest.raises(WrongInput, match="put it back from a backup"):
        Registry.open(home)


@pytest.mark.parametrize("url", ["postgres", "oracle+nothing://u:hunter2@h/x", "mysql+nodriver://u:hunter2@h/x"])
def test_an_address_that_cannot_be_one_is_refused_without_its_password(home: Home, url: str) -> None:
    with pytest.raises(WrongInput, match="address of the database") as refused:
        Registry.open(Home(home.root, Secret(url)))
    assert "hunter2" not in str(refused.value)


def test_a_server_that_does_not_answer_is_something_to_wait_for(home: Home) -> None:
    with pytest.raises(Busy, match="does not answer") as refused:
        Registry.open(Home(home.root, Secret("postgresql+psycopg2://eva:hunter2@127.0.0.1:9/grandlivre")))
    assert "hunter2" not in str(refused.value)


def test_a_block_that_raises_leaves_nothing(registry: Registry) -> None:
    registry.ensure_firm("Vandamme")

    def break_off() -> None:
        with registry.writing() as session:
            session.execute(text("DELETE FROM firms"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert len(registry.firms()) == 1


def test_readers_do_not_wait_for_a_writer_and_see_what_was_committed(home: Home, registry: Registry) -> None:
    registry.ensure_firm("Vandamme")
    with registry.writing() as session, Registry.open(home) as reader:
        session.execute(text("DELETE FROM firms"))
        assert len(reader.firms()) == 1
    assert registry.firms() == []


def test_a_database_kept_by_another_process_is_busy(home: Home, registry: Registry) -> None:
    with Registry.open(home) as other:
        with other.reading() as session:
            session.execute(text("PRAGMA busy_timeout = 0"))  # not to wait half a minute
        with registry.writing(), pytest.raises(Busy, match="has kept the registry"), other.writing():
            pass
        assert other.ensure_firm("Vandamme").firm_id == "vandamme"


def test_a_new_file_is_put_into_wal_mode_by_one_process_while_the_others_wait(home: Home) -> None:
    home.create()
    with ThreadPoolExecutor(1) as other:
        with held(home.locks / "registry.lock", timeout=0, busy="busy"):
            opening = other.submit(open_engine, home)
            with pytest.raises(TimeoutError):
                opening.result(timeout=0.3)
            assert home.registry.stat().st_size == 0
        with opening.result(timeout=10).connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    opening.result().dispose()
    assert home.registry.stat().st_size > 0


def test_eight_processes_open_a_new_installation_at_once_and_write_without_losing_anything(home: Home) -> None:
    answers = worker.go(worker.start("register", home, 8))
    with Registry.open(home, vault=Vault.of(home, environ={})) as registry:
        assert [firm.firm_id for firm in registry.firms()] == ["vandamme"]
        connections = registry.connections()
        assert len({connection.id for connection in connections}) == 8
        assert {registry.secrets(connection.id)["access_key"].reveal() for connection in connections} == {
            "key-of-vandamme"
        }
        assert sorted(answers) == [link.dossier_id for link in registry.links()]
        assert len(set(answers)) == 8
        assert [run.status for run in registry.runs(limit=1000)] == ["synced"] * 80
