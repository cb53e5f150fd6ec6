"""A firm's dossiers a page at a time, in SQLite and in Postgres alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.home import Home
from foundation.secrets import Secret
from registry.dossier_pages import Wanted
from registry.names import plain
from registry.store import Registry
from registry.vault import Vault
from tests.postgres import Server
from tests.registry.conftest import Clock

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = ("Zeta", "été", "Straße", "alfa", "Écluse", "Œuvre ﬁn", "100% natuur", "a_b")


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """A registry on either database, with dossiers of two firms."""
    database = None
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        database = Secret(server.empty_database())
    home = Home(tmp_path / "state", database=database)
    with Registry.open(home, vault=Vault.of(home, environ={}), now=clock) as registry:
        yuki = registry.add_connection("yuki", "Vandamme")
        odoo = registry.add_connection("odoo", "Vandamme")
        for number, name in enumerate(NAMES):
            connection = odoo if number % 2 else yuki
            registry.add_link(connection.id, f"X{number}", code=f"{number:03}", name=name, dossier_id=f"d{number}")
        registry.add_link(registry.add_connection("yuki", "Other").id, "X9", code="9", name="alfa", dossier_id="d9")
        yield registry


def run(registry: Registry, clock: Clock, dossier_id: str, status: str, trigger: str = "nightly") -> str:
    clock.pass_by(minutes=1)
    sync_id = registry.start_run(dossier_id, registry.link(dossier_id).link_id, trigger, "replace")
    if status != "running":
        registry.finish_run(sync_id, status)
    return sync_id


def ids(registry: Registry, wanted: Wanted | None = None, **page: int) -> list[str]:
    links, _ = registry.dossier_page("vandamme", wanted or Wanted(LONG_AGO), **page)
    return [link.dossier_id for link in links]


def test_pages_follow_one_another_and_the_count_is_that_of_all(kept: Registry) -> None:
    whole = ids(kept)
    assert len(whole) == len(NAMES)
    assert ids(kept, offset=0, limit=3) + ids(kept, offset=3, limit=3) + ids(kept, offset=6, limit=3) == whole
    names = [kept.link(each).name for each in whole]
    assert names.index("alfa") < names.index("Écluse") < names.index("été") < names.index("Zeta")
    for wanted in (Wanted(LONG_AGO), Wanted(LONG_AGO, search="d")):
        assert kept.dossier_page("vandamme", wanted, offset=0, limit=2)[1] == len(NAMES)
        assert kept.dossier_page("vandamme", wanted, offset=99) == ([], len(NAMES))
    assert kept.dossier_page("nobody", Wanted(LONG_AGO)) == ([], 0)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ecluse", {"Écluse"}),
        ("ÉTÉ", {"été"}),
        ("STRASSE", {"Straße"}),
        ("fin", {"Œuvre ﬁn"}),
        ("%", {"100% natuur"}),
        ("_", {"a_b"}),
        ("x3", {"alfa"}),
        ("007", {"a_b"}),
        ("nothing", set()),
    ],
)
def test_people_search_without_accents_and_case(kept: Registry, search: str, found: set[str]) -> None:
    links, total = kept.dossier_page("vandamme", Wanted(LONG_AGO, search=search))
    assert ({link.name for link in links}, total) == (found, len(found))


def test_what_failed_or_is_old_is_told_apart_from_what_goes_well(kept: Registry, clock: Clock) -> None:
    run(kept, clock, "d0", "synced")
    run(kept, clock, "d0", "failed")
    run(kept, clock, "d1", "failed")
    run(kept, clock, "d1", "synced")
    run(kept, clock, "d2", "synced")
    run(kept, clock, "d2", "synced", "from_landing")
    run(kept, clock, "d3", "failed")
    run(kept, clock, "d3", "running")
    before = clock() - timedelta(minutes=2, seconds=30)  # d2 was asked before, made again from landing since
    assert ids(kept, Wanted(LONG_AGO, shown="failed")) == ["d0"]
    assert set(ids(kept, Wanted(before, shown="stale"))) == {f"d{n}" for n in range(len(NAMES))}
    clock.pass_by(hours=1)
    run(kept, clock, "d2", "unchanged")
    assert "d2" not in ids(kept, Wanted(clock() - timedelta(minutes=10), shown="stale"))
    assert ids(kept, Wanted(LONG_AGO, sort="age"))[-3:] == ["d0", "d1", "d2"]


def test_a_connection_that_lets_nobody_in_needs_attention_with_all_its_dossiers(kept: Registry) -> None:
    assert ids(kept, Wanted(LONG_AGO, shown="attention")) == [], "one that nobody tried yet does not"
    shut = kept.link("d0").connection_id
    kept.set_health(shut, "needs_login", "the consent was withdrawn")
    assert set(ids(kept, Wanted(LONG_AGO, shown="attention"))) == {"d0", "d2", "d4", "d6"}
    assert set(ids(kept, Wanted(LONG_AGO, shown="attention", software="odoo"))) == set()
    assert kept.softwares("vandamme") == ["odoo", "yuki"]
    assert kept.connections_in_use("vandamme")[shut] == 4


def test_the_latest_runs_are_those_of_each_dossier(kept: Registry, clock: Clock) -> None:
    good = run(kept, clock, "d0", "synced")
    run(kept, clock, "d0", "synced", "from_landing")
    last = run(kept, clock, "d0", "parked")
    found = kept.runs_of(["d0", "d1"])
    assert set(found) == {"d0"}
    assert found["d0"].last
    assert found["d0"].good
    assert (found["d0"].last.sync_id, found["d0"].good.sync_id) == (last, good)


def test_an_unlinked_dossier_is_on_no_page_and_its_id_is_proposed_again(kept: Registry) -> None:
    link = kept.link("d0")
    kept.unlink("d0")
    assert "d0" not in ids(kept)
    assert kept.linked_at(link.connection_id, ["X0", "X2"]) == {"X2": "d2"}
    assert kept.unlinked_from(link.connection_id, "X0") == "d0"
    kept.relink("d0", kept.link("d1").connection_id, "elsewhere")
    assert kept.unlinked_from(link.connection_id, "X0") is None
    assert kept.proposed_id("new", "New") == "new-2", "an address has that word already"


@given(st.text())
def test_what_is_plain_stays_so_and_is_found_in_itself(text: str) -> None:
    assert plain(plain(text)) == plain(text)
