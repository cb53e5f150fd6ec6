"""The registry on a real Postgres, given by its address and nothing else."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from foundation.errors import Busy, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry.locks import Locks
from registry.models import Base
from registry.store import Registry
from registry.vault import Vault
from tests.landed import Clock
from tests.postgres import Server
from tests.registry import worker
from tests.registry.test_budgets import opened, share_out
from tests.registry.vendor import TokenEndpoint


@pytest.fixture
def home(tmp_path: Path, postgres: Server) -> Home:
    return Home(tmp_path / "state", Secret(postgres.empty_database()))


@pytest.fixture
def registry(home: Home) -> Iterator[Registry]:
    with Registry.open(home, vault=Vault.of(home, environ={})) as opened:
        yield opened


def test_everything_works_the_same_on_postgres(registry: Registry) -> None:
    made = registry.add_connection("xero", "Vandamme", secrets={"refresh_token": Secret("r1"), "key": Secret("hush")})
    link = registry.add_link(made.id, "t", code="1042", name="Bakkerij Janssens")
    with pytest.raises(WrongInput, match="linked already"):
        registry.add_link(made.id, "t", code="1", name="A")
    moved = registry.relink(link.dossier_id, made.id, "t2", mode="from_date", transfer_date=date(2024, 1, 1))
    assert registry.links() == [registry.link(link.dossier_id)] == [moved]
    registry.record_package_years(link.dossier_id, [])
    registry.set_override(link.dossier_id, "2024", date(2024, 1, 1), date(2024, 12, 31))
    registry.set_override(link.dossier_id, "2024", date(2024, 1, 1), date(2025, 6, 30))
    assert [year.end_date for year in registry.fiscal_years(link.dossier_id)] == [date(2025, 6, 30)]
    for code in ("X22", "X23"):
        registry.set_mapping_rule(link.dossier_id, "613*", code)
        registry.set_mapping_rule(link.dossier_id, "613*", code, firm=True)
    assert [(rule.code, rule.dossier_id) for rule in registry.mapping_rules(link.dossier_id)] == [
        ("X23", link.dossier_id),
        ("X23", None),
    ]
    registry.set_health(made.id, "expiring", "hush", expires_at=datetime(2025, 6, 1, tzinfo=UTC))
    assert registry.connection(made.id).expires_at == datetime(2025, 6, 1, tzinfo=UTC)
    assert registry.connection(made.id).health_detail == "***"
    sync_id = registry.start_run(link.dossier_id, moved.link_id, "nightly", "from_date", date(2024, 1, 1))
    registry.finish_run(sync_id, "failed", rows_read=5_000_000_000, error_kind="bug", error_message="hush")
    assert [run.error_message for run in registry.failed_now("xero")] == ["***"]
    assert [each.figures_as_of for each in registry.stale("xero", timedelta(0))] == [None]
    tokens = registry.tokens(made.id)
    with tokens.exclusive():
        tokens.save({"refresh_token": "r2"})
    assert registry.rotate_vault() == 1
    assert tokens.read() == {"refresh_token": "r2"}


def test_migrations_lead_to_the_tables_of_the_models_on_postgres(registry: Registry) -> None:
    with registry._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_id_taken_at_the_same_moment_is_something_to_try_again(registry: Registry) -> None:
    made = registry.add_connection("yuki", "Vandamme")
    refused: list[str] = []

    def link(external_id: str) -> None:
        try:
            registry.add_link(made.id, external_id, code="1", name="A")
        except Busy as error:
            refused.append(error.cause)

    threads = [threading.Thread(target=link, args=[str(n)]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [each.dossier_id for each in registry.links()]
    assert len(set(kept)) == len(kept) == 6 - len(refused)
    assert set(refused) <= {"somebody else registered the same at the same moment"}


@pytest.fixture
def elsewhere(home: Home, registry: Registry) -> Home:
    """The same team on another host: its database and key, and a folder of its own."""
    registry.vault.create()
    other = Home(home.root.parent / "elsewhere", home.database)
    other.create()
    shutil.copy(home.vault_key, other.vault_key)
    return other


def test_two_hosts_do_not_sync_one_dossier_at_once(home: Home, elsewhere: Home) -> None:
    here, there = Locks(home), Locks(elsewhere)
    with here.dossier("1042-bakkerij"), here.dossier("1043-slagerij"):
        with pytest.raises(Busy, match="another sync of this dossier is running"), there.dossier("1042-bakkerij"):
            pass
        with there.dossier("1044-kapper"):
            pass
    with there.dossier("1042-bakkerij"), pytest.raises(Busy, match="on another host"), here.dossier("1042-bakkerij"):
        pass
    here.close()
    there.close()


def test_a_lock_of_a_host_that_died_is_free(home: Home, elsewhere: Home) -> None:
    holder = worker.start("hold_dossier", home)
    locks = Locks(elsewhere)
    with pytest.raises(Busy), locks.dossier("1042-bakkerij"):
        pass
    worker.go(holder)
    deadline = time.monotonic() + 20  # the server sees that the session ended
    while True:
        try:
            with locks.dossier("1042-bakkerij"):
                break
        except Busy:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    locks.close()


def test_a_lock_can_be_taken_again_after_its_session_was_lost(home: Home, registry: Registry) -> None:
    locks = registry.locks
    with locks.dossier("1042-bakkerij"), registry.writing() as session:
        session.connection().exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database() AND query LIKE '%%advisory%%'"
        )
    with locks.dossier("1042-bakkerij"):
        pass


def test_hosts_and_processes_renew_a_token_once(home: Home, elsewhere: Home, registry: Registry) -> None:
    made = registry.add_connection("xero", "Vandamme", secrets={"client_id": Secret("app")})
    assert made.id == "xero-vandamme"
    first = TokenEndpoint(home.root / "vendor.json").start()
    (elsewhere.root / "vendor.json").symlink_to(home.root / "vendor.json")
    tokens = registry.tokens(made.id)
    with tokens.exclusive():
        tokens.save({"refresh_token": first})
    processes = [*worker.start("renew", home, 2), *worker.start("renew", elsewhere, 2)]
    assert len(set(worker.go(processes))) == 1


def test_the_registry_keeps_to_its_schema(registry: Registry, home: Home) -> None:
    registry.ensure_firm("Vandamme")
    with registry.reading() as session:
        found = session.connection().exec_driver_sql(
            "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name IN ('firms', "
            "'alembic_version')"
        )
        assert found.fetchall() == [("registry",)]


def test_calls_are_given_once_to_all_who_share_them(home: Home, elsewhere: Home) -> None:
    with opened(home, Clock()) as one, opened(elsewhere, Clock()) as other:
        assert share_out([one, other], 100) == 100
        assert {(each.window, each.left) for each in one.budgets.standing()} == {("day", 0), ("firmday", 0)}
