"""From a code to figures, with the real service and the real hub; and what the two do when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from assets.freshness import ARRIVED
from assets.sync import Outcome, SyncOptions, sync_dossier
from connectors.sandbox.stage import company_of
from connectors.winbooks.sandbox import DOSSIER, WinBooksSandbox
from registry import agent_models as models
from registry.store import Link
from sensors.deliveries import ask_for_the_night
from tests.agent_hub.pair import AGENT, FIRM, ROW, Pair, ServiceProcess, paired, until
from tests.hub.test_sync import told

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> WinBooksSandbox:
    return WinBooksSandbox(company_of(ROW, entries_per_month=2), tmp_path_factory.mktemp("books"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, sandbox: WinBooksSandbox) -> Iterator[Pair]:
    with paired(tmp_path_factory.mktemp("pair"), sandbox.root) as made:
        yield made


@pytest.fixture(scope="module")
def link(pair: Pair) -> Link:
    """The dossier, linked through the service; another link reads it as a folder of this machine."""
    pair.enrol()
    pair.service("grandlivre-agent once")
    connection = pair.connect()
    found = pair.cli("discover", connection, "--json").json
    assert [each["external_id"] for each in found] == [DOSSIER, "BROU_2"]
    pair.link(pair.connect_root(), DOSSIER, "by-root")
    dossier = pair.cli("link", connection, DOSSIER, "--dossier", "atelier").line
    return next(each for each in pair.house.registry.links() if each.dossier_id == dossier)


@pytest.fixture
def books(sandbox: WinBooksSandbox) -> Iterator[WinBooksSandbox]:
    """The books, which a test may change."""
    yield sandbox
    sandbox.show(company_of(ROW, entries_per_month=2))


def sync(pair: Pair, dossier: str = "atelier", trigger: str = "manual") -> Outcome:
    return sync_dossier(dossier, pair.house, SyncOptions(trigger=trigger))


def night(pair: Pair) -> None:
    """The hub asks for all that is linked, as it does after midnight."""
    assert ask_for_the_night(pair.house.registry, pair.house.now() + timedelta(days=1)) == 1


def assert_figures_are_those_of_the_folder(pair: Pair) -> None:
    assert sync(pair, "by-root").status in ("synced", "unchanged")
    theirs = told(pair.house, "by-root")
    assert theirs["journal_lines"]
    assert told(pair.house, "atelier") == theirs


def test_a_person_gets_the_figures_of_now_and_the_night_confirms_or_brings_others(
    pair: Pair, link: Link, books: WinBooksSandbox
) -> None:
    with pair.service.running():
        [synced] = pair.cli("sync", "atelier", "--json").json
        assert (synced["status"], synced["error"]) == ("synced", None)
    assert_figures_are_those_of_the_folder(pair)
    before = pair.house.registry.delivered(pair.wanted(link))
    assert before is not None

    night(pair)
    pair.service("grandlivre-agent once")
    confirmed = pair.house.registry.delivered(pair.wanted(link))
    assert confirmed is not None
    assert confirmed.newest.unchanged
    assert confirmed.content.delivery_id == before.content.delivery_id
    assert sync(pair, trigger=ARRIVED).status == "unchanged"
    assert pair.house.registry.arrived() == []

    books.show(company_of(ROW, 1, entries_per_month=2))
    night(pair)
    pair.service("grandlivre-agent once")
    assert [each.dossier_id for each, _ in pair.house.registry.arrived()] == ["atelier"]
    assert sync(pair, trigger=ARRIVED).status == "synced"
    assert_figures_are_those_of_the_folder(pair)


def test_what_the_server_cannot_read_fails_as_it_would_here_in_the_same_words(
    pair: Pair, link: Link, books: WinBooksSandbox
) -> None:
    file = books.root / DOSSIER / f"{DOSSIER}_act.dbf"
    file.write_bytes(file.read_bytes()[:-5000])
    with pair.service.running():
        there, here = sync(pair), sync(pair, "by-root")
    assert there.error is not None
    assert here.error is not None
    assert (there.status, there.error.kind) == (here.status, here.error.kind) == ("failed", "bad_file")
    assert file.name in str(there.error)
    assert here.error.cause in there.error.cause
    assert there.error.next_step == here.error.next_step


def test_a_hub_that_was_away_is_found_again(pair: Pair, link: Link, books: WinBooksSandbox) -> None:
    with pair.service.running():
        assert sync(pair).status in ("synced", "unchanged")
        pair.hub.stop()
        books.show(company_of(ROW, 1, entries_per_month=2))
        [asked] = pair.house.registry.ask_agents([pair.wanted(link)])
        until(lambda: "Next try" in pair.service.config.with_name("service.log").read_text(), "the hub is missed")
        pair.hub.start()
        pair.hub.ready()
        until(lambda: pair.house.registry.open_requests(AGENT) == [], "the service comes back")
    found = pair.house.registry.agent_request(asked.request_id)
    assert found is not None
    assert found.refusal is None
    assert sync(pair, trigger=ARRIVED).status == "synced"
    assert_figures_are_those_of_the_folder(pair)


def test_an_unchanged_dossier_that_the_hub_lost_meanwhile_comes_as_a_whole(pair: Pair, link: Link) -> None:
    """The service confirms what was asked for; the hub, which no longer holds it, wants all of it."""
    registry = pair.house.registry
    with pair.service.running():
        assert sync(pair).status in ("synced", "unchanged")
    registry.ask_agents([pair.wanted(link)])
    held = registry.delivered(pair.wanted(link))
    assert held is not None
    registry.lose_delivery(held.content)  # the request still tells its cursor
    pair.service("grandlivre-agent once")
    found = registry.delivered(pair.wanted(link))
    assert found is not None
    assert found.content.delivery_id == found.newest.delivery_id != held.content.delivery_id
    asked = registry.agent_request(found.newest.request_id)
    assert asked is not None
    assert asked.refusal is None
    assert pair.kept(link)["act"].num_rows > 0


def test_a_token_that_is_old_is_renewed_and_the_new_one_counts(pair: Pair, link: Link) -> None:
    registry = pair.house.registry
    with registry.writing() as session:
        row = session.get_one(models.Agent, AGENT)
        row.token_at, before = registry.now() - timedelta(days=31), row.token_hash
    pair.service("grandlivre-agent once")
    pair.service("grandlivre-agent once")
    with registry.reading() as session:
        row = session.get_one(models.Agent, AGENT)
        assert row.token_hash != before
        assert row.next_token_hash is None
    assert registry.now() - (registry.agent(AGENT).token_at or registry.now() - timedelta(1)) < timedelta(hours=1)


def test_the_self_check_finds_all_well_and_a_revoked_service_is_told_what_to_do(pair: Pair, link: Link) -> None:
    findings = json.loads(pair.service("grandlivre-agent check --json").stdout)
    assert [each["check"] for each in findings if not each["ok"]] == []
    assert {"hub", "token", "clock", "source winbooks"} <= {each["check"] for each in findings}
    code = pair.cli("agent", "code", AGENT, "--hub", pair.hub.url)
    pair.service(code.err.strip().splitlines()[-1].strip())  # another server in its place
    again = pair.service(code.err.strip().splitlines()[-1].strip(), ok=False)
    assert (again.returncode, "grandlivre agent code" in again.stderr) == (1, True)
    other = pair.cli("agent", "add", "--firm", FIRM, "--name", "Server Luik", "--hub", pair.hub.url)
    folder = pair.service.config.with_name("luik")
    folder.mkdir()
    config = folder / "agent.toml"
    text = pair.service.config.read_text().replace("/server/spool", "/server/luik/spool")
    config.write_text(text)
    luik = ServiceProcess(config)
    luik(other.err.strip().splitlines()[-1].strip())
    luik("grandlivre-agent once")
    pair.cli("agent", "revoke", other.out.split()[0])
    refused = luik("grandlivre-agent once", ok=False)
    assert (refused.returncode, "took it back" in refused.stderr) == (1, True)
    assert pair.service("grandlivre-agent once").returncode == 0


def test_a_certificate_of_an_unknown_authority_and_plain_http_are_refused(pair: Pair, tmp_path: Path) -> None:
    made = pair.cli("agent", "add", "--firm", FIRM, "--name", "Server Brugge", "--hub", pair.hub.url)
    [command] = [line.strip() for line in made.err.splitlines() if "grandlivre-agent enrol" in line]
    config = tmp_path / "agent.toml"
    stranger = ServiceProcess(config)
    config.write_text(f"hub = '{pair.hub.url}'\nspool = '{tmp_path / 'spool'}'\n")
    untrusted = stranger(command, ok=False)
    assert untrusted.returncode == 1
    assert "is not trusted" in untrusted.stderr
    assert "ca_file" in untrusted.stderr
    config.write_text(config.read_text() + f"ca_file = '{pair.hub.papers.authority}'\n")
    stranger(command)  # the code was told to nobody
    config.unlink()
    plain = stranger("grandlivre-agent enrol --hub http://192.0.2.1:8443 --code X", ok=False)
    assert (plain.returncode, "https://" in plain.stderr) == (1, True)
    assert not config.exists()
