"""A configuration is taken as it is meant, or refused with the key and the reason; never half."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.address import checked_hub
from agent.secrets_file import keep_secret, read_secrets
from agent.settings import Source, _settings, _source, load
from foundation.errors import BadFile, GrandlivreError, WrongInput
from tests.agent.ground import configure

SOURCE = "[[source]]\nname = 'a'\nsoftware = 'winbooks'\nroot = '/srv/books'\n"


def test_all_keys(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    (tmp_path / "ca.pem").touch()
    config.write_text(
        "hub = 'https://books.example.com/'\nspool = 'waiting'\nca_file = 'ca.pem'\n"
        "[limits]\nspool_megabytes = 7\nfree_megabytes = 3\nquiet_hours = ['08:00-12:30']\n"
        + SOURCE
        + "language = '2'\n",
        encoding="utf-8-sig",
    )
    settings = load(config)
    assert settings.hub == "https://books.example.com"
    assert settings.spool == tmp_path / "waiting"
    assert settings.ca_file == tmp_path / "ca.pem"
    assert (settings.limits.spool_bytes, settings.limits.free_bytes) == (7 << 20, 3 << 20)
    assert settings.sources[0].settings == {"root": "/srv/books", "language": "2", "simulations": "no"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "hub is missing"),
        ("hub = 3", "hub is missing"),
        ("hub = 'https://h'\nhubb = 'x'", "unknown key hubb"),
        ("hub = 'http://books.example.com'", "plain http"),
        ("hub = 'ftp://books.example.com'", "no web address|not a web address"),
        ("hub = 'https://user:pass@books.example.com'", "more than an address"),
        ("hub = 'books.example.com'", "not a web address"),
        ("hub = 'https://h'\n" + SOURCE + SOURCE, "two sources are called 'a'"),
        ("hub = 'https://h'\n[[source]]\nname='a'\nsoftware='winboks'", "no package 'winboks'"),
        ("hub = 'https://h'\n[[source]]\nname='a'\nsoftware='yuki'", "not read on a firm's own server"),
        ("hub = 'https://h'\n[[source]]\nname='a'\nsoftware='winbooks'", "needs the setting root"),
        ("hub = 'https://h'\n[[source]]\nname='a'\nsoftware='winbooks'\nagent='x'", "one of the hub's connection"),
        ("hub = 'https://h'\n" + SOURCE + "colour = 'x'", "no setting colour"),
        ("hub = 'https://h'\n[[source]]\nname='../a'\nsoftware='winbooks'", "a source is called"),
        ("hub = 'https://h'\n[limits]\nspool_megabytes = 0", "spool_megabytes is 0"),
        ("hub = 'https://h'\n[limits]\nspool_megabytes = true", "spool_megabytes is True"),
        ("hub = 'https://h'\n[limits]\nquiet_hours = '8-9'", "quiet_hours"),
        ("hub = 'https://h'\n[limits]\nquiet_hours = ['24:00-25:00']", "quiet_hours"),
        ("hub = 'https://h'\nspool = '/srv/books/spool'\n" + SOURCE, "within each other"),
        ("hub = 'https://h'\nspool = '/srv'\n" + SOURCE, "within each other"),
        ("hub = 'https://h'\nca_file = 'nowhere.pem'", "nowhere.pem is not there"),
        ("hub = 'https://h'\n" + SOURCE.replace("/srv/", ""), "not a whole path"),
        ("hub = 'https://h", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str, tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(text)
    with pytest.raises(WrongInput, match=words) as error:
        load(config)
    assert str(config) in str(error.value)
    assert error.value.next_step


def test_a_secret_in_the_configuration_is_refused_without_showing_it() -> None:
    with pytest.raises(GrandlivreError) as error:
        _source({"name": "v", "software": "venice", "base_url": "https://v", "password": "hush-hush"})
    assert "hush-hush" not in str(error.value)
    assert "grandlivre-agent secret v password" in str(error.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, b: bytes) -> None:
    config = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    config.write_bytes(b)
    with pytest.raises(GrandlivreError):
        load(config)


VALUES = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=9) | st.just(1.5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "name"]), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(["hub", "spool", "ca_file", "token_file", "secrets_file", "limits", "source", "other"])


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_values_are_taken_or_refused_in_words(told: dict[str, object]) -> None:
    try:
        hub = _settings(Path("/etc/x/agent.toml"), told).hub
    except WrongInput as error:
        hub = f"http: {error.next_step}"
    assert len(hub) > len("http: ")


@given(st.text(max_size=30))
def test_any_text_is_a_safe_address_or_refused(text: str) -> None:
    try:
        hub = checked_hub(text)
    except WrongInput:
        return
    assert hub.startswith(("https://", "http://127.", "http://localhost", "http://[::1]"))


VENICE = Source("venice", "venice", {"base_url": "https://v"})


def test_secrets_are_kept_apart_and_only_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    with pytest.raises(WrongInput, match="has no secret 'password'"):
        read_secrets(path, VENICE)
    keep_secret(path, VENICE, "password", "hush")
    assert read_secrets(path, VENICE)["password"].reveal() == "hush"
    with pytest.raises(WrongInput, match="has no secret 'pasword'"):
        keep_secret(path, VENICE, "pasword", "x")
    os.chmod(path, 0o640)
    with pytest.raises(WrongInput, match="others on this server may read it"):
        read_secrets(path, VENICE)
    os.chmod(path, 0o600)
    path.write_bytes(b"[")
    with pytest.raises(BadFile):
        read_secrets(path, VENICE)


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    settings = load(configure(tmp_path, "https://hub.example.com", Path("/srv/books")))
    with pytest.raises(WrongInput, match="It has: winbooks"):
        settings.source("other")
