"""Linking a dossier: chosen from the package's list or typed, from a date, whole or in totals; moved, and let go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.catalog import package
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from foundation.errors import Wait
from foundation.secrets import Secret
from tests.hub.service import Server, Service, serving
from tests.web.stage import OTHER_FIRM, Person, Stage, until


@contextmanager
def connected(stage: Stage, slug: str, folder: Path) -> Iterator[tuple[Sandbox, str]]:
    """A package's sandbox, connected for the firm "Demo", with nothing linked: the sandbox, and the connection's id."""
    row = package(slug)
    (folder / slug).mkdir()
    with open_sandbox(row, company_of(row), folder / slug) as sandbox:
        secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
        settings = row.complete_settings(sandbox.settings)
        yield sandbox, stage.house.registry.add_connection(slug, "Demo", row.name, settings, secrets).id


@pytest.fixture
def exact(stage: Stage, tmp_path: Path) -> Iterator[tuple[Sandbox, str]]:
    with connected(stage, "exact_online_be", tmp_path) as made:
        yield made


def synced(person: Person, dossier_id: str) -> dict[str, object]:
    """The dossier, once its sync is over."""

    def over() -> dict[str, object] | None:
        told = person.api("GET", f"/dossiers/{dossier_id}").json()
        return told if told["status"] not in ("asked", "running", "linked") else None

    return until(over)


def save(person: Person, page: str, **form: str) -> str:
    """Saves the form of that page; the id of the dossier that it leads to."""
    answer = person.post(urlsplit(page).path, page=page, **form)
    assert answer.status_code == 200, answer.text
    assert parse_qs(urlsplit(answer.url).query)["said"] == ["linked"]
    return urlsplit(answer.url).path.rpartition("/")[2]


def lines(stage: Stage) -> list[tuple[str, int]]:
    with stage.house.warehouse.reader() as db:
        return db.execute("SELECT fiscal_year, count(*) FROM ledger.journal_lines GROUP BY 1 ORDER BY 1").fetchall()


def test_the_package_is_asked_for_its_list_at_first_and_when_wanted(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    sandbox, connection = exact
    person, page = stage.person("accountant"), f"/dossiers/new?connection={connection}"
    assert f"&amp;dossier={sandbox.external_id}" in person.get(page).text
    asked = sandbox.calls
    assert "No dossier fits" in person.get(f"{page}&search=zzz").text
    assert person.api("GET", f"/connections/{connection}/dossiers?search=zzz").json()["total"] == 0
    assert sandbox.calls == asked, "what was told is kept"
    assert "The list was read again" in person.post("/dossiers/new/list", page=page, connection=connection).text
    assert sandbox.calls > asked
    assert person.api("GET", f"/connections/{connection}/dossiers?refresh=true").json()["total"] > 1


def test_only_first_days_of_fiscal_years_are_offered(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    sandbox, connection = exact
    person, page = stage.person("accountant"), f"/dossiers/new?connection={connection}&dossier={sandbox.external_id}"
    text = person.get(page).text
    told = company_of(package("exact_online_be"))
    assert text.count("<option value=") == len(told.years)
    assert all(f'<option value="{year.start}"' in text for year in told.years)
    form = {"connection": connection, "dossier": sandbox.external_id, "mode": "from_date", "since": "2025-02-01"}
    answer = person.post("/dossiers/new", page=page, **form)
    assert answer.status_code == 422
    assert "is not the first day of a fiscal year" in answer.text
    assert stage.house.registry.links() == []


def test_a_dossier_is_linked_from_a_date_then_changed_to_all_of_it(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    sandbox, connection = exact
    person = stage.person("accountant")
    page = f"/dossiers/new?connection={connection}&dossier={sandbox.external_id}"
    since = company_of(package("exact_online_be")).years[1].start
    form = {"connection": connection, "dossier": sandbox.external_id}
    dossier_id = save(person, page, **form, mode="from_date", since=str(since), dossier_id="chosen-id")
    assert dossier_id == "chosen-id"
    first = synced(person, dossier_id)
    assert (first["status"], first["mode"], first["transfer_date"]) == ("synced", "from_date", str(since))
    years = len(lines(stage))
    link = stage.house.registry.link(dossier_id)
    assert not link.wanted_first_sync
    assert f"linked already as {dossier_id}" in person.get(f"/dossiers/new?connection={connection}").text
    assert "linked already" in person.get(page).text
    assert save(person, f"/dossiers/{dossier_id}/setup", **form, mode="replace", since=str(since)) == dossier_id
    whole = synced(person, dossier_id)
    assert (whole["status"], whole["mode"], whole["transfer_date"]) == ("synced", "replace", None)
    assert len(lines(stage)) == years + 1
    deeds = [deed.what for deed in stage.house.registry.deeds(link.firm_id)]
    assert deeds == ["refreshed", "relinked", "refreshed", "linked"]


def test_totals_are_offered_where_the_package_has_them_and_alone_where_it_has_no_more(
    stage: Stage, tmp_path: Path
) -> None:
    person = stage.person("accountant")
    with connected(stage, "xero_tb", tmp_path) as (sandbox, connection):
        page = f"/dossiers/new?connection={connection}&dossier={sandbox.external_id}"
        answer = person.get(page)
        assert 'value="totals"' in answer.text
        assert 'value="replace"' not in answer.text
        form = {"connection": connection, "dossier": sandbox.external_id, "mode": "totals"}
        dossier_id = save(person, page, **form)
        assert synced(person, dossier_id)["mode"] == "totals"
        assert lines(stage) == []
        assert "1 connection to a single dossier, in use" in person.get("/dossiers/new").text


def test_a_typed_reference_is_checked_against_the_folders_with_near_misses(stage: Stage, tmp_path: Path) -> None:
    person = stage.person("accountant")
    with connected(stage, "winbooks", tmp_path) as (sandbox, connection):
        page = f"/dossiers/new?connection={connection}"
        assert "Sync reference" in person.get(page).text
        wrong = person.get(f"{page}&dossier={sandbox.external_id[:-1].lower()}x")
        assert wrong.status_code == 422
        assert "Did you mean one of these?" in wrong.text
        assert f'dossier={sandbox.external_id}">{sandbox.external_id}</a>' in wrong.text
        assert person.get(f"{page}&dossier=..%2Fetc").status_code == 422
        form = {"connection": connection, "dossier": sandbox.external_id, "mode": "replace"}
        dossier_id = save(person, f"{page}&dossier={sandbox.external_id}", **form)
        assert synced(person, dossier_id)["status"] == "synced"


def test_a_typed_reference_is_checked_against_what_the_service_sees(stage: Stage, tmp_path: Path) -> None:
    row, registry, person = package("winbooks"), stage.house.registry, stage.person("accountant")
    (tmp_path / "server").mkdir()
    with open_sandbox(row, company_of(row), tmp_path / "server") as sandbox, serving(stage.house) as hub:
        agent_id = registry.add_agent("Demo", "Server Gent").agent_id
        service = Service(hub)
        assert service.enrol(registry.new_agent_code(agent_id).reveal()).ok
        assert service.report(Server(row, sandbox.settings, tmp_path / "work").source()).ok
    settings = row.complete_settings({"agent": agent_id, "source": "books"})
    page = f"/dossiers/new?connection={registry.add_connection(row.slug, 'Demo', settings=settings).id}&dossier="
    wrong = person.get(f"{page}{sandbox.external_id[1:].swapcase()}")
    assert wrong.status_code == 422
    assert f'dossier={sandbox.external_id}">' in wrong.text
    right = person.get(f"{page}{sandbox.external_id}").text
    assert "How should it be synchronised?" in right
    assert company_of(row).name in right


def test_a_client_list_is_linked_as_a_whole(stage: Stage, tmp_path: Path) -> None:
    person = stage.person("accountant")
    with connected(stage, "adminpulse", tmp_path) as (_, connection):
        page = f"/dossiers/new?connection={connection}"
        assert "whole client list" in person.get(page).text
        dossier_id = save(person, page, connection=connection, dossier="clients")
        told = synced(person, dossier_id)
        assert (told["status"], told["kind"]) == ("synced", "administrative")


def test_where_dagster_does_not_answer_the_link_stays_for_the_sensor(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    sandbox, connection = exact
    stage.launcher.trouble = Wait("Dagster, which runs the syncs, does not answer")
    person = stage.person("accountant")
    wanted = {"connection_id": connection, "external_id": sandbox.external_id}
    answer = person.api("POST", "/dossiers", json=wanted)
    assert answer.status_code == 201, answer.text
    assert answer.json()["first_sync_asked"] is False
    assert answer.json()["fiscal_years"][0]["label"]
    (waiting,) = stage.house.registry.links(wanted_first_sync=True)
    assert waiting.dossier_id == answer.json()["dossier"]["dossier_id"]
    page = person.get(f"/dossiers/{waiting.dossier_id}?said=linked_later").text
    assert "starts by itself once it is back" in page


def test_an_unlinked_dossier_comes_back_under_its_id(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    sandbox, connection = exact
    person = stage.person("accountant")
    wanted = {"connection_id": connection, "external_id": sandbox.external_id, "dossier_id": "first-name"}
    assert person.api("POST", "/dossiers", json=wanted).status_code == 201
    synced(person, "first-name")
    again = person.api("POST", "/dossiers", json=wanted)
    assert again.status_code == 422, "it is linked"
    assert person.api("DELETE", "/dossiers/first-name").status_code == 204
    page = person.get(f"/dossiers/new?connection={connection}&dossier={sandbox.external_id}").text
    assert 'value="first-name"' in page
    del wanted["dossier_id"]
    assert person.api("POST", "/dossiers", json=wanted).json()["dossier"]["dossier_id"] == "first-name"
    changed = person.api("PATCH", "/dossiers/first-name", json={"mode": "totals"})
    assert changed.json()["dossier"]["mode"] == "totals"


def test_another_dossiers_id_moves_nothing(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    sandbox, connection = exact
    registry = stage.house.registry
    theirs = registry.add_connection("yuki", OTHER_FIRM).id
    registry.add_link(theirs, "1", code="1", name="Theirs", dossier_id="taken")
    registry.unlink("taken")
    person = stage.person("accountant")
    page = f"/dossiers/new?connection={connection}&dossier={sandbox.external_id}"
    form = {"connection": connection, "dossier": sandbox.external_id, "mode": "replace"}
    answer = person.post("/dossiers/new", page=page, **form, dossier_id="taken")
    assert answer.status_code == 422
    assert "Another dossier has that id already." in answer.text
    assert OTHER_FIRM.lower() not in answer.text.lower()
    for path in (f"?connection={theirs}", f"?connection={theirs}&dossier=1", f"/choices?connection={theirs}"):
        assert person.get(f"/dossiers/new{path}").status_code == 404
    for method, path in (("GET", f"/connections/{theirs}/dossiers"), ("POST", "/dossiers")):
        call = person.api(method, path, json={"connection_id": theirs, "external_id": "1"})
        assert call.status_code == 404


def test_a_connection_that_lapsed_says_so_where_a_dossier_is_chosen(stage: Stage, exact: tuple[Sandbox, str]) -> None:
    _, connection = exact
    stage.house.registry.replace_secrets(connection, {"client_secret": Secret("x"), "refresh_token": Secret("gone")})
    page = stage.person("administrator").get(f"/dossiers/new?connection={connection}")
    assert "The sign-in is over" in page.text
    assert f'href="/connections/{connection}/reconnect"' in page.text
    assert "gone" not in page.text
