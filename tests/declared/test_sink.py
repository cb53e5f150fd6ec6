"""Cegid Loop's pushed events: replayed in their order, complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.declared.sandbox import DeclaredSandbox, open_loop
from connectors.declared.sandbox.loop import ENTITY, PREFIX, Loop
from connectors.sandbox.company import company
from foundation.errors import Busy, FixTheData, Incomplete, WrongInput

from .reads import connect, map_file, read, told

BOOKS = company("FR", 1)


@pytest.fixture
def cegid(tmp_path: Path) -> Iterator[DeclaredSandbox]:
    with open_loop(company("FR"), tmp_path) as found:
        yield found


def loop(sandbox: DeclaredSandbox) -> Loop:
    return cast(Loop, sandbox.vendor)


def entry(**changed: Any) -> dict[str, Any]:
    """An entry of 10.10 from the bank to fees, as it is pushed."""
    line = {"libelle": "", "tiersCode": None, "debit": "0", "credit": "0"}
    lines = [
        line | {"numero": 1, "compteNumero": "622600", "debit": "10.10"},
        line | {"numero": 2, "compteNumero": "512000", "credit": "10.10"},
    ]
    head = {"id": "one", "type": 1, "journalCode": "DIV", "refPiece": "X", "datePiece": "2026-03-01"}
    return head | {"lignes": lines} | changed


def fees(sandbox: DeclaredSandbox) -> Any:
    found = read("cegid", sandbox)
    return found.value(
        "SELECT coalesce(sum(debit - credit), 0) FROM books.journal_lines WHERE document = 'X' AND debit > 0"
    )


def test_what_was_pushed_in_steps_is_what_stands(cegid: DeclaredSandbox) -> None:
    cegid.show(BOOKS)
    found = read("cegid", cegid)
    rows = found.rows("SELECT fiscal_year, account, sum(debit - credit) FROM books.journal_lines GROUP BY ALL")
    assert {(year, account): amount for year, account, amount in rows} == {
        key: row["closing"] for key, row in BOOKS.balances().items()
    }
    types = dict(found.rows("SELECT code, type FROM books.journals"))
    assert (types["OPN"], types["VEN"], types["BNK"]) == ("opening", "sales", "bank")
    assert found.value("SELECT country FROM books.dossier") == "FR"


def test_the_order_is_that_of_time_whatever_comes_first_or_twice(cegid: DeclaredSandbox) -> None:
    vendor = loop(cegid)
    vendor.push("comptaEcritureInserted", [entry()])
    inserted = next(path for path in vendor.folder.iterdir() if b'"one"' in path.read_bytes())
    assert str(fees(cegid)) == "10.1000"
    vendor.push("comptaEcritureDeleted", [{"id": "one", "miseAJour": False}])
    inserted.with_name(inserted.name.replace("Inserted-", "Inserted-99")).write_bytes(inserted.read_bytes())
    assert fees(cegid) == 0
    vendor.push("comptaEcritureInserted", [entry(lignes=[])])
    assert fees(cegid) == 0
    vendor.push("comptaEcritureInserted", [entry()])
    vendor.push("comptaEcritureInserted", [entry()])
    assert str(fees(cegid)) == "10.1000"


def test_drafts_and_budgets_are_left_out(cegid: DeclaredSandbox) -> None:
    loop(cegid).push("comptaEcritureInserted", [entry(id="draft", type=7), entry(id="budget", type=3)])
    assert fees(cegid) == 0


def test_the_first_half_of_a_replacement_is_waited_for(cegid: DeclaredSandbox) -> None:
    vendor = loop(cegid)
    vendor.push("comptaEcritureInserted", [entry()])
    vendor.push("comptaEcritureDeleted", [{"id": "one", "miseAJour": True}])
    with pytest.raises(Busy, match="1 replacements of comptaEcriture have not arrived"):
        fees(cegid)
    vendor.push("comptaEcritureInserted", [entry()])
    assert str(fees(cegid)) == "10.1000"


def test_of_what_was_replaced_nothing_is_left(cegid: DeclaredSandbox) -> None:
    vendor = loop(cegid)
    vendor.push("comptaEcritureInserted", [entry()])
    vendor.push("comptaEcritureDeleted", [{"id": "one", "miseAJour": True}])
    vendor.push("comptaEcritureInserted", [entry(refPiece=None)])
    found = read("cegid", cegid)
    sums = "SELECT document, sum(debit) FROM books.journal_lines WHERE debit = 10.10 AND date = '2026-03-01' GROUP BY 1"
    assert [(document, str(amount)) for document, amount in found.rows(sums)] == [(None, "10.1000")]


def test_an_update_tells_what_changed_alone(cegid: DeclaredSandbox) -> None:
    vendor = loop(cegid)
    closed = {"id": "periode-2026", "exercice": None, "dateDebut": None, "dateFin": "2026-12-30", "cloture": None}
    vendor.push("comptaPeriodeUpdated", [closed])
    opened = connect("cegid", cegid)
    last = opened.fiscal_years(cegid.external_id)[-1]
    assert (last.label, last.start.isoformat(), last.end.isoformat(), last.closed) == (
        "2026",
        "2026-01-01",
        "2026-12-30",
        False,
    )
    opened.close()


def test_a_period_that_is_deleted_is_no_year(cegid: DeclaredSandbox) -> None:
    opened = connect("cegid", cegid)
    labels = [year.label for year in opened.fiscal_years(cegid.external_id)]
    loop(cegid).push("comptaPeriodeDeleted", [{"id": f"periode-{labels[-1]}", "miseAJour": False}])
    assert [year.label for year in opened.fiscal_years(cegid.external_id)] == labels[:-1]
    opened.close()


def test_events_that_the_daily_report_tells_and_that_did_not_come_stop_the_sync(cegid: DeclaredSandbox) -> None:
    vendor = loop(cegid)
    vendor.push("comptaEcritureInserted", [entry()])
    vendor.report()
    lost = next(path for path in vendor.folder.iterdir() if b'"one"' in path.read_bytes() and "Ecriture" in path.name)
    body = lost.read_bytes()
    lost.unlink()
    with pytest.raises(Incomplete, match=r"1 events of comptaEcriture.*such as one") as raised:
        fees(cegid)
    assert "partialInit" in str(raised.value)
    lost.write_bytes(body)
    assert str(fees(cegid)) == "10.1000"


def test_a_file_that_is_being_written_is_waited_for_by_name(cegid: DeclaredSandbox) -> None:
    name = f"{PREFIX}comptaEcritureInserted-900-1790000000000"
    (loop(cegid).folder / name).write_bytes(b'{"id": "half", "timest')
    with pytest.raises(Busy, match=name):
        fees(cegid)


def test_a_line_in_no_period_is_not_put_into_another(cegid: DeclaredSandbox) -> None:
    loop(cegid).push("comptaEcritureInserted", [entry(datePiece="2031-01-01T00:00:00Z")])
    with pytest.raises(FixTheData, match="2 lines lie in no fiscal year"):
        fees(cegid)


def test_a_dossier_without_a_folder_in_the_sink_is_said(cegid: DeclaredSandbox) -> None:
    vendor = loop(cegid)
    vendor.folder.rename(vendor.sink / "elsewhere")
    opened = connect("cegid", cegid)
    assert [ref.name for ref in opened.discover()] == [BOOKS.name]
    with pytest.raises(WrongInput, match=f"unknown sync reference '{ENTITY}'"):
        told(opened, cegid.external_id)
    opened.close()


def test_fields_of_pushed_lines_are_data_too(tmp_path: Path, cegid: DeclaredSandbox) -> None:
    own = map_file(tmp_path, '[resources.lines.fields]\naccount = "lignes.compte"\n')
    with pytest.raises(WrongInput, match=r"resources\.lines\.fields\.account is 'lignes\.compte'"):
        read("cegid", cegid, resource_map=own)
