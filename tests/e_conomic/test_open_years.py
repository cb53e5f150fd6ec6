"""Years that wait for the closing of the one before have no opening entries: the whole flow, to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.contract import FiscalYear
from connectors.e_conomic.sandbox import EconomicSandbox
from connectors.sandbox.company import Company
from tests.contract.dossier import Linked, balances_loaded, balances_told, linked


class TwoOpenYears(Company):
    """The company whose second year is not closed yet."""

    @cached_property
    def years(self) -> tuple[FiscalYear, ...]:
        first, second, third = super().years
        return first, replace(second, closed=False), third


TOLD = TwoOpenYears("BE", entries_per_month=3, corrects_by_entries=True)


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    with linked(package("e_conomic"), tmp_path, TOLD) as found:
        yield found


@pytest.mark.parametrize("openings_in_totals", [True, False])
def test_a_year_after_an_open_one_carries_over_what_stood_before(dossier: Linked, openings_in_totals: bool) -> None:
    assert isinstance(dossier.sandbox, EconomicSandbox)
    dossier.sandbox.knobs.openings_in_totals = openings_in_totals
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert outcome.difference == 0
    opened = dossier.query("SELECT DISTINCT fiscal_year FROM ledger.journal_lines WHERE period_kind = 'opening'")
    assert set(opened) == {("2023/2024",), ("2025",)}
    assert balances_loaded(dossier, TOLD) == balances_told(TOLD, dossier.sandbox.tells)


def test_from_such_a_year_on_it_opens_with_the_totals_of_the_open_one(dossier: Linked) -> None:
    since = date(2026, 1, 1)
    registry, link = dossier.house.registry, dossier.house.registry.link(dossier.dossier_id)
    registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="from_date", transfer_date=since)
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert outcome.difference == 0
    assert balances_loaded(dossier, TOLD) == balances_told(TOLD, dossier.sandbox.tells, since)
    code = dossier.query("SELECT common_code, type FROM ledger.accounts WHERE number = 'RESULT-CARRIED'")
    assert code == [("E15", "equity")]
    assert dossier.sync().status == "unchanged"
