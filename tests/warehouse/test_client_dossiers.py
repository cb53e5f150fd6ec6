"""Which client a dossier is tied to: by code, then by enterprise number, in doubt to none; in DuckDB and Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from warehouse import scripts


@dataclass
class Tables:
    """Schema ``ledger`` on either database, filled by hand."""

    db: Any

    def dossier(self, dossier_id: str, code: str, vat: str | None = None, country: str | None = "BE") -> None:
        self._insert(
            "dossiers", dossier_id=dossier_id, firm_id="f", name=dossier_id, code=code, vat_number=vat, country=country
        )

    def client(self, code: str, number: str | None = None, **more: str | None) -> None:
        told = {"vat_number": f"BE{number}" if number else None, "enterprise_number": number, "status": "active"} | more
        list_id = more.get("list_id") or "l"
        told |= {"list_id": list_id, "client_id": f"{list_id}/{code}"}
        self._insert("clients", firm_id=told.pop("firm_id", "f"), code=code, name=f"client {code}", **told)

    def ties(self) -> dict[tuple[str, str], str]:
        """Client and dossier (or what it could be) to how they are tied."""
        rows = self.db.execute(
            "SELECT client_id, coalesce(dossier_id, could_be, ''), tied_by FROM ledger.client_dossiers"
        ).fetchall()
        assert len({row[:2] for row in rows}) == len(rows)
        return {(client, dossier): how for client, dossier, how in rows}

    def _insert(self, table: str, **values: str | None) -> None:
        told = ", ".join("NULL" if v is None else f"'{v}'" for v in values.values())
        self.db.execute(f"INSERT INTO ledger.{table} ({', '.join(values)}) VALUES ({told})")


@pytest.fixture(params=["duckdb", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    if request.param == "postgres":
        address = request.getfixturevalue("postgres").database()
        with psycopg.connect(address) as connection:
            yield Tables(connection)
    else:
        with duckdb.connect(":memory:") as db:
            scripts.run(db, "schema")
            scripts.run(db, "views")
            yield Tables(db)


def test_by_code_then_by_number_else_not_at_all(ledger: Tables) -> None:
    ledger.client("1042", "0403019261")
    ledger.client("1043", "0428759497")
    ledger.client("1044")
    ledger.dossier("by-code", " 1042 ", "BE 0403.019.261")
    ledger.dossier("by-number", "other", "428.759.497")
    ledger.dossier("unknown", "9999", "BE0417497106")
    assert ledger.ties() == {
        ("l/1042", "by-code"): "code",
        ("l/1043", "by-number"): "enterprise_number",
        ("l/1044", ""): "none",
    }


def test_the_code_goes_before_the_number_and_whether_they_agree_is_told(ledger: Tables) -> None:
    ledger.client("1042", "0403019261")
    ledger.client("1043", "0428759497")
    ledger.dossier("d", "1042", "BE0428759497")
    ledger.dossier("e", "1043")
    assert ledger.ties() == {("l/1042", "d"): "code", ("l/1043", "e"): "code"}
    agree = dict(ledger.db.execute("SELECT dossier_id, same_number FROM ledger.client_dossiers").fetchall())
    assert agree == {"d": False, "e": None}


def test_what_could_be_several_clients_is_tied_to_none(ledger: Tables) -> None:
    ledger.client("1044", "0403170701")
    ledger.client("1045", "0403170701")
    ledger.dossier("d", "x", "0403170701")
    ledger.dossier("e", "1045", "0403170701")
    assert ledger.ties() == {
        ("l/1044", "d"): "ambiguous",
        ("l/1045", "d"): "ambiguous",
        ("l/1045", "e"): "code",
    }
    tied = ledger.db.execute("SELECT count(*) FROM ledger.client_dossiers WHERE dossier_id = 'd'").fetchall()
    assert tied == [(0,)]


def test_a_client_may_have_several_dossiers_and_each_list_ties_for_itself(ledger: Tables) -> None:
    ledger.client("1042", "0403019261")
    ledger.client("C7", "0403019261", list_id="m")
    ledger.dossier("old", "1042", "0403019261")
    ledger.dossier("new", "A-1", "BE0403019261")
    assert ledger.ties() == {
        ("l/1042", "old"): "code",
        ("l/1042", "new"): "enterprise_number",
        ("m/C7", "old"): "enterprise_number",
        ("m/C7", "new"): "enterprise_number",
    }


def test_the_code_in_the_bookkeeping_package_counts_as_code(ledger: Tables) -> None:
    ledger.client("A1", dossier_code="BOEK7")
    ledger.dossier("d", "boek7")
    assert ledger.ties() == {("l/A1", "d"): "code"}


def test_removed_clients_other_firms_and_client_lists_are_tied_to_nothing(ledger: Tables) -> None:
    ledger.client("1042", "0403019261", status="removed")
    ledger.client("1043", firm_id="other")
    ledger.client("l")
    ledger.dossier("d", "1042", "0403019261")
    ledger.dossier("e", "1043")
    ledger.db.execute("INSERT INTO ledger.dossiers (dossier_id, firm_id, code, kind) VALUES ('l', 'f', 'l', 'clients')")
    assert set(ledger.ties().values()) == {"none"}


@pytest.mark.parametrize(
    ("vat_number", "told", "country"),
    [
        ("NL004495445B01", "NL 0044.95.445.B01", "NL"),
        ("NL004495445B01", "004495445B01", "NL"),
        ("FR40303265045", "FR40303265045", "FR"),
        ("FR40303265045", "303265045", "FR"),
    ],
)
def test_outside_belgium_by_vat_number(ledger: Tables, vat_number: str, told: str, country: str) -> None:
    ledger.client("A", vat_number=vat_number, enterprise_number=None)
    ledger.client("B", vat_number="NL123456782B90", enterprise_number=None)
    ledger.dossier("d", "x", told, country)
    assert ledger.ties()["l/A", "d"] == "enterprise_number"


def test_texts_that_are_no_number_tie_nothing(ledger: Tables) -> None:
    ledger.client("A", vat_number="-", enterprise_number=None)
    ledger.client("B", vat_number="", enterprise_number=None)
    ledger.dossier("d", "x", "")
    ledger.dossier("e", "y", "n.a.")
    ledger.dossier("f", "z", None)
    assert set(ledger.ties().values()) == {"none"}
