"""A firm with a Dagster instance of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.contract.dossier import linked
from tests.installation import dagster_storage
from tests.pipelines.firm import ROW, Firm


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(
        str(dagster_storage(tmp_path / "dagster")), overrides={"telemetry": {"enabled": False}}
    ) as instance:
        yield instance


@pytest.fixture
def firm(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[Firm]:
    with linked(ROW, tmp_path) as dossier:
        yield Firm(dossier, tmp_path, instance)
