"""What a resource map can fill, and the SQL that makes rows of a table from a package's own rows.

The tables are those that a drop folder lands (:mod:`connectors.drop_folder.resources`), so that files and calls are
normalised by one text. Columns besides: ``id`` (by which lines name an account, a journal or a party that has another
code), ``entity`` of dossiers (the name of their folder in a sink), ``inactive`` of accounts, and of lines ``amount``
and ``side`` (see :class:`.maps.Amounts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.workbench import literal
from connectors.json_pages import MONEY
from foundation.errors import WrongInput

from .maps import Amounts, ResourceSection

TEXT, DAY, FLAG, WHOLE, SUM, TIME = "text", "day", "flag", "whole", "sum", "time"


def _columns(text: str) -> dict[str, str]:
    """``name:kind`` words; text without a kind."""
    pairs = (word.partition(":") for word in text.split())
    return {name: kind or TEXT for name, _, kind in pairs}


COLUMNS: Mapping[str, Mapping[str, str]] = {
    "dossiers": _columns("id code name vat_number country currency entity"),
    "fiscal_years": _columns("label start_date:day end_date:day closed:flag periods:whole"),
    "accounts": _columns("id number name name_2 type explicit_code currency active:flag inactive:flag"),
    "journals": _columns("id code name type"),
    "parties": _columns("id code kind name vat_number country control_account"),
    "lines": _columns(
        "entry line_no journal date:day period:whole kind document account account_name description debit:sum "
        "credit:sum amount:sum side currency amount_currency:sum counterparty vat_code due_date:day modified_at:time"
    ),
}
_REQUIRED = {
    "dossiers": ("id",),
    "fiscal_years": ("start_date", "end_date"),
    "accounts": ("number",),
    "journals": ("code",),
    "parties": ("code",),
    "lines": ("entry", "date", "account"),
}
_IDENTIFIED = {"accounts": ("account", "number"), "journals": ("journal", "code"), "parties": ("counterparty", "code")}
"""Tables whose rows lines may name by ``id``: the line's column, and the column that says what it is called."""

SCRATCH = """CREATE TABLE ids (kind VARCHAR, id VARCHAR, code VARCHAR);
CREATE TABLE dossiers (id VARCHAR, code VARCHAR, name VARCHAR, vat_number VARCHAR, country VARCHAR, currency VARCHAR,
    entity VARCHAR)"""
"""Tables of the workbench besides those of a drop folder."""


@dataclass(frozen=True)
class Filling:
    """How rows of one section of a map become rows of ``table``. Raises WrongInput for columns that it has not."""

    name: str
    section: ResourceSection
    table: str
    amounts: Amounts

    def __post_init__(self) -> None:
        section = self.section
        if self.table not in COLUMNS:
            raise WrongInput(f"the resource map fills a table {self.table!r}; there are {', '.join(COLUMNS)}")
        said = {*section.fields, *section.constants, *section.values, *section.keep, *section.numbers}
        if unknown := sorted(said - set(COLUMNS[self.table])):
            known = ", ".join(COLUMNS[self.table])
            raise WrongInput(f"resources.{self.name} names {', '.join(unknown)}; {self.table} has {known}")

    @property
    def schema(self) -> pa.Schema:
        """The package's own fields, as they are decoded."""
        tree: dict[str, Any] = {}
        for column, told in self.section.fields.items():
            for path in filter(None, told.split("|")):
                *above, last = path.split(".")
                branch = tree
                for name in above:
                    branch = branch.setdefault(name, {})
                branch.setdefault(last, self._wire_type(column))
        return pa.schema(list(self._fields(tree)))

    def staging(self) -> str:
        """SQL that makes table ``told`` of the rows of ``page``: under our names, and once for all that is asked."""
        return f"CREATE OR REPLACE TEMP TABLE told AS {self._raw()}"

    def checks(self) -> str:
        """SQL on the rows of ``told``: their number; of each required column how often it is empty; and of each day or
        moment a text that is none."""
        empty = [f"count(*) FILTER ({test})" for test in self.required().values()]
        odd = [
            # Each text is judged once; a WHERE would be pushed below the DISTINCT.
            f"(SELECT any_value({column}) FILTER ({test}) FROM (SELECT DISTINCT {column} FROM told))"
            for column, test in self.times().items()
        ]
        return f"SELECT {', '.join(['count(*)', *empty, *odd])} FROM told"

    def required(self) -> dict[str, str]:
        """What must be told to what is true where it is not."""
        found = {column: f"{column} IS NULL" for column in _REQUIRED[self.table]}
        if self.table == "lines":
            match self.amounts.form:
                case "sides":
                    found["debit"] = "debit IS NULL AND credit IS NULL"
                case "signed":
                    found["amount"] = "amount IS NULL"
                case "flagged":
                    found |= {"amount": "amount IS NULL", "side": "side IS NULL"}
        return found

    def times(self) -> dict[str, str]:
        """Columns of days and moments to what is true of a text that is none; a day at another hour than midnight may
        be another day where the books are kept, and is none either."""
        kinds = COLUMNS[self.table]
        midnight = r"[T ]0?0:00(:00)?(\.0+)?(Z|[+-]00:?00)?$"
        tests = {
            DAY: "({0} IS NULL OR regexp_matches({1}, '[T ]') AND NOT regexp_matches({1}, '{2}'))",
            TIME: "({0} IS NULL)",
        }
        parsed = {DAY: dates.parsed, TIME: dates.parsed_timestamp}
        return {
            column: f"NOT {dates.empty(column)} AND " + tests[kind].format(parsed[kind](column), column, midnight)
            for column in self.section.fields
            if (kind := kinds[column]) in tests
        }

    def insertion(self, given: Mapping[str, str]) -> str:
        """SQL that takes the rows of ``told`` into the table; ``given`` are further columns, as SQL."""
        columns = {column: self._typed(column) for column in self._told() if column not in ("id", "side", "inactive")}
        source = "told"
        for column in columns:
            if COLUMNS[self.table][column] == DAY:  # there are fewer days than rows: each text is parsed once
                day = (
                    f"SELECT {column} AS text, {dates.parsed(column)} AS day FROM (SELECT DISTINCT {column} FROM told)"
                )
                source += f" LEFT JOIN ({day}) AS of_{column} ON of_{column}.text = told.{column}"
                columns[column] = f"of_{column}.day"
        if self.table == "dossiers":
            columns["id"] = "id"
        if self.table == "accounts" and "inactive" in self._told():
            columns["active"] = f"NOT ({_flag('inactive')})"
        if self.table == "lines":
            columns.pop("amount", None)
            columns |= self._sides()
            if "amount_currency" in columns:
                told = f"(({columns['debit']}) - ({columns['credit']}))"
                columns["amount_currency"] = amounts.signed_like("amount_currency", told)
            for table, (column, _) in _IDENTIFIED.items():
                if column in columns:
                    columns[column] = f"coalesce({table}.code, told.{column})"
                    ids = f"(SELECT id, code FROM ids WHERE kind = '{table}')"
                    source += f" LEFT JOIN {ids} AS {table} ON {table}.id = told.{column}"
        columns |= given
        listed = ", ".join(f"{sql} AS {column}" for column, sql in columns.items())
        return f"INSERT INTO {self.table} BY NAME SELECT {listed} FROM {source}"

    def identification(self) -> str | None:
        """SQL that notes by which ids the rows of ``told`` may be named; None where they have none."""
        if self.table not in _IDENTIFIED or "id" not in self._told():
            return None
        code = _IDENTIFIED[self.table][1]
        return f"INSERT INTO ids SELECT DISTINCT '{self.table}', id, {code} FROM told WHERE id IS NOT NULL"

    def _told(self) -> list[str]:
        return [*(column for column, field in self.section.fields.items() if field), *self.section.constants]

    def _raw(self) -> str:
        """The rows of ``page`` under our names: texts, and sums as decimals, in the words of the books; ``told_row`` is
        their place."""
        section, found = self.section, {}
        for column in self._told():
            if column in section.constants:
                found[column] = literal(section.constants[column])
                continue
            value = self._value(column)
            if words := section.values.get(column):
                cases = " ".join(f"WHEN {literal(told)} THEN {literal(ours)}" for told, ours in words.items())
                value = f"CASE {value} {cases} END"
            found[column] = value
        for column in self.required():
            found.setdefault(column, "NULL::VARCHAR")
        if self.table == "lines":
            found.setdefault("credit" if self.amounts.form == "sides" else "amount", "NULL::DECIMAL(20,4)")
        listed = ", ".join(f"{value} AS {column}" for column, value in found.items())
        kept = " AND ".join(
            f"{self._value(column)} IN ({', '.join(map(literal, words))})" for column, words in section.keep.items()
        )
        return f"SELECT {listed}, row_number() OVER () AS told_row FROM page WHERE {kept or 'true'}"

    def _value(self, column: str) -> str:
        kind = COLUMNS[self.table][column]
        found = []
        for path in filter(None, self.section.fields.get(column, "").split("|")):
            first, *inner = path.split(".")
            value = '"' + first.replace('"', '""') + '"'
            for name in inner:
                value = f"struct_extract({value}, {literal(name)})"
            found.append(value if kind == SUM else f"nullif(trim({value}::VARCHAR), '')")
        return f"coalesce({', '.join(found)})" if found else "NULL::VARCHAR"

    def _typed(self, column: str) -> str:
        match COLUMNS[self.table][column]:
            case "time":
                return dates.parsed_timestamp(column)
            case "flag":
                return _flag(column)
            case "whole":
                return f"TRY_CAST({column} AS INTEGER)"
            case _:
                return column

    def _sides(self) -> dict[str, str]:
        match self.amounts.form:
            case "sides":
                debit, credit = "coalesce(debit, 0)", "coalesce(credit, 0)"
            case "signed":
                debit, credit = (f"greatest({sign * self.amounts.sign} * amount, 0)" for sign in (1, -1))
            case "flagged":
                flag = f"side IN ({', '.join(map(literal, self.amounts.credit))})"
                debit, credit = f"CASE WHEN {flag} THEN 0 ELSE amount END", f"CASE WHEN {flag} THEN amount ELSE 0 END"
        return {"debit": f"({debit})::DECIMAL(20,4)", "credit": f"({credit})::DECIMAL(20,4)"}

    def _wire_type(self, column: str) -> pa.DataType:
        if column in self.section.numbers:
            return pa.int64()
        return {SUM: MONEY, FLAG: pa.bool_()}.get(COLUMNS[self.table][column], pa.string())

    def _fields(self, tree: Mapping[str, Any]) -> Iterator[pa.Field]:
        for name, leaf in tree.items():
            kind = pa.struct(list(self._fields(leaf))) if isinstance(leaf, dict) else leaf
            yield pa.field(name, pa.list_(kind) if name == self.section.unnest and isinstance(leaf, dict) else kind)


def _flag(column: str) -> str:
    return (
        f"CASE lower({column}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END"
    )
