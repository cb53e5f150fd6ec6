"""What goes into Postgres by COPY comes out of it the same, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import ReportABug
from foundation.postgres import connect
from foundation.secrets import Secret
from tests.postgres import Server
from warehouse.postgres.copying import copy_in, copy_out

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("amount", pa.decimal128(20, 4)),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us")),
        ("number", pa.int32()),
        ("count", pa.int64()),
        ("flag", pa.bool_()),
    ]
)
TYPES = ("text", "numeric(20,4)", "date", "timestamp", "integer", "bigint", "boolean")
WORDS = 2**64
AMOUNTS = st.one_of(
    st.integers(-(10**20) + 1, 10**20 - 1),
    st.sampled_from([0, 1, -1, WORDS, -WORDS, WORDS - 1, 1 - WORDS, 2**63, -(2**63), 10**16, -(10**16), 10**20 - 1]),
).map(lambda unscaled: Decimal(unscaled).scaleb(-4))
ROWS = st.lists(
    st.tuples(
        st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        st.none() | AMOUNTS,
        st.none() | st.dates(date(1000, 1, 1), date(9999, 12, 31)),
        st.none() | st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def connection(postgres: Server) -> Iterator[psycopg.Connection]:
    with connect(Secret(postgres.empty_database()), schema="public", autocommit=True) as opened:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(SCHEMA.names, TYPES, strict=True))
        opened.execute(f"CREATE TABLE public.kept (place serial, {columns})".encode())
        yield opened


def told(rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


@given(ROWS, st.integers(1, 7))
def test_every_value_comes_back_as_it_was(connection: psycopg.Connection, rows: list[Any], size: int) -> None:
    connection.execute("TRUNCATE public.kept")
    table = told(rows)
    # Slices as well as whole batches: their columns do not start at the beginning of a buffer.
    batches = pa.RecordBatchReader.from_batches(SCHEMA, table.to_batches(max_chunksize=size))
    assert copy_in(connection, "public.kept", batches) == len(rows)
    found = connection.execute(
        "SELECT text, amount, day, moment, number, count, flag FROM kept ORDER BY place"
    ).fetchall()
    assert found == rows
    query = "SELECT text, amount, day, moment, number, count, flag FROM kept WHERE place > %s ORDER BY place"
    with copy_out(connection, query, [0], SCHEMA) as read:
        assert read.read_all().equals(table)


def test_a_column_of_empty_texts_and_nulls_alone_comes_back(connection: psycopg.Connection) -> None:
    schema = pa.schema([("text", pa.string())])
    with copy_out(
        connection, "SELECT * FROM (VALUES (''), (NULL), ('a'), (NULL)) v(t) WHERE %s", [True], schema
    ) as read:
        assert read.read_all()["text"].to_pylist() == ["", None, "a", None]


def test_what_has_no_place_in_the_warehouse_is_refused(connection: psycopg.Connection) -> None:
    floats = pa.table({"amount": [1.5]})
    with pytest.raises(ReportABug, match="double has no place"):
        copy_in(connection, "public.kept", floats.to_reader())
