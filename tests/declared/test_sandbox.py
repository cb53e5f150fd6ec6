"""The sandboxes refuse what the vendors would refuse; asked here without our client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.declared.sandbox import DeclaredSandbox, Knobs, loop, open_loop, open_sandbox, wingsonline
from connectors.declared.sandbox.horus import EMPTY, FOLDER, FORBIDDEN
from connectors.sandbox.company import company


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        yield found


@pytest.fixture
def horus(tmp_path: Path) -> Iterator[DeclaredSandbox]:
    with open_sandbox("horus", company(), tmp_path) as found:
        yield found


@pytest.fixture
def cegid(tmp_path: Path) -> Iterator[DeclaredSandbox]:
    with open_loop(company("FR"), tmp_path) as found:
        yield found


def form_of(sandbox: DeclaredSandbox, **changed: Any) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "refresh_token": sandbox.secrets["refresh_token"],
        "scope": "myhorus",
        "client_id": sandbox.settings["client_id"],
        "client_secret": sandbox.secrets["client_secret"],
    } | changed


def token(session: requests.Session, sandbox: DeclaredSandbox, **changed: Any) -> requests.Response:
    form = {name: text for name, text in form_of(sandbox, **changed).items() if text is not None}
    return session.post(sandbox.settings["token_url"], files={name: (None, text) for name, text in form.items()})


def get(session: requests.Session, sandbox: DeclaredSandbox, place: str, **headers: str) -> requests.Response:
    return session.get(f"{sandbox.settings['base_url']}/{place}", headers=headers)


def test_a_refresh_token_of_horus_is_good_once(session: requests.Session, horus: DeclaredSandbox) -> None:
    first = token(session, horus)
    assert (first.json()["expires_in"], first.json()["refresh_token_expires_in"]) == (3600, 2_592_000)
    assert first.json()["refresh_token"] != horus.secrets["refresh_token"]
    assert token(session, horus).status_code == 400
    assert token(session, horus, refresh_token=first.json()["refresh_token"]).status_code == 200


def test_a_token_call_of_horus_is_a_multipart_form_with_its_scope(
    session: requests.Session, horus: DeclaredSandbox
) -> None:
    assert token(session, horus, scope="everything").status_code == 400
    assert token(session, horus, scope=None).status_code == 400
    assert session.post(horus.settings["token_url"], data=form_of(horus)).status_code == 400
    assert token(session, horus).status_code == 200  # the same, as it should be


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("api/v1/folders", 200),
        ("api/v1/folders?search=x", 400),
        ("api/v2/folders", 404),
        (f"api/v1/folders/{FOLDER}/accounts?page=1&pageSize=10", 200),
        (f"api/v1/folders/{FOLDER}/accounts", 400),
        (f"api/v1/folders/{FOLDER}/accounts?page=0&pageSize=10", 400),
        (f"api/v1/folders/{FORBIDDEN}/accounts?page=1&pageSize=10", 403),
        (f"api/v1/folders/{FOLDER}/account-histories?page=1&pageSize=10", 400),
    ],
)
def test_horus_answers_what_it_knows_to_whom_it_knows(
    session: requests.Session, horus: DeclaredSandbox, place: str, status: int
) -> None:
    assert get(session, horus, place).status_code == 401
    signed = {"Authorization": f"Bearer {token(session, horus).json()['access_token']}"}
    assert get(session, horus, place, **signed).status_code == status


def test_pages_of_horus_tell_every_line_once(session: requests.Session, horus: DeclaredSandbox) -> None:
    signed = {"Authorization": f"Bearer {token(session, horus).json()['access_token']}"}
    rows: list[dict[str, Any]] = []
    place = f"api/v1/folders/{FOLDER}/account-histories?from=2025-01-01&to=2025-12-31&pageSize=30&page="
    for number in count(1):
        page = get(session, horus, f"{place}{number}", **signed).json(parse_float=Decimal)
        if not page:
            break
        rows += page
    told = [line for line in company().lines if line.year == "2025"]
    assert [Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows] == [line.amount for line in told]
    assert get(session, horus, f"api/v1/folders/{EMPTY}/fiscal-years", **signed).json() == []


def test_horus_says_when_there_were_too_many_calls(session: requests.Session, tmp_path: Path) -> None:
    with open_sandbox("horus", company(), tmp_path, knobs=Knobs(calls_per_minute=1)) as sandbox:
        signed = {"Authorization": f"Bearer {token(session, sandbox).json()['access_token']}"}
        answers = [get(session, sandbox, "api/v1/folders", **signed) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert 0 < int(answers[1].headers["Retry-After"]) <= 61


def test_wings_wants_its_user_its_password_and_its_root_path(session: requests.Session, tmp_path: Path) -> None:
    with open_sandbox("wingsonline", company(), tmp_path) as sandbox:
        address = f"{sandbox.settings['base_url']}/dossiers"
        home = {"home": wingsonline.ROOT_PATH}
        right = (wingsonline.USERNAME, wingsonline.PASSWORD)
        for wrong in (("jan", wingsonline.PASSWORD), (wingsonline.USERNAME, "guess")):
            assert session.get(address, params=home, auth=wrong).status_code == 401
        assert session.get(address, params={"home": "\\\\else"}, auth=right).status_code == 404
        assert session.get(address, auth=right).status_code == 400
        assert session.get(address, params=home, auth=right).json()["dossiers"][0]["number"] == 412


def test_loop_wants_both_keys_and_the_dossier_s_code(session: requests.Session, cegid: DeclaredSandbox) -> None:
    keys = {"Ocp-Apim-Subscription-Key": loop.SUBSCRIPTION, "x-apikey": f"{loop.KEY}:{loop.SECRET}"}
    accounts = f"compte?codeDossier={loop.DOSSIER}&sort=numero&skip=0&take=2"
    for name in keys:
        answer = get(session, cegid, accounts, **{**keys, name: "wrong"})
        assert (answer.status_code, answer.json()["statusCode"]) == (401, 401)
    assert [row["numero"] for row in get(session, cegid, accounts, **keys).json()] == ["101000", "106100"]
    assert get(session, cegid, "compte", **keys).status_code == 400
    assert get(session, cegid, "compte?codeDossier=ANDER", **keys).status_code == 404
    assert get(session, cegid, f"compte?codeDossier={loop.DOSSIER}&sort=kleur", **keys).status_code == 400
    assert get(session, cegid, f"balance?codeDossier={loop.DOSSIER}", **keys).status_code == 404


def test_loop_pushes_a_changed_entry_as_a_deletion_and_an_insertion(cegid: DeclaredSandbox) -> None:
    vendor = cegid.vendor
    assert isinstance(vendor, loop.Loop)
    before = set(vendor.folder.iterdir())
    cegid.show(company("FR", 1))
    pushed = {path.name.removeprefix(loop.PREFIX).split("-")[0] for path in set(vendor.folder.iterdir()) - before}
    assert pushed == {"comptaEcritureDeleted", "comptaEcritureInserted", "comptaDailyReport"}
    deleted = b"".join(path.read_bytes() for path in vendor.folder.iterdir() if "comptaEcritureDeleted" in path.name)
    changed = re.search(rb'"id":"([^"]+)","miseAJour":true', deleted)
    assert changed
    inserted = [path for path in set(vendor.folder.iterdir()) - before if "comptaEcritureInserted" in path.name]
    assert any(changed[1] in path.read_bytes() for path in inserted)
    assert b'"miseAJour":false' in deleted
    assert b'"miseAJour":true' in deleted
