"""The thin part behind a DB-API connection: types as drivers give them, faults as they say them."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.columns import Kind
from connectors.sage50.dossier import OdbcSource
from connectors.sage50.odbc import SqlTable, connection_string, open_with_pyodbc, refused
from foundation.errors import BadFile, Busy, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret


class Rows:
    """A DB-API connection that answers with rows as a driver would give them."""

    def __init__(self, names: list[str], rows: list[tuple[Any, ...]]) -> None:
        self.description = [(name,) for name in names]
        self.asked: list[str] = []
        self._rows = rows

    def cursor(self) -> Rows:
        return self

    def execute(self, operation: str, /) -> None:
        self.asked.append(operation)
        self._left = list(self._rows)

    def fetchmany(self, size: int, /) -> list[Any]:
        found, self._left = self._left[:size], self._left[size:]
        return found

    def close(self) -> None:
        pass


KINDS: dict[str, Kind] = {"type": "text", "date": "day", "amount": "money", "deleted_flag": "flag", "stamp": "moment"}


def rows_of(connection: Any, kinds: dict[str, Kind] = KINDS, rows: int = 2) -> list[dict[str, Any]]:
    return [row for batch in SqlTable(connection, "t").batches(kinds, rows=rows) for row in batch.to_pylist()]


def test_values_of_every_python_type_come_back_and_only_what_is_there_is_asked_for() -> None:
    names = ["TYPE", "DATE", "AMOUNT", "DELETED_FLAG"]
    answers = Rows(
        names,
        [("SI ", datetime(2024, 2, 15), 0.1, 0), (None, date(2024, 2, 16), -120.0, 1), ("JD", None, None, None)],
    )
    assert rows_of(answers) == [
        {
            "type": "SI",
            "date": date(2024, 2, 15),
            "amount": Decimal("0.1"),
            "deleted_flag": False,
            "stamp": None,
            "row": 1,
        },
        {
            "type": None,
            "date": date(2024, 2, 16),
            "amount": Decimal("-120"),
            "deleted_flag": True,
            "stamp": None,
            "row": 2,
        },
        {"type": "JD", "date": None, "amount": None, "deleted_flag": None, "stamp": None, "row": 3},
    ]
    assert answers.asked == ["SELECT * FROM T WHERE 1 = 0", "SELECT TYPE, DATE, AMOUNT, DELETED_FLAG FROM T"]


def test_decimals_texts_and_numbers_are_exact_and_rounded_to_four_places() -> None:
    for told, expected in ((Decimal("1.00005"), "1.0001"), ("1,234.5", "1234.5"), (7, "7"), (2.675, "2.675")):
        assert rows_of(Rows(["AMOUNT"], [(told,)]), {"amount": "money"})[0]["amount"] == Decimal(expected)
    assert rows_of(Rows(["TYPE"], [(5,), ("x",)]), {"type": "text"})[0]["type"] == "5"
    assert rows_of(Rows(["STAMP"], [(datetime(2024, 1, 2, 3, 4, 5),)]), {"stamp": "moment"})[0]["stamp"].hour == 3


@pytest.mark.parametrize("told", [float("nan"), 1e20, "abc", Decimal(10) ** 20, b"\0"])
def test_a_value_that_is_no_amount_is_named_with_its_table(told: object) -> None:
    with pytest.raises(BadFile, match=r"^T: .*AMOUNT"):
        rows_of(Rows(["AMOUNT"], [(told,)]), {"amount": "money"})


class Broken(Rows):
    """A connection that breaks after so many answers."""

    answers = 0

    def execute(self, operation: str, /) -> None:
        if self.answers <= 0:
            raise RuntimeError("link failure, PWD={geheim}")
        self.answers -= 1
        super().execute(operation)

    fetchmany_breaks = False

    def fetchmany(self, size: int, /) -> list[Any]:
        if self.fetchmany_breaks:
            raise RuntimeError("link failure")
        return super().fetchmany(size)


@pytest.mark.parametrize(("answers", "late"), [(1, False), (2, True)])
def test_a_connection_that_breaks_while_a_table_is_read_is_busy_and_gives_no_half_table(
    answers: int, late: bool
) -> None:
    broken = Broken(["AMOUNT"], [(1.0,)])
    broken.answers, broken.fetchmany_breaks = answers, late
    with pytest.raises(Busy, match="T: the connection to Sage 50 broke") as told:
        rows_of(broken, {"amount": "money"})
    assert "geheim" not in str(told.value)


def test_a_table_that_a_version_lacks_is_none_and_a_connection_that_is_gone_is_busy() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE company (start_month, financial_year)")
    source = OdbcSource(db)
    assert source.table("audit_history_journal") is None
    with pytest.raises(Busy, match="NOMINAL_LEDGER: the ODBC driver does not give the table"):
        source.table("nominal_ledger")
    db.close()
    with pytest.raises(Busy):
        source.table("audit_history_journal")


def test_rows_come_in_blocks_and_an_empty_table_gives_none() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (type, amount)")
    assert rows_of(db) == []
    db.executemany("INSERT INTO t VALUES (?, ?)", [("SI", float(n)) for n in range(25)])
    sizes = [batch.num_rows for batch in SqlTable(db, "t").batches(KINDS, rows=10)]
    assert sizes == [10, 10, 5]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (("HY000", "[Sage Line 50] Username is already in use"), Busy),
        (("IM002", "Data source name not found and no default driver specified"), WrongInput),
        (("28000", "Invalid logon"), SignInAgain),
        (("HY000", "something else with PWD={geheim}"), Busy),
    ],
)
def test_what_the_driver_says_is_told_apart_and_no_secret_with_it(
    said: tuple[str, str], kind: type[GrandlivreError]
) -> None:
    error = refused(RuntimeError(*said))
    assert type(error) is kind
    assert "geheim" not in str(error)


def test_a_connection_string_quotes_what_it_holds() -> None:
    text = connection_string("Sage Line 50 v29", r"D:\Sage;x\ACCDATA", "me", Secret("a}b;c"))
    assert text == r"Driver={Sage Line 50 v29};DIR={D:\Sage;x\ACCDATA};UID={me};PWD={a}}b;c}"
    assert connection_string("d", "x", "me", None).endswith("PWD={}")


def test_without_pyodbc_it_is_said_what_to_do() -> None:
    with pytest.raises((WrongInput, Busy)):
        open_with_pyodbc("Driver={none};")
