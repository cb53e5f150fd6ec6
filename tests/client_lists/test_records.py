"""The map of an interface, and what it makes of the records of a list."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.client_lists.interface import FIELDS, read_interface
from connectors.client_lists.records import landed
from foundation.errors import ReportABug, WrongInput

USUAL = """
[list]
path = "clients"
page = "page"
first = 1
size = "n"
largest = 10
rows = "data"
pages = "pages"
[fields]
external_id = ["id"]
name = ["name", "company.name"]
city = ["addresses.kind=seat.city", "addresses.0.city"]
status = ["active"]
"""
MAP = {"external_id": ("id", "uid"), "name": ("name", "company.name"), "city": ("a.kind=seat.city", "a.0.city")}


def row(document: str, fields: dict[str, tuple[str, ...]] | None = None) -> dict[str, Any]:
    record = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    return landed([record], fields or MAP).to_pylist()[0]


def test_names_are_tried_in_order_and_paths_lead_into_objects_and_lists() -> None:
    assert row('{"id":"1","name":"A"}')["name"] == "A"
    assert row('{"id":"1","name":null,"company":{"name":"B"}}')["name"] == "B"
    assert row('{"id":"1","name":"  ","company":{"name":" B "}}')["name"] == "B"
    assert row('{"id":"1","a":[{"kind":"post","city":"X"},{"kind":"seat","city":"Y"}]}')["city"] == "Y"
    assert row('{"id":"1","a":[{"kind":"post","city":"X"}]}')["city"] == "X"
    for odd in ("[]", "{}", "7", '"text"', "[1,2]", "null"):
        assert row(f'{{"id":"1","a":{odd},"company":{odd}}}')["city"] is None


def test_numbers_and_what_has_no_name_stay_as_they_were_sent() -> None:
    found = row('{"id":5521,"capital":18550.10,"tags":["a",{"b":1.50}],"nothing":null,"name":true}')
    assert (found["external_id"], found["name"]) == ("5521", "true")
    assert found["extra"] == '{"capital":18550.10,"tags":["a",{"b":1.50}]}'
    assert row('{"id":"1","name":"A"}')["extra"] is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "company", "a", "x", "y"]), JSON))
def test_whatever_comes_nothing_is_lost_and_nothing_breaks(told: dict[str, Any]) -> None:
    found = row(json.dumps({"id": "k", **told}))
    assert set(found) == {*FIELDS, "extra"}
    extra = json.loads(found["extra"] or "{}")
    taken = {"name": found["name"], "company": found["name"], "a": found["city"]}
    for name, value in told.items():
        if name in "xy":
            assert extra.get(name) == value
        else:  # what no field was taken from is kept as well
            assert extra.get(name) == value or taken[name] is not None


def test_a_client_that_comes_twice_comes_once_and_one_without_an_id_is_refused() -> None:
    records = [
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        for text in ('{"id":"1","name":"old"}', '{"id":"2"}', '{"id":"1","name":"new"}')
    ]
    assert [(r["external_id"], r["name"]) for r in landed(records, MAP).to_pylist()] == [("1", "new"), ("2", None)]
    with pytest.raises(ReportABug, match="without id or uid"):
        row('{"name":"A"}')


def test_another_map_takes_the_place_of_the_usual_one(tmp_path: Path) -> None:
    usual = read_interface(USUAL)
    (tmp_path / "own.toml").write_text(USUAL.replace('"clients"', '"v2/dossiers"'), encoding="utf-8")
    own = read_interface(USUAL, str(tmp_path / "own.toml"))
    assert (usual.shape.path, own.shape.path) == ("clients", "v2/dossiers")
    assert usual.mark != own.mark


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[fields]", "[fields]\ncolour = ['c']"), "colour"),
        (('pages = "pages"', ""), "pages"),
        (('external_id = ["id"]', ""), "external_id"),
        (('name = ["name", "company.name"]', 'name = "name"'), "list"),
        (("largest = 10", "largest = 0"), "largest"),
        (("[list]", "[liste]"), "liste"),
        (('path = "clients"', "path = "), "cannot be used"),
    ],
)
def test_a_map_that_cannot_be_used_says_why(change: tuple[str, str], told: str) -> None:
    assert change[0] in USUAL
    with pytest.raises(WrongInput, match=told):
        read_interface(USUAL.replace(*change))


def test_a_map_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"nowhere\.toml cannot be read"):
        read_interface(USUAL, str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize("room", ["adminpulse", "fid_manager"])
def test_the_maps_of_the_rooms_can_be_used(room: str) -> None:
    text = files(f"connectors.{room}").joinpath("interface.toml").read_text(encoding="utf-8")
    assert read_interface(text).fields["external_id"]
