"""Fingerprints of tables: the same for the same rows, another for any other."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connectors.digests import digest

NESTED = [("more", pa.struct([("code", pa.string())])), ("all", pa.list_(pa.int64()))]
SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), *NESTED])
ROWS = [{"id": 2, "name": None, "more": {"code": "x"}, "all": [1]}, {"id": 1, "name": "a", "more": None, "all": None}]


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def test_order_and_chunks_of_rows_do_not_count() -> None:
    parts = pa.concat_tables([table(ROWS[1:]), table(ROWS[:1])])
    assert digest({"t": parts}) == digest({"t": table(ROWS)})


@pytest.mark.parametrize("change", [{"id": 3}, {"name": ""}, {"more": None}, {"more": {"code": "y"}}, {"all": [1, 2]}])
def test_every_value_counts_nested_ones_too(change: dict[str, Any]) -> None:
    assert digest({"t": table([ROWS[0] | change, ROWS[1]])}) != digest({"t": table(ROWS)})


def test_a_table_more_counts() -> None:
    assert digest({"t": table(ROWS), "u": table([])}) != digest({"t": table(ROWS)})
