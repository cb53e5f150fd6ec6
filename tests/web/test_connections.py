"""Synchronisations by form: every package's own fields, proven before they are kept; and nobody else's anything."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from connectors.catalog import PACKAGES
from foundation.errors import VendorDown
from foundation.secrets import Secret
from portal.web.connecting import without_secrets
from portal.web.packages import group_of
from portal.web.texts import LANGUAGES
from tests.web.connecting import connected, service, typed, vendor
from tests.web.stage import OTHER_FIRM, ROLES, Person, Stage

HOME = "/connections"
PAGES = ("/connections", "/connections/new", "/services")


@pytest.fixture
def administrator(stage: Stage) -> Person:
    return stage.person()


def test_every_package_is_offered_in_every_language_with_exactly_its_fields(shared_stage: Stage) -> None:
    person = shared_stage.person()
    for language in LANGUAGES:
        person.session.headers["Accept-Language"] = language
        shared_stage.house.registry.change_user(shared_stage.people["Demo", "administrator"].user_id, language=language)
        offered = person.get("/connections/new").text
        for row in PACKAGES.values():
            assert f'href="/connections/new/{row.slug}"' in offered
            page = person.get(f"/connections/new/{row.slug}")
            assert page.ok, page.text
            names = set(re.findall(r'name="((?:set|secret)\.[a-z_]+)"', page.text))
            own = {
                f"{'secret' if f.secret else 'set'}.{f.name}" for f in row.fields if f.name not in ("agent", "source")
            }
            assert names == own, row.slug
            assert f'<html lang="{language}">' in page.text
            hidden = re.findall(r'<input[^>]* name="secret\.[^>]*>', page.text)
            assert all('type="password"' in each and "value=" not in each for each in hidden)


def test_packages_are_found_by_name_without_scripts(shared_stage: Stage) -> None:
    page = shared_stage.person("support").get("/connections/new?search=winbooks").text
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["WinBooks on Web", "WinBooks"]
    assert "No package has that name" in shared_stage.person("support").get("/connections/new?search=zzz").text


def test_a_key_that_is_refused_is_explained_and_nothing_is_kept_nor_shown(
    stage: Stage, administrator: Person, tmp_path: Path
) -> None:
    with vendor("yuki", tmp_path) as yuki:
        wrong = typed(yuki) | {"secret.access_key": "6f1d0000-hunter2-0000", "name": "Our Yuki"}
        answer = administrator.post("/connections/new/yuki", page="/connections/new/yuki", **wrong)
        assert answer.status_code == 409
        assert "The package does not accept this" in answer.text
        assert "hunter2" not in answer.text
        assert "Our Yuki" in answer.text  # what is no secret need not be typed again
        assert stage.house.registry.connections() == []
        empty = administrator.post("/connections/new/yuki", page=HOME, **{**wrong, "secret.access_key": " "})
        assert (empty.status_code, "Not filled in: Web service access key" in empty.text) == (422, True)


def test_a_connection_by_form_works_and_its_secret_is_never_seen_again(
    stage: Stage, administrator: Person, tmp_path: Path
) -> None:
    with vendor("yuki", tmp_path) as yuki:
        answer = administrator.post("/connections/new/yuki", page="/connections/new/yuki", **typed(yuki))
        (made,) = stage.house.registry.connections()
        assert answer.url.endswith(f"/connections/{made.id}?said=connected")
        assert (made.health, made.created_by) == ("ok", "administrator Demo")
        secret = yuki.secrets["access_key"]
        pages = (*PAGES, f"/connections/{made.id}", f"/connections/{made.id}/reconnect", "/connections/new/yuki")
        assert all(secret not in administrator.get(path).text for path in pages)
        told = [administrator.api("GET", path).text for path in ("/connections", f"/connections/{made.id}")]
        assert secret not in "".join(told) + answer.text
        (deed,) = stage.house.registry.deeds(made.firm_id, subject=made.id)
        assert (deed.what, deed.details) == ("connected", {"package": "Yuki"})
        assert "connected a package" in administrator.get(f"/connections/{made.id}").text


def test_what_a_package_repeats_of_a_secret_is_blanked_out() -> None:
    told = VendorDown("no host hunter2-hunter2", next_step="Look at hunter2-hunter2.", subject="hunter2-hunter2")
    assert "hunter2" not in str(without_secrets(told, [Secret("hunter2-hunter2"), Secret("a")]))


def test_then_link_leads_on_to_the_new_dossier(stage: Stage, administrator: Person, tmp_path: Path) -> None:
    with vendor("yuki", tmp_path) as yuki:
        answer = administrator.post("/connections/new/yuki", page=HOME, then="link", **typed(yuki))
        (made,) = stage.house.registry.connections()
        assert answer.url.endswith(f"/dossiers/new?connection={made.id}")


def test_new_secrets_keep_the_dossiers_and_wrong_ones_are_not_kept(
    stage: Stage, administrator: Person, tmp_path: Path
) -> None:
    with stage.linked("yuki", tmp_path) as (yuki, dossier):
        link = stage.house.registry.link(dossier)
        path = f"/connections/{link.connection_id}/reconnect"
        refused = administrator.post(path, page=path, **{"secret.access_key": "not-the-key"})
        assert refused.status_code == 409
        assert stage.house.registry.connection(link.connection_id).health == "ok"
        assert stage.house.registry.secrets(link.connection_id)["access_key"].reveal() == yuki.secrets["access_key"]
        moved = administrator.post(path, page=HOME, **{"set.base_url": "http://127.0.0.1:9/"})
        assert moved.status_code == 422, "a stored secret goes to no other address"
        assert "typed again" in moved.text
        good = administrator.post(path, page=HOME, **typed(yuki))
        assert good.url.endswith("said=reconnected")
        assert [each.dossier_id for each in stage.house.registry.links(connection_id=link.connection_id)] == [dossier]


def test_health_is_told_in_words_with_what_to_do(stage: Stage, administrator: Person, tmp_path: Path) -> None:
    with stage.linked("yuki", tmp_path) as (_, dossier):
        registry, connection = stage.house.registry, stage.house.registry.link(dossier).connection_id
        for health, words in (
            ("needs_login", "The sign-in is over"),
            ("no_access", "No access to this dossier"),
            ("vendor_down", "The package does not answer"),
            ("rate_limited", "The package allows no more calls for now"),
            ("agent_offline", "The service on your server is not heard of"),
        ):
            registry.set_health(connection, health, "as it was said")
            assert words in administrator.get(f"/connections/{connection}").text
        registry.set_health(connection, "needs_login", "over")
        assert "needs a sign-in: until then" in administrator.get("/connections").text
        registry.set_health(connection, "ok", expires_at=registry.now() + timedelta(days=3))
        assert "lapses on" in administrator.get("/connections").text
        assert "The consent lapses soon" in administrator.get(f"/connections/{connection}").text
        registry.set_health(connection, "needs_login", "over")
        answer = administrator.post(f"/connections/{connection}/verify", page=HOME)
        assert answer.url.endswith("said=verified")
        assert registry.connection(connection).health == "ok"
        assert f'<a href="/dossiers/{dossier}">' in answer.text


def test_a_connection_is_renamed_and_removed_unless_a_dossier_uses_it(
    stage: Stage, administrator: Person, tmp_path: Path
) -> None:
    with stage.linked("yuki", tmp_path) as (yuki, dossier):
        used = stage.house.registry.link(dossier).connection_id
        free = connected(stage, "yuki", yuki).id
        administrator.post(f"/connections/{free}/rename", page=HOME, name="Second <b>one</b>")
        assert "Second &lt;b&gt;one&lt;/b&gt;" in administrator.get("/connections").text
        assert administrator.post(f"/connections/{used}/remove", page=HOME).status_code == 422
        assert administrator.post(f"/connections/{free}/remove", page=HOME).url.endswith("said=connection_removed")
        assert [each.id for each in stage.house.registry.connections()] == [used]


def test_others_see_package_name_and_health_and_whom_to_ask(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("yuki", tmp_path) as (_, dossier):
        connection = stage.house.registry.link(dossier).connection_id
        stage.house.registry.set_health(connection, "needs_login", "the key 4711 was refused")
        for role in ("accountant", "support", "analyst"):
            person = stage.person(role)
            for path in ("/connections", f"/connections/{connection}"):
                page = person.get(path).text
                assert "needs a sign-in" in page
                assert "administrator@demo.example" in page
                assert "4711" not in page
                assert "127.0.0.1" not in page
            (told,) = person.api("GET", "/connections").json()
            assert {name for name, value in told.items() if value is not None} == {
                *("id", "software", "package", "name", "level", "health")
            }
            for path in ("verify", "rename", "remove", "reconnect"):
                assert person.post(f"/connections/{connection}/{path}", page=HOME, name="x").status_code == 403
            assert person.get("/services").status_code == 403
            assert person.get("/connections/new/yuki").status_code == 403
            assert person.post("/connections/new/yuki", page=HOME).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_another_firm_has_no_such_connection_nor_service(stage: Stage, role: str, tmp_path: Path) -> None:
    agent = service(stage)
    with vendor("yuki", tmp_path) as yuki:
        connection, stranger = connected(stage, "yuki", yuki).id, stage.person(role, OTHER_FIRM)
    assert connection not in stranger.get("/connections").text
    assert stranger.get(f"/connections/{connection}").status_code == 404
    allowed = role == "administrator"
    for path in ("rename", "remove"):
        assert stranger.post(f"/connections/{connection}/{path}", page=HOME, name="x").status_code == (
            404 if allowed else 403
        )
    for path in ("verify", "reconnect"):
        assert stranger.post(f"/connections/{connection}/{path}", page=HOME).status_code == (
            403 if role == "analyst" else 404
        )
    if allowed:
        assert agent not in stranger.get("/services").text
        assert stranger.post(f"/services/{agent}/code", page=HOME).status_code == 404
        assert stranger.post(f"/services/{agent}/revoke", page=HOME).status_code == 404
        reader = stranger.post("/connections/new/winbooks", page=HOME, reader=f"{agent}/winbooks data")
        assert reader.status_code == 404
    assert stage.house.registry.agent(agent).revoked_at is None
    assert len(stage.house.registry.connections()) == 1


def test_a_folder_of_another_firm_or_of_the_installation_is_not_read(stage: Stage, tmp_path: Path) -> None:
    with vendor("winbooks", tmp_path) as winbooks:
        connected(stage, "winbooks", winbooks, OTHER_FIRM)
        root = Path(winbooks.settings["root"])
        home = stage.house.home.root
        for folder in (root, root.parent, root / "BAKKER", root / ".." / root.name, home, home / "landing", Path("/")):
            answer = stage.person().post("/connections/new/winbooks", page=HOME, **{"set.root": str(folder)})
            assert (answer.status_code, "not a folder of the firm" in answer.text) == (422, True), folder
        own = stage.person("administrator", OTHER_FIRM).post(
            "/connections/new/winbooks", page=HOME, **{"set.root": str(root)}
        )
        assert own.url.endswith("said=connected")


def test_support_enters_keys_and_reaches_no_folder_of_this_machine(stage: Stage, tmp_path: Path) -> None:
    support = stage.person("support")
    assert '"set.root"' not in support.get("/connections/new/wingsonline").text
    assert support.post("/connections/new/wingsonline", page=HOME, **{"set.root": str(tmp_path)}).status_code == 403
    with vendor("octopus", tmp_path) as octopus:
        answer = support.post("/connections/new/octopus", page=HOME, **typed(octopus))
        assert answer.url.endswith("said=connected")
        assert octopus.secrets["password"] not in answer.text


def test_people_without_keys_get_a_request_to_send(shared_stage: Stage) -> None:
    for slug in (each.slug for each in PACKAGES.values() if group_of(each) == "support"):
        page = shared_stage.person("accountant").get(f"/connections/new/{slug}").text
        assert "<textarea" in page
        assert "mailto:support@demo.example?subject=Connection%20with%20" in page
        assert 'name="secret.' not in page
    assert "software house UUID" in shared_stage.person("accountant").get("/connections/new/octopus").text


def test_a_page_without_a_token_of_ours_connects_nothing(stage: Stage) -> None:
    person = stage.person()
    answer = person.session.post(f"{stage.address}/connections/new/yuki", data={"csrf": "x"}, timeout=10)
    assert answer.status_code == 403
    assert requests.post(f"{stage.address}/api/v1/connections", json={}, timeout=10).status_code == 403
