"""The list of dossiers is complete and fresh, and costs next to nothing where nothing changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agent.survey import FOLDERS_EVERY_SECONDS, Survey
from connectors.winbooks.second_dossier import write_second_dossier
from tests.agent.ground import Ground, configure, write_books


def new(ground: Ground) -> Survey:
    return Survey(ground.settings.sources, ground.spool.index, ground.clock, ground.opened)


@pytest.fixture
def surveyed(tmp_path: Path) -> Ground:
    """A service with three dossiers that nobody surveyed yet."""
    root = write_books(tmp_path / "books")
    write_second_dossier(root / "CAFE")
    (tmp_path / "service" / "spool").mkdir(parents=True)
    return Ground(configure(tmp_path / "service", "https://hub.example.com", root))


def root_of(ground: Ground) -> Path:
    root = ground.settings.sources[0].root
    assert root
    return root


def names(survey: Survey) -> list[str]:
    return [dossier.external_id for dossier in survey.sources()[0].dossiers]


def test_what_is_reported_is_what_the_room_discovers(surveyed: Ground) -> None:
    surveyed.survey.complete()
    (source,) = surveyed.survey.sources()
    assert source.trouble is None
    connector = surveyed.opened(surveyed.settings.sources[0])
    assert [(d.external_id, d.code, d.name, d.vat_number, d.currency, d.country) for d in source.dossiers] == [
        (d.external_id, d.code, d.name, d.vat_number, d.currency, d.country) for d in connector.discover()
    ]
    for dossier in source.dossiers:
        found = [(year.label, year.start, year.end, year.closed) for year in dossier.years]
        assert found == [(y.label, y.start, y.end, y.closed) for y in connector.fiscal_years(dossier.external_id)]
        assert found


def test_only_folders_that_changed_are_looked_into_again(surveyed: Ground) -> None:
    surveyed.survey.complete()
    first = surveyed.survey.looked_into
    assert first >= 3
    surveyed.clock.seconds += FOLDERS_EVERY_SECONDS
    surveyed.survey.complete()
    assert surveyed.survey.looked_into == first
    os.utime(root_of(surveyed) / "CAFE" / "CAFE_ACT.DBF", ns=(1, 1))
    write_second_dossier(root_of(surveyed) / "DEUX")
    shutil.rmtree(root_of(surveyed) / "BROU_2")
    surveyed.survey.complete()
    assert surveyed.survey.looked_into == first  # not yet due
    surveyed.clock.seconds += FOLDERS_EVERY_SECONDS
    surveyed.survey.complete()
    assert surveyed.survey.looked_into == first + 2
    assert names(surveyed.survey) == ["ATELIER", "CAFE", "DEUX"]


def test_a_restart_knows_what_was_seen(surveyed: Ground) -> None:
    surveyed.survey.complete()
    again = new(surveyed)
    assert names(again) == ["ATELIER", "BROU_2", "CAFE"]  # before it has looked
    again.complete()
    assert again.looked_into == 0


@pytest.mark.parametrize("content", [b"", b"{]", b'{"winbooks": 3}', b"\x00" * 100])
def test_a_damaged_index_is_made_anew(content: bytes, surveyed: Ground) -> None:
    surveyed.survey.complete()
    surveyed.spool.index.write_bytes(content)
    again = new(surveyed)
    again.complete()
    assert names(again) == ["ATELIER", "BROU_2", "CAFE"]


def test_other_settings_look_again(surveyed: Ground) -> None:
    surveyed.survey.complete()
    more = surveyed.config.read_text() + "language = '2'\n"
    surveyed.config.write_text(more)
    again = new(Ground(surveyed.config, surveyed.clock))
    again.complete()
    assert again.looked_into == surveyed.survey.looked_into


def test_a_share_that_is_not_mounted_hides_no_dossier(surveyed: Ground) -> None:
    surveyed.survey.complete()
    root = root_of(surveyed)
    for gone, words in ((lambda: root.mkdir(), "no folder any more"), (lambda: None, "cannot be reached")):
        kept = root.rename(root.with_name("kept"))
        gone()
        surveyed.clock.seconds += FOLDERS_EVERY_SECONDS
        surveyed.survey.complete()
        (source,) = surveyed.survey.sources()
        assert words in (source.trouble or "")
        assert names(surveyed.survey) == ["ATELIER", "BROU_2", "CAFE"]
        if root.exists():
            root.rmdir()
        kept.rename(root)
    surveyed.clock.seconds += FOLDERS_EVERY_SECONDS
    surveyed.survey.complete()
    assert surveyed.survey.sources()[0].trouble is None


def test_a_dossier_that_cannot_be_looked_into_now_stays_and_is_looked_into_next_time(surveyed: Ground) -> None:
    surveyed.survey.complete()
    param = root_of(surveyed) / "CAFE" / "CAFE_PARAM.DBF"
    whole = param.read_bytes()
    param.write_bytes(whole[:40])
    surveyed.clock.seconds += FOLDERS_EVERY_SECONDS
    surveyed.survey.complete()
    assert names(surveyed.survey) == ["ATELIER", "BROU_2", "CAFE"]
    param.write_bytes(whole)
    surveyed.clock.seconds += FOLDERS_EVERY_SECONDS
    surveyed.survey.complete()
    assert surveyed.survey.sources()[0].dossiers[-1].years


@pytest.mark.parametrize("slug", ["expertm", "sage_bob", "sage50"])
def test_a_folder_of_another_package_is_looked_into_when_it_changed_alone(slug: str, tmp_path: Path) -> None:
    from connectors.catalog import package
    from connectors.sandbox.stage import company_of, open_sandbox

    row = package(slug)
    with open_sandbox(row, company_of(row), tmp_path / "books") as sandbox:
        root = Path(sandbox.settings["root"])
        shutil.copytree(root / sandbox.external_id, root / "ZEBRA")
        config = configure(tmp_path / "service", "https://hub.example.com", None)
        source = f"[[source]]\nname = 'books'\nsoftware = '{slug}'\nroot = '{root}'\n"
        config.write_text(config.read_text() + source)
        (tmp_path / "service" / "spool").mkdir()
        ground = Ground(config)
        connector = ground.opened(ground.settings.sources[0])
        ground.survey.complete()
        assert names(ground.survey) == [ref.external_id for ref in connector.discover()]
        assert {sandbox.external_id, "ZEBRA"} <= set(names(ground.survey))
        assert all(dossier.years for dossier in ground.survey.sources()[0].dossiers)
        again = new(ground)
        again.complete()
        assert again.looked_into == 0
        next((root / "ZEBRA").iterdir()).touch()
        ground.clock.seconds += FOLDERS_EVERY_SECONDS
        again.complete()
        assert again.looked_into == 1
        shutil.rmtree(root / "ZEBRA")
        ground.clock.seconds += FOLDERS_EVERY_SECONDS
        again.complete()
        assert "ZEBRA" not in names(again)
        assert again.looked_into == 1


def test_looking_is_reading(surveyed: Ground) -> None:
    """Nothing below the root differs after a survey and a reading, times included."""

    def state() -> list[tuple[str, int, int]]:
        paths = sorted(root_of(surveyed).rglob("*"))
        return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]

    before = state()
    surveyed.survey.complete()
    assert state() == before
