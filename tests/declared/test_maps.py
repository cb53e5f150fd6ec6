"""Resource maps: what ships is sound, what a person lays over it counts, and what is wrong is said by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.declared.maps import Loaded, load
from connectors.declared.tables import COLUMNS, Filling
from foundation.errors import WrongInput

from .reads import map_file

SLUGS = ("horus", "wingsonline", "cegid")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_shipped_map_fills_known_tables_and_says_what_to_ask(slug: str) -> None:
    declared = load(slug).map
    assert declared.ask
    for name, section in declared.resources.items():
        filling = Filling(name, section, section.table or name, declared.amounts)
        assert len(filling.schema) >= 2
    for table in ("dossiers", "fiscal_years", "accounts", "lines"):
        assert declared.of_table(table), table


def test_what_nobody_documents_is_marked_and_what_is_documented_is_not() -> None:
    horus, wings, cegid = (set(load(slug).inferred) for slug in SLUGS)
    assert {"resources.lines.path", "resources.lines.fields.debit", "amounts.form", "paging.kind"} <= horus
    assert "resources.dossiers.values.country.B" not in wings  # the vendor's own country codes are known
    assert {"auth.headers.x-apikey", "resources.accounts.fields.number", "resources.lines.fields.kind"} & cegid == set()
    assert {"resources.suppliers.path", "resources.lines.fields.debit"} <= cegid


def test_what_a_person_says_is_laid_over_item_by_item_and_is_no_longer_inferred(tmp_path: Path) -> None:
    own = map_file(tmp_path, '[resources.lines]\npath = "api/v2/ledger/{dossier}"\nfields.debit = "d"\n')
    before, after = load("horus"), load("horus", own)
    lines = after.map.resources["lines"]
    assert (lines.path, lines.fields["debit"], lines.fields["credit"]) == ("api/v2/ledger/{dossier}", "d", "credit")
    assert set(before.inferred) - set(after.inferred) == {"resources.lines.path", "resources.lines.fields.debit"}


def test_a_map_that_was_compared_with_the_vendor_s_documents_is_inferred_nowhere(tmp_path: Path) -> None:
    assert load("horus", map_file(tmp_path, "confirmed = true\n")).inferred == ()


def test_an_empty_path_takes_a_list_away(tmp_path: Path) -> None:
    own = map_file(tmp_path, '[resources.suppliers]\npath = ""\n')
    assert list(load("cegid", own).map.of_table("parties")) == ["customers"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[resources.lines]\npth = "x"\n', r"pth.*resources\[\.\.\.\]|pth.*lines"),
        ('[paging]\nkind = "pages"\n', "paging.kind"),
        ("[amounts]\nsign = 2\n", "amounts.sign"),
        ("path = = 1\n", "not TOML"),
    ],
)
def test_a_map_that_is_wrong_is_refused_by_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(WrongInput, match=said) as raised:
        load("horus", map_file(tmp_path, text))
    assert "own.toml" in str(raised.value)


def test_a_map_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="cannot be read"):
        load("horus", str(tmp_path / "none.toml"))


def test_a_column_that_the_books_do_not_know_is_refused_with_those_that_they_do(tmp_path: Path) -> None:
    found: Loaded = load("horus", map_file(tmp_path, '[resources.accounts.fields]\nnam = "name"\n'))
    with pytest.raises(WrongInput, match=r"resources\.accounts names nam; accounts has id, number, name"):
        Filling("accounts", found.map.resources["accounts"], "accounts", found.map.amounts)
    assert "nam" not in COLUMNS["accounts"]
