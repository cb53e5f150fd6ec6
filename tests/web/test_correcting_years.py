"""Fiscal years that support corrects: kept with who and why, figures made again without asking the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.figures import RIGHT, deeds, figures, told
from tests.web.stage import Stage


@pytest.fixture(scope="module")
def synced(shared_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with shared_stage.linked("verocount", tmp_path_factory.mktemp("synced")) as (_, dossier):
        shared_stage.sync(dossier)
        yield dossier


def test_a_year_is_corrected_by_support_and_the_package_is_not_asked(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero", tmp_path) as (sandbox, dossier):
        stage.sync(dossier)
        calls, support = sandbox.calls, stage.person("support")
        answer = support.post(f"/dossiers/{dossier}/years", page="/dossiers", **RIGHT)
        assert "The figures are being made again" in answer.text
        stage.launcher.wait()
        found = figures(support, dossier, "years")
        years = {year["label"]: (year["source"], year["start_date"], year["end_date"]) for year in found["years"]}
        assert years["2025"] == ("override", "2025-01-01", "2025-11-30")
        assert years["2026"] == ("override", "2025-12-01", "2026-12-31")
        assert {year["package_end_date"] for year in found["years"]} == {f"{y}-12-31" for y in (2024, 2025, 2026)}
        mine = next(each for each in found["corrections"] if each["label"] == "2025")
        assert (mine["who"], mine["why"], mine["active"]) == ("support Demo", "year end moved", True)
        tree = support.get(f"/dossiers/{dossier}/trust?year=2025").text
        assert "Support corrected this fiscal year" in tree
        assert "In Xero</th>" not in tree.partition('id="checks"')[0]
        assert figures(support, dossier, "syncs")[0]["trigger"] == "from_landing"
        alone = support.post(f"/dossiers/{dossier}/years/take-back", page="/dossiers", label="2026")
        assert alone.status_code == 422, "2026 was moved with 2025: alone it would leave a month in no year"
        support.post(f"/dossiers/{dossier}/years/take-back", page="/dossiers", label="2025")
        stage.launcher.wait()
        found = figures(support, dossier, "years")
        assert {year["source"] for year in found["years"]} == {"package"}
        assert {each["ended_by"] for each in found["corrections"]} == {"support Demo"}
        assert sandbox.calls == calls
        assert deeds(stage, dossier) == [("took_back_year", "support Demo"), ("corrected_year", "support Demo")]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"why": "  "}, "needs a reason"),
        ({"end": "soon"}, "is not a date"),
        ({"end": "2026-06-30", "move_neighbours": "false"}, "2026"),
        ({"label": "2031"}, "2031"),
        ({"start": "0001-01-01"}, "is no fiscal year"),
    ],
)
def test_a_year_that_cannot_be_is_told_in_the_form(
    shared_stage: Stage, synced: str, changed: dict[str, str], said: str
) -> None:
    support = shared_stage.person("support")
    answer = support.post(f"/dossiers/{synced}/years", page="/dossiers", **{**RIGHT, **changed})
    assert answer.status_code == 422
    assert said in answer.text
    assert shared_stage.house.registry.override_history(synced) == []


def test_a_year_that_a_sync_from_a_date_keeps_is_not_corrected(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        link = stage.house.registry.link(dossier)
        stage.house.registry.relink(
            dossier, link.connection_id, link.external_id, mode="from_date", transfer_date=told().years[2].start
        )
        answer = stage.person("support").post(f"/dossiers/{dossier}/years", page="/dossiers", **RIGHT)
        assert answer.status_code == 422
        assert "stands from before 2026-01-01" in answer.text
