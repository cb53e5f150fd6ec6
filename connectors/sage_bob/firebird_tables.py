"""The tables of a BOB dossier in a Firebird database, found by what the database says of itself.

Inferred: that the Firebird edition has the tables and the columns of the Advantage edition. A table is the one of
BOB's name, in any case; where there is none, the only one (or the only view) with the columns by which that table is
known. Whatever the types of its columns are, their values are taken for what the column means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.columns import (
    BATCH_ROWS,
    CONTINENTAL,
    TYPES,
    Kind,
    Table,
    UnreadableValue,
    convert,
    decode,
    exact,
    trimmed,
)
from connectors.sage_bob import tables
from connectors.sage_bob.firebird import NoSuchColumn, Snapshot
from connectors.sage_bob.inferred import FIREBIRD_SIGNS
from connectors.sage_bob.opened import ALL, REQUIRED, OpenDossier
from foundation.errors import BadFile, WrongInput

_ROWS = 10_000  # they are rows of Python values before they are columns
_BLOB = 261
# Texts of these are bytes that nothing vouches for: they are taken for Windows-1252, as those of Advantage tables are.
_BYTES = frozenset(("NONE", "OCTETS", "ASCII", "ISO8859_1"))

_CATALOG = """
SELECT TRIM(f.RDB$RELATION_NAME), TRIM(f.RDB$FIELD_NAME), s.RDB$FIELD_TYPE, s.RDB$CHARACTER_LENGTH,
    TRIM(c.RDB$CHARACTER_SET_NAME)
FROM RDB$RELATION_FIELDS f
JOIN RDB$FIELDS s ON s.RDB$FIELD_NAME = f.RDB$FIELD_SOURCE
LEFT JOIN RDB$CHARACTER_SETS c ON c.RDB$CHARACTER_SET_ID = s.RDB$CHARACTER_SET_ID
WHERE COALESCE(f.RDB$SYSTEM_FLAG, 0) = 0
"""


@dataclass(frozen=True)
class Column:
    """A column as the catalog has it: its name as it is spelled there, its type, and for texts length and charset."""

    name: str
    type: int
    length: int | None
    charset: str | None

    @property
    def asked(self) -> str:
        """What is selected to have its values."""
        if self.charset in _BYTES and self.type != _BLOB:
            # Each byte as the character of its number, which never fails.
            return f"CAST({quoted(self.name)} AS VARCHAR({self.length or 1}) CHARACTER SET ISO8859_1)"
        return quoted(self.name)


class FirebirdTable:
    """One table or view; see :class:`connectors.columns.Table`. Rows are numbered in the order in which they stand."""

    def __init__(self, snapshot: Snapshot, relation: str, columns: Mapping[str, Column]) -> None:
        self.name = relation
        self.warnings: Counter[str] = Counter()
        self._snapshot, self._columns = snapshot, columns

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self._columns)

    def state(self) -> tuple[str, ...] | None:
        """Rows, and which transactions wrote them; None where that is not known (a view, a server before 3.0)."""
        version = "RDB$RECORD_VERSION"
        question = f"SELECT COUNT(*), COUNT({version}), MAX({version}), SUM({version}) FROM {quoted(self.name)}"
        try:
            rows, told, *rest = self._snapshot.all(question)[0]
        except NoSuchColumn:
            return None
        return (str(rows), *map(str, rest)) if rows == told else None

    def batches(self, columns: Mapping[str, Kind], *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """See :class:`connectors.columns.Table`."""
        found = {name: self._columns[name.upper()] for name in columns if name.upper() in self._columns}
        for column in found.values():
            if column.type == _BLOB:
                raise BadFile(f"column {column.name} is a blob, which is not read", subject=self.name)
        # Without a column of ours there is still a number of rows.
        question = f"SELECT {', '.join(column.asked for column in found.values()) or '1'} FROM {quoted(self.name)}"
        first = 1
        for block in self._snapshot.rows(question, min(rows, _ROWS)):
            values = dict(zip(found, zip(*block, strict=True), strict=False))
            arrays = {name: self._array(name, kind, values.get(name), first, len(block), found.get(name))
                      for name, kind in columns.items()}  # fmt: skip
            arrays["row"] = pa.array(np.arange(first, first + len(block), dtype=np.int64))
            yield pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))
            first += len(block)

    def _array(
        self, name: str, kind: Kind, values: Sequence[Any] | None, first: int, count: int, column: Column | None
    ) -> pa.Array:
        if values is None or column is None:
            return pa.nulls(count, TYPES[kind])
        try:
            if column.charset in _BYTES:
                texts, undecodable = _decoded(values)
                self.warnings["undecodable_bytes"] += undecodable
                return convert(texts, kind, CONTINENTAL)
            return array(values, kind)
        except UnreadableValue as error:
            raise BadFile(f"row {first + error.index}, column {name.upper()}: {error}", subject=self.name) from None


class NotBob(WrongInput):
    """A database that does not hold BOB's tables."""


class FirebirdDossier(OpenDossier):
    """A snapshot of the database ``name`` as a dossier; only the tables ``wanted`` are looked for.

    Raises NotBob when it lacks one of those ``required``, WrongInput where it cannot be told which table one is.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        name: str,
        wanted: Sequence[str] = ALL,
        required: Sequence[str] = REQUIRED,
    ) -> None:
        super().__init__()
        self.name, self._snapshot = name, snapshot
        relations: dict[str, dict[str, Column]] = {}
        for relation, column, type_, length, charset in snapshot.all(_CATALOG):
            relations.setdefault(relation, {})[column.upper()] = Column(column, type_, length, charset)
        places = {table: relation for table in wanted if (relation := find_relation(relations, table, name))}
        missing = [table for table in required if table not in places]
        if missing:
            raise NotBob(
                f"the database {name} is not a BOB dossier: of its {len(relations)} tables none is "
                f"{', '.join(missing)}, by name or by columns",
                next_step="If BOB names them otherwise here, have views made with the names and columns in "
                "docs/packages/sage-bob.md.",
            )
        self._tables = {
            table: FirebirdTable(snapshot, relation, relations[relation]) for table, relation in places.items()
        }

    @property
    def state(self) -> object | None:
        """The state of every table, and the day on which the database was made: a restored one counts anew."""
        states = {name: table.state() for name, table in self._tables.items()}
        if None in states.values():
            return None
        made = self._snapshot.all("SELECT MON$CREATION_DATE FROM MON$DATABASE")[0][0]
        return {"made": str(made), **{name: list(state or ()) for name, state in states.items()}}

    def __contains__(self, table: str) -> bool:
        return table in self._tables

    def _opened(self, name: str) -> Table:
        return self._tables[name]


def find_relation(relations: Mapping[str, Mapping[str, object]], table: str, database: str) -> str | None:
    """Which of ``relations`` (name to columns, in capitals) is BOB's ``table``; None where none is.

    Raises WrongInput where several have its columns and none its name.
    """
    named = sorted(relation for relation in relations if relation.lower() == table)
    if named:
        return named[0]
    having, lacking = FIREBIRD_SIGNS[table]
    needed = {column.upper() for column in tables.NEEDED[table]} | set(having)
    alike = [name for name, columns in relations.items() if needed <= columns.keys() and not lacking & columns.keys()]
    if len(alike) > 1:
        raise WrongInput(
            f"the database {database} has no table {table}, and {', '.join(sorted(alike))} all have its columns",
            next_step=f"Have a view {table.upper()} made of the right one.",
        )
    return alike[0] if alike else None


def array(values: Sequence[Any], kind: Kind) -> pa.Array:
    """Python values of one column as values of ``kind``. Raises UnreadableValue for the first that is none."""
    sample = next((value for value in values if value is not None), None)
    match sample:
        case None:
            return pa.nulls(len(values), TYPES[kind])
        case str():
            return convert(pa.array(values, pa.string()), kind, CONTINENTAL)
        case bool() if kind == "flag":
            return pa.array(values, pa.bool_())
        case datetime() | date() if kind in ("day", "moment"):
            return pa.array(values).cast(TYPES[kind], safe=False)
        case float() if kind == "money":
            void = np.array([value is None for value in values])
            return exact(np.array([0.0 if value is None else value for value in values]), void)
        case _:
            # Numbers with fixed places; whole ones, flags and labels that stand as something else.
            texts = [None if value is None else _text(value) for value in values]
            return convert(pa.array(texts, pa.string()), kind, CONTINENTAL)


def _text(value: object) -> str:
    if isinstance(value, float | Decimal):
        return str(int(value)) if value == int(value) else f"{value:f}"
    return str(value)


def _decoded(values: Sequence[str | None]) -> tuple[pa.Array, int]:
    """Texts whose characters are bytes, and how many of those stand for nothing in Windows-1252."""
    lengths = np.array([len(value) if value else 0 for value in values], np.int64)
    flat = np.frombuffer("".join(filter(None, values)).encode("latin-1"), np.uint8)
    texts, undecodable = decode(flat, np.concatenate([[0], np.cumsum(lengths)]))
    return trimmed(texts), undecodable


def quoted(name: str) -> str:
    """A name as SQL spells it, words of its own such as YEAR included."""
    return '"' + name.replace('"', '""') + '"'
