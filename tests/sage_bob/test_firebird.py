"""The Firebird edition on a real server: the same books as from Advantage tables, without a lock, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agent.clock import Clock
from agent.protocol import Request
from agent.reading import Reader, open_source
from agent.secrets_file import keep_secret
from agent.settings import load
from agent.spool import Spool
from agent.survey import Survey
from connectors.books import TABLES
from connectors.contract import Event, ExtractRequest, NextCursor
from connectors.sage_bob.client import SageBob
from connectors.sage_bob.firebird import Server
from connectors.sage_bob.sandbox import DOSSIER, SageBobSandbox
from connectors.sage_bob.sandbox_tables import ACCOUN, AHISTO, PERIOD
from connectors.sandbox.company import Company, company
from foundation.errors import AskForAccess, BadFile, Busy, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.sage_bob.dossiers import LINE, connect, extract, months, next_cursor, normalized
from tests.sage_bob.firebird import (
    FAR,
    NEAR,
    PASSWORD,
    USER,
    FirebirdServer,
    firebird_server,
    reason_without,
    table_with,
)

pytestmark = pytest.mark.skipif(reason_without() is not None, reason=str(reason_without()))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirebirdServer]:
    with firebird_server(tmp_path_factory.mktemp("firebird") / "home") as started:
        yield started


@pytest.fixture(scope="module")
def told() -> Company:
    return company("BE", entries_per_month=3)


@pytest.fixture(scope="module")
def root(server: FirebirdServer, told: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dossiers that tell one company: a file under the root, with types as Advantage has them, and one in a folder
    of its own, with others; beside them a database that is none, and a file that is no database."""
    root = tmp_path_factory.mktemp("data")
    server.write_company(root / f"{DOSSIER}.fdb", told, NEAR)
    server.write_company(root / "MOULIN" / "books.gdb", told, FAR)
    server.make(root / "OTHER.FDB", "CREATE TABLE STOCK (ID INTEGER)")
    (root / "torn.fdb").write_bytes(b"not a database" * 1000)
    return root


def small(
    server: FirebirdServer, database: Path, *lines: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> Path:
    """A dossier of 2024 with one account and these lines."""
    rows = {
        "ac_period": (PERIOD, months("2024", 2024)),
        "ac_accoun": (ACCOUN, [{"AID": "550000", "AISTITLE": False, "HEADING1": "Banque"}]),
        "ac_ahisto": (AHISTO, [LINE | line for line in lines]),
    }
    statements: list[str] = []
    for table, (columns, records) in rows.items():
        values = [[record.get(column.name) for column in columns] for record in records]
        statements += table_with((names or {}).get(table, table), columns, values, NEAR)
    return server.make(database, *statements)


def books(connector: SageBob, name: str, since: date | None = None) -> duckdb.DuckDBPyConnection:
    return normalized(connector, extract(connector, name, since=since))


def events(connector: SageBob, name: str, **request: Any) -> list[Event]:
    return list(extract(connector, name, **request))


@pytest.mark.parametrize("name", [DOSSIER, "MOULIN"])
def test_the_books_are_those_of_the_advantage_edition(
    name: str, server: FirebirdServer, root: Path, told: Company, tmp_path: Path
) -> None:
    sandbox = SageBobSandbox(told, tmp_path)
    for since in (None, told.years[1].start):
        expected, found = books(connect(sandbox.root), DOSSIER, since), books(server.connect(root), name, since)
        for table in TABLES.keys() - {"dossier"}:
            rows = expected.execute(f"FROM books.{table} ORDER BY ALL").fetchall()
            assert found.execute(f"FROM books.{table} ORDER BY ALL").fetchall() == rows, table
            assert rows or table == "trial_balances"


def test_dossiers_are_found_by_what_their_databases_hold(server: FirebirdServer, root: Path) -> None:
    connector = server.connect(root)
    connector.verify()
    # The last one has a fault, which does not hide the others.
    assert [found.external_id for found in connector.discover()] == [DOSSIER, "MOULIN", "torn"]
    assert connector.calls
    with pytest.raises(WrongInput, match=r"OTHER is not a BOB dossier: of its 1 tables none is ac_period, ac_accoun"):
        events(connector, "OTHER")
    with pytest.raises(BadFile, match="torn: it is no database"):
        events(connector, "torn")
    with pytest.raises(WrongInput, match=r"unknown sync reference 'ATELIE'.*Did you mean 'ATELIER'"):
        events(connector, "ATELIE")


def test_databases_may_be_named_in_place_of_a_root(server: FirebirdServer, root: Path) -> None:
    connector = server.connect(firebird_databases=f"ONE = {root / 'ATELIER.fdb'} ; none")
    assert connector.fiscal_years("ONE") == server.connect(root).fiscal_years(DOSSIER)
    assert [found.external_id for found in connector.discover()] == ["ONE", "none"]
    with pytest.raises(WrongInput, match="none: the server finds no such database"):
        connector.fiscal_years("none")
    other = f"OTHER={root / 'OTHER.FDB'}"
    server.connect(firebird_databases=f"{other};none;ONE={root / 'ATELIER.fdb'}").verify()
    with pytest.raises(WrongInput, match="OTHER is not a BOB dossier"):
        server.connect(firebird_databases=f"{other};none").verify()


def test_nothing_new_is_unchanged_and_any_change_is_seen(server: FirebirdServer, tmp_path: Path) -> None:
    database = small(server, tmp_path / "SMALL.fdb", {}, {"HAMOUNT": Decimal("-10.00"), "HORDERNO": 2})
    connector = server.connect(tmp_path)
    cursor = next_cursor(events(connector, "SMALL")).cursor
    assert cursor
    assert events(connector, "SMALL", cursor=cursor) == [NextCursor(cursor, unchanged=True)]
    for statement in (
        "UPDATE AC_AHISTO SET HREM = 'Corrected' WHERE HORDERNO = 1",
        "UPDATE AC_ACCOUN SET HEADING1 = 'Bank'",
        "DELETE FROM AC_AHISTO WHERE HORDERNO = 2",
    ):
        server.run(database, statement)
        after = next_cursor(events(connector, "SMALL", cursor=cursor))
        assert not after.unchanged
        assert after.cursor != cursor
        cursor = after.cursor
    assert next_cursor(events(connector, "SMALL", cursor=cursor, since=date(2024, 1, 1))).cursor != cursor


def test_a_reading_sees_one_moment_and_nobody_waits_for_it(server: FirebirdServer, tmp_path: Path) -> None:
    database = small(server, tmp_path / "SMALL.fdb", {}, {"HAMOUNT": Decimal("-10.00"), "HORDERNO": 2})
    connector = server.connect(tmp_path)
    reading = connector.extract(ExtractRequest("SMALL"))
    first = next(reading)
    server.run(database, "DELETE FROM AC_AHISTO", "DELETE FROM AC_ACCOUN", "DELETE FROM AC_PERIOD")
    db = normalized(connector, [first, *reading])
    assert db.execute("SELECT count(*) FROM books.journal_lines").fetchall() == [(2,)]
    assert db.execute("SELECT number, name FROM books.accounts").fetchall() == [("550000", "Banque")]


def test_nothing_can_be_changed_through_a_reading(server: FirebirdServer, root: Path) -> None:
    reader = Server(server.address, USER, Secret(PASSWORD))
    with reader.snapshot(str(root / f"{DOSSIER}.fdb"), DOSSIER) as snapshot, pytest.raises(GrandlivreError):
        snapshot.all("DELETE FROM AC_AHISTO")


def test_a_user_who_may_read_is_all_that_is_needed_and_one_who_may_not_is_told(
    server: FirebirdServer, tmp_path: Path
) -> None:
    database = small(server, tmp_path / "SMALL.fdb", {}, {"HAMOUNT": Decimal("-10.00"), "HORDERNO": 2})
    server.run(database, "CREATE USER READER PASSWORD 'reads only' USING PLUGIN Srp")
    as_reader = {"username": "reader", "password": "reads only"}
    with pytest.raises(AskForAccess, match="SMALL: the user may not read a table"):
        events(server.connect(tmp_path, **as_reader), "SMALL")
    server.run(database, *(f"GRANT SELECT ON {table} TO READER" for table in ("AC_PERIOD", "AC_ACCOUN", "AC_AHISTO")))
    assert not next_cursor(events(server.connect(tmp_path, **as_reader), "SMALL")).unchanged


def test_faults_of_the_server_are_told_by_what_to_do(server: FirebirdServer, root: Path) -> None:
    with pytest.raises(SignInAgain, match=rf"{DOSSIER}: Firebird refuses the sign-in") as refused:
        server.connect(root, password="wrong secret").verify()
    assert "wrong secret" not in str(refused.value)
    with pytest.raises(Busy, match="the Firebird server cannot be reached"):
        server.connect(root, firebird_server="127.0.0.1:1").verify()
    with pytest.raises(WrongInput, match="firebird_server is 'a b'"):
        server.connect(root, firebird_server="a b")
    with pytest.raises(WrongInput, match="without a server"):
        server.connect(root, firebird_server="", firebird_databases="X")


def test_the_on_premise_service_reads_it_with_the_password_in_its_own_keeping(
    server: FirebirdServer, root: Path, told: Company, tmp_path: Path
) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        f"hub = 'https://books.example.com'\nspool = '{tmp_path / 'spool'}'\n[[source]]\nname = 'bob'\n"
        f"software = 'sage_bob'\nroot = '{root}'\nfirebird_server = '{server.address}'\nusername = '{USER}'\n"
    )
    settings = load(config)
    keep_secret(settings.secrets_file, settings.source("bob"), "password", PASSWORD)
    spool = Spool(settings.spool)
    with spool.taken():
        survey = Survey(
            settings.sources, spool.index, Clock(), lambda each: open_source(settings, each, Clock(), spool.scratch)
        )
        survey.complete()
        (source,) = survey.sources()
        assert source.trouble is None
        assert [(each.external_id, len(each.years)) for each in source.dossiers] == [
            (DOSSIER, len(told.years)), ("MOULIN", len(told.years)), ("torn", 0)
        ]  # fmt: skip
        asked = Request(request_id="r1", source="bob", software="sage_bob", external_id=DOSSIER)
        assert Reader(settings, spool, Clock()).read(asked) is None
        (delivery,) = spool.deliveries()
        assert {file.resource: file.rows for file in delivery.files}["ac_ahisto"] > 100
        assert delivery.cursor
        again = Request(request_id="r2", source="bob", software="sage_bob", external_id=DOSSIER, cursor=delivery.cursor)
        assert Reader(settings, spool, Clock()).read(again) is None
        assert [each.unchanged for each in spool.deliveries() if each.request_id == "r2"] == [True]


def test_tables_of_other_names_are_known_by_their_columns(server: FirebirdServer, tmp_path: Path) -> None:
    names = {"ac_period": "PERIODS", "ac_accoun": "CHART", "ac_ahisto": "LEDGER"}
    pair = [{}, {"HAMOUNT": Decimal("-10.00"), "HORDERNO": 2}]
    database = small(server, tmp_path / "SMALL.fdb", *pair, names=names)
    connector = server.connect(tmp_path)
    assert [found.external_id for found in connector.discover()] == ["SMALL"]
    assert books(connector, "SMALL").execute("SELECT count(*) FROM books.journal_lines").fetchall() == [(2,)]
    server.run(database, "CREATE VIEW LEDGER_2 AS SELECT * FROM LEDGER")
    with pytest.raises(WrongInput, match="has no table ac_ahisto, and LEDGER, LEDGER_2 all have its columns"):
        events(connector, "SMALL")
    # A view by BOB's name decides; what stands behind it is not told, so that it is read at every sync.
    server.run(database, "CREATE VIEW AC_AHISTO AS SELECT * FROM LEDGER")
    assert next_cursor(events(connector, "SMALL")).cursor is None


def test_a_value_that_is_none_is_told_with_its_row(server: FirebirdServer, tmp_path: Path) -> None:
    database = small(server, tmp_path / "SMALL.fdb", {}, {"HORDERNO": 2})
    server.run(
        database,
        "ALTER TABLE AC_AHISTO ADD OLD VARCHAR(20)",
        "UPDATE AC_AHISTO SET OLD = CASE HORDERNO WHEN 2 THEN 'ten' ELSE '10,00' END",
        "ALTER TABLE AC_AHISTO DROP HAMOUNT",
        "ALTER TABLE AC_AHISTO ALTER OLD TO HAMOUNT",
    )
    with pytest.raises(BadFile, match="AC_AHISTO: row 2, column HAMOUNT: 'ten' is no amount"):
        events(server.connect(tmp_path), "SMALL")


def test_bytes_without_a_charset_are_windows_1252_and_those_that_are_nothing_are_counted(
    server: FirebirdServer, tmp_path: Path
) -> None:
    database = small(server, tmp_path / "SMALL.fdb", {}, {"HAMOUNT": Decimal("-10.00"), "HORDERNO": 2})
    server.run(
        database,
        "ALTER TABLE AC_ACCOUN DROP HEADING1",
        "ALTER TABLE AC_ACCOUN ADD HEADING1 VARCHAR(40) CHARACTER SET NONE",
        "UPDATE AC_ACCOUN SET HEADING1 = _OCTETS x'437265646974203a20e9802081'",
    )
    connector = server.connect(tmp_path)
    told = events(connector, "SMALL")
    assert normalized(connector, told).execute("SELECT name FROM books.accounts").fetchall() == [
        ("Credit : é€ \ufffd",)
    ]
    assert [note.count for note in told if getattr(note, "code", "") == "undecodable_bytes"] == [1]


def test_nothing_stays_attached_after_a_reading(server: FirebirdServer, tmp_path: Path) -> None:
    database = small(server, tmp_path / "SMALL.fdb", {}, {"HAMOUNT": Decimal("-10.00"), "HORDERNO": 2})
    events(server.connect(tmp_path), "SMALL")
    with closing(server.connection(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM MON$ATTACHMENTS WHERE MON$REMOTE_PROTOCOL IS NOT NULL")
        assert cursor.fetchall() == [(1,)]
