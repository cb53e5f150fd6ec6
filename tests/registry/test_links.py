from __future__ import annotations

from datetime import date

import pytest

from foundation.errors import WrongInput
from registry.store import Connection, Link, Registry
from tests.registry.conftest import Clock


def test_a_dossier_is_named_after_its_code_and_name(registry: Registry, connection: Connection, clock: Clock) -> None:
    link = registry.add_link(
        connection.id, "guid", code="1042", name="Bakkerij Janssens", country="BE", currency="EUR", vat_number="BE0123"
    )
    assert link.dossier_id == "1042-bakkerij-janssens"
    assert registry.link(link.dossier_id) == link
    assert (link.firm_id, link.connection_id, link.software) == ("vandamme", connection.id, "yuki")
    assert (link.external_id, link.country, link.currency, link.vat_number) == ("guid", "BE", "EUR", "BE0123")
    assert (link.mode, link.active, link.linked_at, link.wanted_first_sync) == ("replace", True, clock.moment, True)


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [("", "Été SA", "ete-sa"), ("JANSSENS", "Janssens", "janssens"), ("7", "株式会社", "7"), ("", "株", "dossier")],
)
def test_a_dossier_gets_a_readable_id_from_whatever_it_has(
    registry: Registry, connection: Connection, code: str, name: str, expected: str
) -> None:
    assert registry.add_link(connection.id, "x", code=code, name=name).dossier_id == expected


def test_a_made_id_that_is_taken_gets_a_number_and_a_given_one_is_refused(
    registry: Registry, connection: Connection
) -> None:
    made = [registry.add_link(connection.id, str(n), code="1", name="A").dossier_id for n in range(3)]
    assert made == ["1-a", "1-a-2", "1-a-3"]
    with pytest.raises(WrongInput, match="there is a dossier 1-a already"):
        registry.add_link(connection.id, "9", code="1", name="A", dossier_id="1-a")
    with pytest.raises(WrongInput, match="Use for instance mijn-dossier"):
        registry.add_link(connection.id, "9", code="1", name="A", dossier_id="Mijn dossier")
    assert registry.add_link(connection.id, "9", code="1", name="A", dossier_id="mijn_dossier").link_id


def test_a_place_in_a_package_is_linked_once(registry: Registry, link: Link) -> None:
    with pytest.raises(WrongInput, match="linked already, as dossier 1042-bakkerij-janssens"):
        registry.add_link(link.connection_id, link.external_id, code="9", name="Other")
    other = registry.add_connection("yuki", "Vandamme")
    assert registry.add_link(other.id, link.external_id, code="9", name="Other").dossier_id == "9-other"


def test_an_unknown_dossier_is_refused_with_near_misses(registry: Registry, link: Link) -> None:
    with pytest.raises(WrongInput, match="no dossier 'bakkerij'; did you mean 1042-bakkerij-janssens"):
        registry.link("bakkerij")
    with pytest.raises(WrongInput, match=r"no dossier 'zzz'\. `grandlivre dossiers`"):
        registry.link("zzz")


@pytest.mark.parametrize(
    ("mode", "day", "complaint"),
    [
        ("from_date", None, "needs the date"),
        ("replace", date(2024, 1, 1), "takes no date"),
        ("merge", None, "no mode 'merge'"),
    ],
)
def test_a_mode_and_its_date_belong_together(
    registry: Registry, connection: Connection, mode: str, day: date | None, complaint: str
) -> None:
    with pytest.raises(WrongInput, match=complaint):
        registry.add_link(connection.id, "x", code="1", name="A", mode=mode, transfer_date=day)


def test_a_dossier_that_moves_keeps_its_id_and_its_old_link(registry: Registry, link: Link, clock: Clock) -> None:
    xero = registry.add_connection("xero", "Vandamme")
    moved_at = clock.pass_by(days=1)
    moved = registry.relink(link.dossier_id, xero.id, "tenant", mode="from_date", transfer_date=date(2024, 1, 1))
    assert registry.link(link.dossier_id) == moved
    assert (moved.dossier_id, moved.software, moved.external_id) == (link.dossier_id, "xero", "tenant")
    assert (moved.code, moved.name, moved.transfer_date) == ("1042", "Bakkerij Janssens", date(2024, 1, 1))
    assert moved.link_id != link.link_id
    old, new = registry.links(active=None)
    assert (old.link_id, old.active, old.unlinked_at) == (link.link_id, False, moved_at)
    assert new == moved
    assert registry.links() == [moved]
    assert registry.links("yuki") == []
    freed = registry.add_link(link.connection_id, link.external_id, code="9", name="Other")
    with pytest.raises(WrongInput, match="as dossier 9-other"):
        registry.relink(link.dossier_id, freed.connection_id, freed.external_id)
    assert registry.link(link.dossier_id) == moved


def test_a_dossier_may_change_its_mode_in_place(registry: Registry, link: Link) -> None:
    registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="totals")
    assert registry.link(link.dossier_id).mode == "totals"


def test_a_dossier_does_not_move_to_another_firm(registry: Registry, link: Link) -> None:
    foreign = registry.add_connection("yuki", "Peeters")
    with pytest.raises(WrongInput, match="of firm vandamme, the connection of firm peeters"):
        registry.relink(link.dossier_id, foreign.id, "x")
    assert registry.link(link.dossier_id) == link


def test_links_are_listed_by_package_firm_and_wish(registry: Registry, link: Link) -> None:
    xero = registry.add_connection("xero", "Peeters")
    other = registry.add_link(xero.id, "t", code="7", name="Loodgieter", wanted_first_sync=False)
    assert registry.links() == [link, other]
    assert registry.links(software="xero") == [other]
    assert registry.links(firm="Vandamme") == [link]
    assert registry.links(connection_id=xero.id) == [other]
    assert registry.links(wanted_first_sync=True) == [link]
    registry.mark_first_sync_requested(link.dossier_id)
    assert registry.links(wanted_first_sync=True) == []


def test_the_dossiers_of_a_package_are_told_without_their_links(registry: Registry, connection: Connection) -> None:
    other = registry.add_connection("xero", "Vandamme")
    for place in ("b", "a"):
        registry.add_link(connection.id, place, code=place, name=place, dossier_id=place)
    registry.add_link(other.id, "c", code="c", name="c", dossier_id="c")
    assert registry.dossier_ids(connection.software) == ["a", "b"]
    registry.relink("a", other.id, "a")
    assert registry.dossier_ids(connection.software) == ["b"]
    assert registry.dossier_ids("xero") == ["a", "c"]


def test_an_unlinked_dossier_is_known_as_such_and_can_come_back(registry: Registry, link: Link, clock: Clock) -> None:
    registry.unlink(link.dossier_id)
    assert registry.links() == []
    [kept] = registry.links(active=None)
    assert (kept.active, kept.unlinked_at, kept.wanted_first_sync) == (False, clock.moment, False)
    with pytest.raises(WrongInput, match=r"no longer linked; .* --dossier 1042-bakkerij-janssens"):
        registry.link(link.dossier_id)
    with pytest.raises(WrongInput, match="no longer linked"):
        registry.unlink(link.dossier_id)
    back = registry.relink(link.dossier_id, link.connection_id, link.external_id)
    assert (back.link_id, back.name, back.active) == (f"{link.dossier_id}--2", link.name, True)
    assert registry.link(link.dossier_id) == back
    assert registry.links(active=None)[0].unlinked_at == kept.unlinked_at
