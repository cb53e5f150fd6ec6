"""Either way of a package is connected without the fields of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.contract import Access
from connectors.declared import Declared, open_connector
from connectors.declared.client import oauth_app
from connectors.drop_folder.client import DropFolder
from connectors.package import Package
from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.connecting import gather_secrets
from portal.operations.connections import absolute

from .reads import map_file

SLUGS = ("horus", "wingsonline", "cegid")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_root_stands_in_for_every_other_field_and_nobody_signs_in(slug: str, tmp_path: Path) -> None:
    row = package(slug)
    settings = row.complete_settings({"root": str(tmp_path)})
    assert gather_secrets(row, [], settings) == {}
    assert not row.asks_consent(settings)
    opened = open_connector(Access(slug, settings, {}))
    assert isinstance(opened, DropFolder)
    assert list(opened.discover()) == []


@pytest.mark.parametrize(
    ("slug", "lacking"), [("horus", "base_url"), ("wingsonline", "username"), ("cegid", "client_id, sink")]
)
def test_without_a_root_the_interface_s_fields_are_asked_for_and_files_are_offered(slug: str, lacking: str) -> None:
    with pytest.raises(WrongInput, match=lacking) as raised:
        package(slug).complete_settings({})
    assert "--set root=VALUE in their place" in str(raised.value)


def test_an_interface_wants_its_secrets() -> None:
    row = package("cegid")
    settings = row.complete_settings({"client_id": "x", "sink": "/srv/sink"})
    with pytest.raises(WrongInput, match="client_secret"):
        gather_secrets(row, [], settings)
    with pytest.raises(WrongInput, match="no secret 'subscription_key'"):
        Declared(Access("cegid", settings, {"client_secret": Secret("s")}))


def test_a_person_signs_in_to_horus_at_the_vendor_s_own_desk() -> None:
    row: Package = package("horus")
    settings = row.complete_settings({"base_url": "https://firm.example", "client_id": "app"})
    assert row.asks_consent(settings)
    app = oauth_app(Access("horus", settings, {"client_secret": Secret("s")}))
    assert app.authorize_url == "https://accounts.horus-software.be/oauth2/authorize"
    assert (app.multipart, dict(app.token_more)) == (True, {"scope": "myhorus"})


def test_a_map_cannot_send_secrets_unencrypted(tmp_path: Path) -> None:
    own = map_file(tmp_path, '[auth]\ntoken_url = "http://accounts.example/token"\n')
    settings = {"base_url": "https://firm.example", "client_id": "app", "resource_map": own}
    with pytest.raises(WrongInput, match="unencrypted"):
        oauth_app(Access("horus", settings, {"client_secret": Secret("s")}))


def test_paths_are_kept_whole() -> None:
    here = Path.cwd()
    assert absolute({"resource_map": "own.toml", "sink": "sink", "base_url": "x"}) == {
        "resource_map": str(here / "own.toml"),
        "sink": str(here / "sink"),
        "base_url": "x",
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_what_is_normalised_elsewhere_is_fingerprinted_there(slug: str) -> None:
    assert package(slug).reading == package("wings").reading
