from __future__ import annotations

import re
from dataclasses import replace

import pytest

from connectors.catalog import PACKAGES, available_packages, package
from connectors.package import CAPABILITIES, DELETION_METHODS
from foundation.errors import WrongInput

SLUGS = [
    "exact_online_be",
    "exact_online_nl",
    "exact_online_fr",
    "yuki",
    "sage_business_cloud_accounting",
    "twinfield",
    "adminpulse",
    "odoo",
    "horus",
    "bocount",
    "cegid",
    "xero",
    "xero_tb",
    "quickbooks",
    "e_conomic",
    "octopus",
    "winbooks_on_web",
    "wingsonline",
    "afas",
    "fid_manager",
    "expertm",
    "wings",
    "winbooks",
    "venice",
    "verocount",
    "sage_bob",
    "sage50",
    "topaccount",
    "adsolut",
    "oras",
    "briljant",
    "popsy",
]


def test_the_catalog_holds_the_32_packages_in_order() -> None:
    assert list(PACKAGES) == SLUGS


@pytest.mark.parametrize("slug", SLUGS)
def test_a_row_is_complete(slug: str) -> None:
    row = package(slug)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", slug)
    assert row.name
    assert row.transport
    assert row.deletion.method in DELETION_METHODS
    assert row.deletions.startswith(row.deletion.method)
    assert row.capabilities
    assert row.capabilities <= set(CAPABILITIES)
    assert row.level in ("firm", "dossier", "support", "on_premise")
    assert row.contract in ("documented", "public code", "reconstructed")
    names = [field.name for field in row.fields]
    assert len(names) == len(set(names))
    assert all(field.help for field in row.fields)
    assert all(field.default is None for field in row.secrets)


def test_a_package_without_a_room_says_so() -> None:
    with pytest.raises(WrongInput, match="not available yet"):
        replace(package("yuki"), room=None).load_room()


def test_an_available_package_has_a_room_with_a_sandbox() -> None:
    from importlib import import_module

    for row in available_packages():
        room = row.load_room()
        assert callable(room.open_connector)
        assert row.reading
        if any(field.name == "refresh_token" for field in row.fields):
            assert callable(room.oauth_app)
        assert callable(import_module(f"{room.__name__}.sandbox").open_sandbox)


def test_an_available_package_declares_how_deletions_are_noticed() -> None:
    for row in available_packages():
        assert row.deletion.method in DELETION_METHODS, row.slug
        if row.deletion.method == "full read":  # nothing tells a deletion but that a line is not there any more
            assert not {"incremental", "deletions"} & row.capabilities, row.slug


def test_what_a_service_delivers_is_always_whole() -> None:
    """The protocol has no delivery of changes; it would need one for the first package that is otherwise."""
    for row in available_packages():
        if row.takes_agent:
            assert row.deletion.method == "full read", row.slug


def test_near_misses_are_offered() -> None:
    with pytest.raises(WrongInput, match="exact_online_be"):
        package("exact_online_b")


def test_settings_are_completed_and_refused_by_name() -> None:
    row = package("exact_online_nl")
    assert row.complete_settings({"client_id": "x"})["base_url"] == "https://start.exactonline.nl"
    with pytest.raises(WrongInput, match="client_id"):
        row.complete_settings({})
    with pytest.raises(WrongInput, match="colour"):
        row.complete_settings({"client_id": "x", "colour": "red"})
