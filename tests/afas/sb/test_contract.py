"""The contract that every available package keeps, kept by AFAS SB: it has no row of its own in the catalog, and so
the suite's tests are run for its sandbox here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.package import Package
from tests.contract import test_every_package, test_totals
from tests.contract.dossier import Linked, linked

ROW = replace(package("afas"), room="connectors.afas.sb")  # whose sandbox is told by, and connects with, edition=sb
globals().update({name: test for name, test in vars(test_every_package).items() if name.startswith("test_")})


@pytest.fixture
def row() -> Package:
    return ROW


@pytest.fixture
def dossier(row: Package, tmp_path: Path) -> Iterator[Linked]:
    with linked(row, tmp_path) as found:
        yield found


def test_the_suite_is_run_against_sb(dossier: Linked) -> None:
    assert dossier.house.registry.connections()[0].settings["edition"] == "sb"
    assert dossier.sync().status == "synced"
    assert any("/api/journalentries?" in request for request in vars(dossier.sandbox)["vendor"].requests)


def test_totals_are_the_package_s_own_balances(row: Package, tmp_path: Path) -> None:
    test_totals.test_totals_are_the_package_s_own_balances(row, tmp_path)
