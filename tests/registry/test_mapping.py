"""People's own codes for accounts: what stands, for whom, and what stood before."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.errors import WrongInput
from foundation.home import Home
from registry import upgrade
from registry.database import for_writing, open_engine
from registry.store import Link, Registry
from registry.vault import Vault
from tests.registry.conftest import Clock


def standing(registry: Registry, dossier_id: str) -> list[tuple[str, str, bool]]:
    """Account, code, and whether it is the firm's."""
    return [(rule.pattern, rule.code, rule.dossier_id is None) for rule in registry.mapping_rules(dossier_id)]


def test_an_account_with_a_star_is_a_prefix_and_without_one_exact(registry: Registry, link: Link) -> None:
    exact = registry.set_mapping_rule(link.dossier_id, " 613200 ", "X23", why="fees", who="sam")
    prefix = registry.set_mapping_rule(link.dossier_id, "613*", "X22")
    assert (exact.match, exact.account, exact.why, exact.who) == ("exact", "613200", "fees", "sam")
    assert (prefix.match, prefix.account) == ("prefix", "613")
    assert registry.mapping_rules(link.dossier_id) == [exact, prefix]


@pytest.mark.parametrize("account", ["", "*", "  ", " *"])
def test_an_account_that_names_none_is_refused(registry: Registry, link: Link, account: str) -> None:
    with pytest.raises(WrongInput, match="names no account"):
        registry.set_mapping_rule(link.dossier_id, account, "X23")
    with pytest.raises(WrongInput, match="names no account"):
        registry.clear_mapping_rule(link.dossier_id, account)


def test_a_rule_replaced_or_taken_back_stays_as_history(registry: Registry, link: Link, clock: Clock) -> None:
    first = clock.moment
    registry.set_mapping_rule(link.dossier_id, "613200", "X22", why="first try", who="sam")
    second = clock.pass_by(hours=1)
    registry.set_mapping_rule(link.dossier_id, "613200", "X23", why="they are fees", who="eva")
    assert standing(registry, link.dossier_id) == [("613200", "X23", False)]
    third = clock.pass_by(hours=1)
    ended = registry.clear_mapping_rule(link.dossier_id, "613200", who="kim")
    assert ended is not None
    assert (ended.code, ended.active) == ("X23", False)
    assert registry.clear_mapping_rule(link.dossier_id, "613200") is None
    assert registry.mapping_rules(link.dossier_id) == []
    assert [
        (rule.code, rule.why, rule.who, rule.at, rule.ended_at, rule.ended_by, rule.active)
        for rule in registry.mapping_history(link.dossier_id)
    ] == [
        ("X23", "they are fees", "eva", second, third, "kim", False),
        ("X22", "first try", "sam", first, second, "eva", False),
    ]


def test_an_account_and_a_prefix_of_the_same_digits_are_two_rules(registry: Registry, link: Link) -> None:
    registry.set_mapping_rule(link.dossier_id, "613", "X22")
    registry.set_mapping_rule(link.dossier_id, "613*", "X23")
    registry.clear_mapping_rule(link.dossier_id, "613")
    assert standing(registry, link.dossier_id) == [("613*", "X23", False)]


def test_a_firm_s_rule_is_one_for_all_its_dossiers_and_for_no_other_firm(registry: Registry, link: Link) -> None:
    sister = registry.add_link(link.connection_id, "guid-2", code="2", name="Slagerij")
    elsewhere = registry.add_connection("yuki", "Peeters")
    stranger = registry.add_link(elsewhere.id, "guid-3", code="3", name="Garage")
    registry.set_mapping_rule(link.dossier_id, "613*", "X22", firm=True)
    registry.set_mapping_rule(link.dossier_id, "613*", "X23")
    registry.set_mapping_rule(stranger.dossier_id, "613*", "X24", firm=True)
    assert standing(registry, link.dossier_id) == [("613*", "X22", True), ("613*", "X23", False)]
    assert standing(registry, sister.dossier_id) == [("613*", "X22", True)]
    assert standing(registry, stranger.dossier_id) == [("613*", "X24", True)]
    registry.set_mapping_rule(sister.dossier_id, "613*", "X25", firm=True)
    assert standing(registry, link.dossier_id) == [("613*", "X23", False), ("613*", "X25", True)]
    registry.clear_mapping_rule(link.dossier_id, "613*")
    assert standing(registry, link.dossier_id) == [("613*", "X25", True)]
    registry.clear_mapping_rule(link.dossier_id, "613*", firm=True)
    assert standing(registry, sister.dossier_id) == []
    assert standing(registry, stranger.dossier_id) == [("613*", "X24", True)]


def test_rules_stay_with_a_dossier_that_moves(registry: Registry, link: Link) -> None:
    registry.set_mapping_rule(link.dossier_id, "613*", "X22")
    xero = registry.add_connection("xero", "Vandamme")
    registry.relink(link.dossier_id, xero.id, "t")
    assert standing(registry, link.dossier_id) == [("613*", "X22", False)]


def test_rules_of_an_unknown_dossier_are_refused_with_near_misses(registry: Registry, link: Link) -> None:
    with pytest.raises(WrongInput, match="did you mean"):
        registry.set_mapping_rule("bakkerij", "613", "X22")
    with pytest.raises(WrongInput, match="did you mean"):
        registry.clear_mapping_rule("bakkerij", "613")
    with pytest.raises(WrongInput, match="did you mean"):
        registry.mapping_rules("bakkerij")


@pytest.mark.parametrize("firm", [False, True])
def test_the_database_itself_keeps_one_rule_per_account(registry: Registry, link: Link, firm: bool) -> None:
    registry.set_mapping_rule(link.dossier_id, "613", "X22", firm=firm)
    columns = "firm_id, dossier_id, match, account, code, at, active"
    double = f"INSERT INTO mapping_rules ({columns}) SELECT {columns} FROM mapping_rules"
    engine = open_engine(registry.home)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(double))
    engine.dispose()


def test_a_registry_of_the_first_version_is_upgraded_and_keeps_what_it_holds(home: Home) -> None:
    home.create()
    engine = open_engine(home)
    with for_writing(engine).begin() as connection:
        command.upgrade(upgrade.configuration(connection), "0001")
        connection.execute(text("INSERT INTO firms VALUES ('vandamme', 'Vandamme', '2025-03-01 02:00:00')"))
    engine.dispose()
    with Registry.open(home, vault=Vault.of(home, environ={})) as registry:
        made = registry.add_connection("yuki", "Vandamme")
        link = registry.add_link(made.id, "guid-1", code="1", name="A")
        registry.set_mapping_rule(link.dossier_id, "613", "X22", firm=True)
        assert [firm.firm_id for firm in registry.firms()] == ["vandamme"]
        assert standing(registry, link.dossier_id) == [("613", "X22", True)]
