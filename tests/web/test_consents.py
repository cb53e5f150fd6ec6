"""Sign-in by redirect from the portal, against the sandbox's consent page: there, back, and nobody else's answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.exact_online.sandbox import ExactSandbox
from connectors.sandbox.stage import Sandbox
from connectors.sandbox.vendor import Fault
from portal.web.consenting import _AT_ONCE
from tests.web.connecting import connected, consent_address, typed, vendor, way_back
from tests.web.stage import Person, Stage

NEW = "/connections/new/exact_online_be"


@pytest.fixture
def exact(tmp_path: Path) -> Iterator[ExactSandbox]:
    with vendor("exact_online_be", tmp_path) as sandbox:
        assert isinstance(sandbox, ExactSandbox)
        yield sandbox


@pytest.fixture
def administrator(stage: Stage) -> Person:
    return stage.person()


def leave(person: Person, sandbox: Sandbox, **more: str) -> str:
    """Sends the form; gives the page of ours that goes on to the package."""
    answer = person.post(NEW, page=NEW, **typed(sandbox) | more)
    assert answer.ok, answer.text
    return answer.text


def test_consent_makes_a_connection_that_works(stage: Stage, administrator: Person, exact: ExactSandbox) -> None:
    page = leave(administrator, exact, name="Exact of the firm")
    assert stage.house.registry.connections() == []
    assert exact.secrets["client_secret"] not in page
    answer = administrator.get(way_back(administrator, page))
    (made,) = stage.house.registry.connections()
    assert answer.url.endswith(f"/connections/{made.id}?said=connected")
    assert (made.name, made.health) == ("Exact of the firm", "ok")
    assert made.expires_at is not None
    assert "redirect_uri" not in made.settings  # that of the portal follows the portal
    assert exact.vendor.desk.log == ["authorization_code"]
    assert "stamp" not in answer.text + administrator.get("/connections").text


def test_an_answer_counts_once_and_in_its_own_session_alone(
    stage: Stage, administrator: Person, exact: ExactSandbox
) -> None:
    back = way_back(administrator, leave(administrator, exact))
    for other in (stage.person(), stage.person("accountant"), stage.person("administrator", "Concurrent")):
        assert other.get(back).status_code == 409
    assert "/sign-in?next=/connections" in stage.nobody().get(back).url  # its code goes no further
    assert administrator.get(back.replace("state=", "state=x")).status_code == 409
    assert exact.vendor.desk.log == [], "no code was used"
    assert administrator.get(back).ok
    again = administrator.get(back)
    assert (again.status_code, "This sign-in is over" in again.text) == (409, True)
    assert len(stage.house.registry.connections()) == 1


def test_a_consent_that_was_refused_is_explained_and_tried_again(
    stage: Stage, administrator: Person, exact: ExactSandbox
) -> None:
    exact.vendor.desk.denies = True
    answer = administrator.get(way_back(administrator, leave(administrator, exact)))
    assert answer.status_code == 409
    assert "You gave no consent at Exact Online BE" in answer.text
    assert "The user said no" in answer.text
    assert stage.house.registry.connections() == []
    exact.vendor.desk.denies = False
    path = answer.text.partition('href="/connections/consent/')[2].partition('"')[0]
    page = administrator.get(f"/connections/consent/{path}").text  # nothing is typed again
    assert administrator.get(way_back(administrator, page)).url.endswith("said=connected")


def test_a_secret_that_is_wrong_is_told_after_the_sign_in(
    stage: Stage, administrator: Person, exact: ExactSandbox
) -> None:
    page = administrator.post(NEW, page=NEW, **typed(exact) | {"secret.client_secret": "hunter2-hunter2"}).text
    answer = administrator.get(way_back(administrator, page))
    assert "The package does not accept this" in answer.text
    assert "hunter2" not in page + answer.text
    assert stage.house.registry.connections() == []


def test_a_sign_in_is_forgotten_after_an_hour_and_behind_later_ones(
    stage: Stage, administrator: Person, exact: ExactSandbox
) -> None:
    backs = [way_back(administrator, leave(administrator, exact)) for _ in range(_AT_ONCE + 1)]
    assert administrator.get(backs[0]).status_code == 409
    assert administrator.get(backs[1]).ok


def test_reconnecting_by_sign_in_types_nothing_again_and_keeps_every_dossier(
    stage: Stage, administrator: Person, tmp_path: Path
) -> None:
    with stage.linked("exact_online_be", tmp_path) as (exact, dossier):
        assert isinstance(exact, ExactSandbox)
        connection = stage.house.registry.link(dossier).connection_id
        exact.vendor.desk.void_refresh_token()
        exact.vendor.desk.void_access_token()
        refused = administrator.post(f"/connections/{connection}/verify", page="/connections")
        assert (refused.status_code, "The sign-in is over" in refused.text) == (409, True)
        path = f"/connections/{connection}/reconnect"
        answer = administrator.get(way_back(administrator, administrator.post(path, page=path).text))
        assert answer.url.endswith(f"/connections/{connection}?said=reconnected")
        assert stage.house.registry.connection(connection).health == "ok"
        stage.sync(dossier)


def test_a_new_consent_that_does_not_work_leaves_the_one_before(
    stage: Stage, administrator: Person, tmp_path: Path
) -> None:
    with stage.linked("exact_online_be", tmp_path) as (exact, dossier):
        assert isinstance(exact, ExactSandbox)
        connection = stage.house.registry.link(dossier).connection_id
        before = dict(stage.house.registry.tokens(connection).read())
        path = f"/connections/{connection}/reconnect"
        back = way_back(administrator, administrator.post(path, page=path, **{"set.division": "1"}).text)
        exact.knobs.faults.append(Fault("429_day", "current/Me"))
        answer = administrator.get(back)
        assert "The package allows no more calls for now" in answer.text
        assert dict(stage.house.registry.tokens(connection).read()) == before
        assert "division" not in stage.house.registry.connection(connection).settings
        stage.sync(dossier)


def test_an_accountant_connects_a_dossier_with_the_app_that_the_firm_has(stage: Stage, tmp_path: Path) -> None:
    with vendor("xero", tmp_path) as xero:
        connected(stage, "xero", xero)
        accountant, path = stage.person("accountant"), "/connections/new/xero_tb?then=link"
        page = accountant.get(path).text
        assert "With the app of your firm" in page
        assert xero.secrets["client_secret"] not in page
        # The app's addresses are its own, whatever is sent.
        elsewhere = {"set.base_url": "http://127.0.0.1:9/", "set.redirect_uri": "http://127.0.0.1:9/"}
        form = {"app": "firm", "then": "link", **elsewhere}
        leaving = accountant.post("/connections/new/xero_tb", page="/connections", **form)
        answer = accountant.get(way_back(accountant, leaving.text))
        made = next(each for each in stage.house.registry.connections() if each.software == "xero_tb")
        assert answer.url.endswith(f"/dossiers/new?connection={made.id}")
        assert made.settings["base_url"] == xero.settings["base_url"]
        assert made.name.startswith("Xero TB: ")
        listed = stage.house.registry.dossier_list(made.id)
        assert listed is not None
        assert xero.external_id in [each["external_id"] for each in listed.dossiers]
        assert accountant.get(f"/connections/{made.id}/reconnect").ok
        assert "set.client_id" not in accountant.get(f"/connections/{made.id}/reconnect").text


def test_only_an_administrator_says_where_a_package_is(stage: Stage) -> None:
    accountant, administrator = stage.person("accountant"), stage.person("administrator")
    form = {"set.client_id": "app", "set.base_url": "http://127.0.0.1:9/"}
    path = "/connections/new/xero"
    assert accountant.post(path, page=path, **form).status_code == 403
    assert administrator.post(path, page=path, **form).ok
    assert accountant.post(path, page=path, **{"set.client_id": "app"}).ok


def test_an_app_that_returns_elsewhere_lets_the_person_paste_the_answer(
    stage: Stage, administrator: Person, exact: ExactSandbox
) -> None:
    import requests

    own = "http://localhost:8765/callback"
    page = leave(administrator, exact, **{"set.redirect_uri": own})
    with pytest.raises(AssertionError):
        consent_address(page)  # nobody is led away for good
    address = page.partition('class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    back = requests.get(address, allow_redirects=False, timeout=30).headers["Location"]
    assert back.startswith(own)
    answer = administrator.post("/connections/consent", page="/connections", address=back)
    assert answer.url.endswith("said=connected")
    assert stage.house.registry.connections()[0].settings["redirect_uri"] == own
