"""The list of dossiers and a dossier's page: what they tell, and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from registry.store import Link
from tests.web.stage import OTHER_FIRM, Person, Stage


@dataclass
class Firm:
    """A firm whose dossiers stand in the registry, without a package behind them."""

    stage: Stage
    links: dict[str, Link]

    def run(self, code: str, status: str, **ended: object) -> str:
        """A sync of a dossier that ended as ``status``."""
        link, registry = self.links[code], self.stage.house.registry
        sync_id = registry.start_run(link.dossier_id, link.link_id, "nightly", link.mode)
        registry.finish_run(sync_id, status, **ended)  # type: ignore[arg-type]
        return sync_id


NAMES = {"0001": "Bakkerij Janssens", "0002": "Café Écluse", "0003": "Élan & fils", "0004": "Zetel NV"}


@pytest.fixture(scope="module")
def firm(shared_stage: Stage) -> Firm:
    registry = shared_stage.house.registry
    exact = registry.add_connection("exact_online_be", "Demo", "Exact of Demo")
    list_of_clients = registry.add_connection("adminpulse", "Demo", "AdminPulse")
    other = registry.add_connection("yuki", OTHER_FIRM, "Yuki of the other")
    links = {
        code: registry.add_link(exact.id, f"9{code}", code=code, name=name, vat_number=f"BE0{code}")
        for code, name in NAMES.items()
    }
    links["clients"] = registry.add_link(list_of_clients.id, "clients", code="clients", name="Client list")
    links["foreign"] = registry.add_link(other.id, "1", code="1", name="Bakkerij of another firm")
    made = Firm(shared_stage, links)
    made.run("0001", "synced", rows_loaded=12, rows_deleted=3)
    made.run("0002", "unchanged")
    made.run("0003", "synced", rows_loaded=1)
    made.run("0003", "failed", error_kind="needs_login", error_message="the consent was withdrawn")
    made.run("0004", "parked", error_kind="rate_limited", next_retry_at=datetime.now(UTC) + timedelta(hours=1))
    return made


@pytest.fixture
def accountant(shared_stage: Stage) -> Person:
    return shared_stage.person("accountant")


def listed(person: Person, query: str = "") -> list[str]:
    """The names on the list, in their order."""
    answer = person.get(f"/dossiers{query}")
    assert answer.status_code == 200
    return [
        name.replace("&amp;", "&") for name in re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', answer.text)
    ]


def test_the_list_tells_of_each_dossier_how_it_stands(firm: Firm, accountant: Person) -> None:
    assert listed(accountant) == ["Bakkerij Janssens", "Café Écluse", "Client list", "Élan & fils", "Zetel NV"]
    page = accountant.get("/dossiers").text
    for words in ("lines: 12 in, 3 out", "nothing changed", "The sign-in is over", "goes on by itself", "client list"):
        assert words in page
    assert "another firm" not in page


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("?search=ecluse", ["0002"]),
        ("?search=ÉLAN", ["0003"]),
        ("?search=be00004", ["0004"]),
        ("?search=0001-bakkerij", ["0001"]),
        ("?search=%25", []),
        ("?shown=failed", ["0003"]),
        ("?shown=attention", ["0003"]),
        ("?shown=stale", []),
        ("?software=adminpulse", ["clients"]),
        ("?software=unknown", []),
        ("?sort=code&search=a", ["0001", "0002", "0003"]),
        ("?page=99&search=zetel", ["0004"]),
        ("?page=x&sort=y&shown=z&search=zetel", ["0004"]),
    ],
)
def test_the_list_is_searched_and_filtered(firm: Firm, accountant: Person, query: str, codes: list[str]) -> None:
    names = [firm.links[code].name for code in codes]
    found = listed(accountant, query)
    assert sorted(found) == sorted(names)


def test_the_oldest_figures_come_first_when_asked(firm: Firm, accountant: Person) -> None:
    never, *dated = listed(accountant, "?sort=age")[1:]
    assert {never, listed(accountant, "?sort=age")[0]} == {"Client list", "Zetel NV"}
    assert dated == ["Bakkerij Janssens", "Café Écluse", "Élan & fils"]


def test_another_firm_sees_its_own_alone(firm: Firm, shared_stage: Stage) -> None:
    stranger = shared_stage.person("administrator", OTHER_FIRM)
    assert listed(stranger) == ["Bakkerij of another firm"]
    ours = firm.links["0001"].dossier_id
    for path in ("", "/progress", "/row", "/stage", "/setup"):
        assert stranger.get(f"/dossiers/{ours}{path}").status_code == 404
    for path in (f"/{ours}/refresh", f"/{ours}/unlink"):
        assert stranger.post(f"/dossiers{path}", page="/dossiers", confirmed="yes").status_code == 404
    assert stranger.post("/dossiers/refresh", page="/dossiers", dossier=ours).status_code == 404
    assert stranger.api("GET", f"/dossiers/{ours}").status_code == 404
    assert stranger.api("DELETE", f"/dossiers/{ours}").status_code == 404
    assert stranger.api("POST", "/refresh", json={"dossier_ids": [ours]}).status_code == 404
    assert shared_stage.launcher.launched == []


def test_a_failed_dossier_is_explained_with_the_button_that_mends_it(firm: Firm, shared_stage: Stage) -> None:
    failed = firm.links["0003"]
    page = shared_stage.person("administrator").get(f"/dossiers/{failed.dossier_id}").text
    assert "The sign-in is over" in page
    assert f'href="/connections/{failed.connection_id}/reconnect"' in page
    page = shared_stage.person("accountant").get(f"/dossiers/{failed.dossier_id}").text
    assert "An administrator of your firm" in page
    assert "/reconnect" not in page, "an accountant cannot sign the whole firm in"
    parked = shared_stage.person("accountant").get(f"/dossiers/{firm.links['0004'].dossier_id}").text
    assert "The package allows no more calls for now" in parked


def test_who_only_looks_finds_no_arrows_and_is_refused(firm: Firm, shared_stage: Stage) -> None:
    analyst = shared_stage.person("analyst")
    ours = firm.links["0001"].dossier_id
    assert 'class="arrows"' not in analyst.get("/dossiers").text
    for path in (f"/dossiers/{ours}/refresh", f"/dossiers/{ours}/unlink", "/dossiers/refresh", "/dossiers/new"):
        assert analyst.post(path, page="/dossiers", dossier=ours, connection="x").status_code == 403
    assert analyst.get("/dossiers/new").status_code == 403
    assert analyst.api("POST", f"/dossiers/{ours}/refresh", json={}).status_code == 403


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Needs attention", "Last result", "lines: 12 in, 3 out")),
        ("fr", ("À surveiller", "Dernier résultat", "écritures : 12 entrées, 3 sorties")),
        ("nl", ("Vraagt aandacht", "Laatste resultaat", "lijnen: 12 erin, 3 eruit")),
    ],
)
def test_the_list_and_the_page_speak_three_languages(
    firm: Firm, shared_stage: Stage, language: str, words: tuple[str, ...]
) -> None:
    shared_stage.house.registry.change_user(shared_stage.people["Demo", "support"].user_id, language=language)
    person = shared_stage.person("support")
    page = person.get("/dossiers").text
    assert all(each in page for each in words)
    assert f'lang="{language}"' in person.get(f"/dossiers/{firm.links['0001'].dossier_id}").text


def test_the_api_tells_the_same(firm: Firm, accountant: Person) -> None:
    told = accountant.api("GET", "/dossiers?search=bakkerij").json()
    assert (told["total"], told["page"], told["pages"]) == (1, 1, 1)
    (dossier,) = told["dossiers"]
    assert dossier["last"]["rows_loaded"] == 12
    assert dossier == accountant.api("GET", f"/dossiers/{dossier['dossier_id']}").json()
    assert (dossier["status"], dossier["kind"], dossier["stale"]) == ("synced", "ledger", False)
    progress = accountant.api("GET", f"/dossiers/{dossier['dossier_id']}/progress").json()
    assert (progress["status"], progress["stage"]) == ("synced", None)
    assert accountant.api("GET", "/dossiers?sort=colour").status_code == 422
