"""What pages and command line ask of figures is answered alike by DuckDB and by a team's Postgres."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from connectors.catalog import package
from connectors.xero.sandbox import XeroSandbox
from foundation.secrets import Secret
from portal.operations import accounts, changes, figures, trial_balance
from tests.contract.client_lists import listed
from tests.contract.dossier import linked, told_by
from tests.postgres import Server
from warehouse.contract import Store
from warehouse.postgres.moving import move
from warehouse.postgres.store import PostgresWarehouse
from warehouse.store import Warehouse


def answers(store: Store, dossier: str) -> dict[str, Any]:
    with store.reader() as db:
        years = trial_balance.years(db, dossier)
        seen = changes.syncs_that_changed(db, dossier)
        syncs = [each["sync_id"] for each in seen]
        coded = accounts.mapped_accounts(db, dossier, limit=100)
        return {
            "facts": figures.facts(db, dossier),
            "checks": figures.checks(db, dossier),
            "differences": figures.differences(db, dossier),
            "names": figures.account_names(db, dossier, ["613200", "400000"]),
            "years": years,
            "balances": [trial_balance.trial_balance(db, dossier, year["label"]) for year in years],
            "some": trial_balance.trial_balance(db, dossier, "2025", differing=True, search="7", limit=2, offset=0),
            "totals": [trial_balance.totals(db, dossier, year["label"]) for year in years],
            "classes": trial_balance.by_class(db, dossier),
            "periods": trial_balance.lines_per_period(db, dossier, "2025"),
            "accounts": coded,
            "found": accounts.mapped_accounts(db, dossier, unmapped=True, doubtful=True, search="6", number="613200"),
            "counts": accounts.counts(db, dossier),
            "proposals": accounts.proposals(db, dossier, coded, "BE"),
            "seen": seen,
            "moved": changes.moved(db, dossier, syncs, lines=True, limit=500, offset=1),
            "counted": changes.counts(db, dossier, syncs),
            "per_sync": changes.per_sync(db, dossier, syncs),
            "tombstones": changes.tombstones(db, dossier, limit=10),
        }


def of_clients(store: Store, dossier: str) -> dict[str, Any]:
    with store.reader() as db:
        seen = changes.syncs_that_changed(db, dossier, clients=True)
        syncs = [each["sync_id"] for each in seen]
        return {
            "facts": figures.facts(db, dossier),
            "listed": changes.clients_listed(db, dossier),
            "moved": changes.moved_clients(db, dossier, syncs, limit=50),
            "per_sync": changes.per_sync(db, dossier, syncs, clients=True),
        }


def test_questions_on_books(tmp_path: Path, postgres: Server) -> None:
    row = package("xero")
    with linked(row, tmp_path) as dossier:
        cast(XeroSandbox, dossier.sandbox).knobs.revaluation = Decimal("42.10")
        dossier.sync()
        dossier.sandbox.show(told_by(row, 1))
        assert dossier.sync().status == "synced"
        old = dossier.house.warehouse
        assert isinstance(old, Warehouse)
        team = PostgresWarehouse(Secret(postgres.empty_database()))
        (tmp_path / "scratch").mkdir()
        move(old, team, tmp_path / "scratch")
        mine, theirs = answers(old, dossier.dossier_id), answers(team, dossier.dossier_id)
        team.close()
        for name, answer in mine.items():
            assert theirs[name] == answer, name
        assert mine["differences"]
        assert mine["moved"]
        assert mine["some"]


def test_questions_on_a_client_list(tmp_path: Path, postgres: Server) -> None:
    with listed("adminpulse", tmp_path) as dossier:
        dossier.sync()
        old = dossier.house.warehouse
        assert isinstance(old, Warehouse)
        team = PostgresWarehouse(Secret(postgres.empty_database()))
        (tmp_path / "scratch").mkdir()
        move(old, team, tmp_path / "scratch")
        assert of_clients(team, dossier.dossier_id) == of_clients(old, dossier.dossier_id)
        team.close()
