"""The contract that every administrative package keeps, in DuckDB and in Postgres: what it lists is in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.catalog import package
from tests.contract.dossier import Linked, linked


@pytest.mark.parametrize("slug", ["adminpulse", "fid_manager"])
def test_x(slug: str, tmp_path: Path) -> None:
    with linked(package(slug), tmp_path) as d:
        o = d.sync()
        assert o.status == "synced", o.error
        for r in d.query("SELECT * FROM ledger.clients ORDER BY code"):
            print(r)
        for r in d.query("SELECT * FROM ledger.client_dossiers"):
            print(r)
        print(o)
        assert d.sync().status == "unchanged"
        assert 0
