"""What the pages of figures say of dossiers that are not sound, not fresh, or not small."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from connectors.catalog import package
from connectors.xero.sandbox import XeroSandbox
from portal.web.texts import Texts
from tests.contract.dossier import told_by
from tests.flow.test_planted_faults import Retold, an_entry
from tests.web.figures import PAGES, amount, balances, page, words
from tests.web.stage import Stage

DOCS = Path(__file__).parents[2] / "docs" / "warehouse.md"


def test_a_planted_difference_is_seen_side_by_side_with_its_cause(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero", tmp_path) as (sandbox, dossier):
        cast(XeroSandbox, sandbox).knobs.revaluation = Decimal("42.10")
        stage.sync(dossier)
        person = stage.person("accountant")
        tree = page(person, f"/dossiers/{dossier}/trust?year=2025&only=differences")
        rows = balances(tree)
        assert {account: (row[-1], amount(row[-2]) - amount(row[-3])) for account, row in rows.items()} == {
            "140000": ("42.10 revaluation", Decimal("-42.10")),
            "550100": ("-84.20 revaluation", Decimal("84.20")),
            "754000": ("42.10 revaluation", Decimal("-42.10")),
        }
        assert "3 accounts differ" in words(tree)
        assert "revaluation that it has not booked" in words(tree.xpath("//section[@aria-labelledby='proof']")[0])
        causes = tree.xpath("//section[@aria-labelledby='differences']//tbody/tr/td[last()]")
        assert {words(cell) for cell in causes} == {Texts("en")("trust.because.revaluation")}
        found = person.api("GET", f"/dossiers/{dossier}/checks").json()
        assert found["verdict"] == "revalued"
        assert {row["cause"] for row in found["differences"]} == {"revaluation"}


def test_figures_that_a_failed_sync_left_standing_say_so(stage: Stage, tmp_path: Path) -> None:
    row = package("winbooks")
    with stage.linked("winbooks", tmp_path, told_by(row, 1)) as (sandbox, dossier):
        stage.sync(dossier)
        person = stage.person("accountant")
        before = balances(page(person, f"/dossiers/{dossier}/trust"))
        assert "these figures are old ones" not in person.get(f"/dossiers/{dossier}/trust").text
        lines = list(told_by(row, 1).lines)
        lost = [line for line in lines if (line.entry, line.line_no) != (an_entry(lines), 1)]
        sandbox.show(Retold(told_by(row, 1).country, 1, told=tuple(lost)))
        with pytest.raises(AssertionError):
            stage.sync(dossier)
        tree = page(person, f"/dossiers/{dossier}/trust")
        assert "The latest sync failed: these figures are old ones." in words(tree)
        assert "The books do not add up" in words(tree)
        assert "entries_balance" in words(tree.xpath("//section[contains(@class, 'trouble')]")[0])
        assert balances(tree) == before
        history = page(person, f"/dossiers/{dossier}/history")
        assert "The books do not add up" in words(history.xpath("//tbody/tr[1]")[0])


def test_totals_say_everywhere_that_there_are_no_lines(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero_tb", tmp_path) as (_, dossier):
        stage.sync(dossier)
        tree = page(stage.person("accountant"), f"/dossiers/{dossier}/trust")
        assert "totals, without lines" in words(tree.xpath("//section[@aria-labelledby='proof']")[0])
        assert "there are no lines behind them" in words(tree.xpath("//section[@aria-labelledby='balance']")[0])
        assert "Closing (the package’s)" in words(tree)
        assert not tree.xpath("//a[contains(@href, '/export')]")
        refused = stage.person("analyst").api("GET", f"/dossiers/{dossier}/export?format=csv")
        assert (refused.status_code, "no lines" in refused.text) == (422, True)


def test_a_dossier_without_figures_says_so(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        person = stage.person("support")
        for name in PAGES[:3]:
            assert "There are no figures yet" in words(page(person, f"/dossiers/{dossier}/{name}"))
        assert "Nothing was synced yet" in words(page(person, f"/dossiers/{dossier}/history"))
        form = {"label": "2025", "start": "2025-01-01", "end": "2025-11-30", "why": "x", "move_neighbours": "true"}
        answer = person.post(f"/dossiers/{dossier}/years", page="/dossiers", **form)
        assert "The figures follow at the next sync" in answer.text
        assert stage.launcher.launched == []


def test_history_tells_who_asked_what_it_took_and_leads_to_the_run(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        support = stage.person("support")
        support.post(f"/dossiers/{dossier}/accounts", page="/dossiers", account="613200", code="X24", why="rent")
        stage.launcher.wait()
        tree = page(support, f"/dossiers/{dossier}/history")
        again, first = tree.xpath("//tbody/tr")
        assert "made again" in words(again)
        assert "support Demo" in words(again)
        assert "support Demo" not in words(first)
        links = again.xpath(".//a[contains(@href, '/runs/')]/@href")
        assert links == [f"{stage.settings.dagster_url}/runs/{run_of(stage, dossier)}"]
        assert not page(stage.person("analyst"), f"/dossiers/{dossier}/history").xpath("//a[contains(@href, '/runs/')]")


def run_of(stage: Stage, dossier: str) -> str | None:
    last = stage.house.registry.last_run(dossier)
    return last and last.dagster_run_id


def test_the_age_of_figures_is_drawn_once_they_were_read_twice(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        person = stage.person("analyst")
        assert page(person, f"/dossiers/{dossier}/history").xpath("//svg") == []
        stage.sync(dossier)
        [chart] = page(person, f"/dossiers/{dossier}/history").xpath("//svg")
        assert "Read 2 times" in words(chart)


def test_long_lists_come_in_pages(stage: Stage, tmp_path: Path) -> None:
    """More accounts than a page holds, told from the warehouse's own tables."""
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        add_accounts(stage, dossier, 450)
        person = stage.person("analyst")
        first = page(person, f"/dossiers/{dossier}/accounts?search=99")
        assert len(first.xpath("//table[contains(@class, 'figures')]/tbody/tr")) == 200
        [second] = first.xpath("//a[@rel='next']/@href")
        last = page(person, page(person, second).xpath("//a[@rel='next']/@href")[0])
        assert len(last.xpath("//table[contains(@class, 'figures')]/tbody/tr")) == 50
        assert not last.xpath("//a[@rel='next']")


def add_accounts(stage: Stage, dossier: str, count: int) -> None:
    import duckdb

    from warehouse.store import Warehouse

    warehouse = cast(Warehouse, stage.house.warehouse)
    with duckdb.connect(str(warehouse.live)) as db:
        db.execute(
            "INSERT INTO ledger.accounts BY NAME SELECT ? AS dossier_id, (990000 + i)::VARCHAR AS number, "
            "'More' AS name, 'U99' AS common_code, 'unmapped' AS mapping_rule FROM range(?) r(i)",
            [dossier, count],
        )
    warehouse.publish()
