"""Fresh figures asked for: by the arrows, for many at once, with a word that an empty dossier is right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sandbox.stage import company_of
from foundation.errors import Wait
from portal.web.formats import Formats
from registry.store import Link
from tests.web.stage import Stage, until
from tests.web.test_dossiers import Firm


@pytest.fixture
def few(stage: Stage) -> Firm:
    """Three dossiers at a folder that a vendor's package is read from."""
    registry = stage.house.registry
    nowhere = registry.add_connection("verocount", "Demo", settings={"root": str(stage.house.home.root / "gone")})
    return Firm(
        stage, {str(n): registry.add_link(nowhere.id, str(n), code=str(n), name=f"Dossier {n}") for n in range(3)}
    )


def test_many_are_refreshed_at_once_and_those_under_way_left_alone(few: Firm) -> None:
    stage, person = few.stage, few.stage.person("accountant")
    ids = [link.dossier_id for link in few.links.values()]
    few.stage.house.registry.note_asked(ids[:1], "somebody")
    chosen = person.session.post(
        f"{person.address}/dossiers/refresh",
        data={"csrf": person.csrf("/dossiers"), "dossier": ids, "back": "/dossiers?sort=code"},
        timeout=60,
    )
    assert chosen.url.endswith("/dossiers?sort=code&said=asked")
    assert stage.launcher.launched == [(ids[1:], {"from_landing": False, "accept_empty": False})]
    (deed,) = stage.house.registry.deeds(person.user.firm_id)  # type: ignore[union-attr]
    assert (deed.what, deed.details["count"]) == ("refreshed_many", "2")
    assert not stage.house.registry.links(wanted_first_sync=True)[1:], "the sensor would sync them again"
    assert "No dossier was ticked" in person.post("/dossiers/refresh", page="/dossiers").text


def test_all_that_are_found_are_refreshed_once_confirmed(few: Firm) -> None:
    person = few.stage.person("accountant")
    form = {"everything": "yes", "search": "dossier 2"}
    assert "asked for 1 dossier." in person.post("/dossiers/refresh", page="/dossiers", **form).text
    assert few.stage.launcher.launched == []
    person.post("/dossiers/refresh", page="/dossiers", confirmed="yes", **form)
    assert few.stage.launcher.launched[0][0] == [few.links["2"].dossier_id]


def test_where_dagster_does_not_answer_nothing_is_awaited(few: Firm) -> None:
    few.stage.launcher.trouble = Wait("Dagster, which runs the syncs, does not answer")
    person, ours = few.stage.person("accountant"), few.links["0"].dossier_id
    answer = person.post(f"/dossiers/{ours}/refresh", page="/dossiers")
    assert answer.status_code == 503
    assert "Not now" in answer.text
    assert person.api("GET", f"/dossiers/{ours}/progress").json()["status"] == "linked"
    assert few.stage.house.registry.deeds(person.user.firm_id) == []  # type: ignore[union-attr]


def test_a_sync_that_is_over_before_it_is_noted_is_not_awaited(few: Firm) -> None:
    def at_once(links: Sequence[Link], **_: bool) -> dict[str, str]:
        few.run("0", "synced")
        return {link.dossier_id: "a-run" for link in links}

    few.stage.launcher.launch = at_once  # type: ignore[method-assign]
    person, ours = few.stage.person("accountant"), few.links["0"].dossier_id
    person.post(f"/dossiers/{ours}/refresh", page="/dossiers")
    assert person.api("GET", f"/dossiers/{ours}/progress").json()["status"] == "synced"


def test_a_sync_that_waits_says_for_what_and_until_when(few: Firm) -> None:
    registry, person, link = few.stage.house.registry, few.stage.person("accountant"), few.links["0"]
    sync_id = registry.start_run(link.dossier_id, link.link_id, "manual", link.mode)
    later = registry.now() + timedelta(minutes=30)
    registry.note_progress(link.dossier_id, sync_id, "lines", 1234, later)
    path = f"/dossiers/{link.dossier_id}"
    page = person.get(path).text
    assert f"Waiting until {Formats('en').moment(later)}" in page
    assert "1,234 rows" in page
    assert f'data-poll="{path}/progress"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert person.api("GET", f"{path}/progress").json()["waits_until"] == later.isoformat().replace("+00:00", "Z")
    registry.note_progress(link.dossier_id, sync_id, "waiting for the service", 0)
    assert "Waiting for the service on the firm" in person.get(f"{path}/stage").text
    registry.note_progress(link.dossier_id, sync_id, "normalize", 0)
    assert "Putting it in one form" in person.get(f"{path}/progress").text
    registry.finish_run(sync_id, "failed", error_kind="vendor_down", error_message="it went away")
    assert 'data-then="reload"' in person.get(f"{path}/progress").text
    assert "Try again" in person.get(path).text


def test_an_empty_dossier_is_confirmed_by_its_button(few: Firm) -> None:
    few.run("0", "failed", error_kind="empty", error_message="it has no lines any more")
    person, ours = few.stage.person("accountant"), few.links["0"].dossier_id
    assert 'name="accept_empty" value="yes"' in person.get(f"/dossiers/{ours}").text
    person.post(f"/dossiers/{ours}/refresh", page=f"/dossiers/{ours}", accept_empty="yes")
    assert few.stage.launcher.launched == [([ours], {"from_landing": False, "accept_empty": True})]
    (deed,) = few.stage.house.registry.deeds(person.user.firm_id)  # type: ignore[union-attr]
    assert deed.what == "accepted_empty"


def test_an_unlinked_dossier_leaves_the_list_once_confirmed(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("exact_online_be", tmp_path) as (_, dossier_id):
        stage.sync(dossier_id)
        person = stage.person("accountant")
        assert person.post(f"/dossiers/{dossier_id}/unlink", page="/dossiers").status_code == 422
        assert (
            "Unlinked. The figures stay."
            in person.post(f"/dossiers/{dossier_id}/unlink", page="/dossiers", confirmed="yes").text
        )
        assert person.get(f"/dossiers/{dossier_id}").status_code == 404
        with stage.house.warehouse.reader() as db:
            assert db.execute("SELECT status FROM ledger.dossiers").fetchall() == [("unlinked",)]


def test_what_a_sync_changed_is_told_on_the_dossiers_page(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("exact_online_be", tmp_path) as (sandbox, dossier_id):
        stage.sync(dossier_id)
        sandbox.show(company_of(package("exact_online_be"), 1))
        person = stage.person("support")
        person.post(f"/dossiers/{dossier_id}/refresh", page=f"/dossiers/{dossier_id}")
        until(lambda: person.api("GET", f"/dossiers/{dossier_id}/progress").json()["status"] == "synced")
        page = person.get(f"/dossiers/{dossier_id}").text
        with stage.house.warehouse.reader() as db:
            counts = dict(db.execute("SELECT change, count(*) FROM ledger.line_changes GROUP BY 1").fetchall())
        assert counts["added"] > 1
        assert f"{counts['added']} lines were added" in page
        assert "balances moved" in page
        assert f"/dossiers/{dossier_id}/trust" in page
        assert f"{stage.settings.dagster_url}/runs/" in page, "support sees the run"
        assert "/runs/" not in stage.person("accountant").get(f"/dossiers/{dossier_id}").text
