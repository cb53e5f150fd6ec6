"""Reads one dossier out of the views onto the drop folder's workbench: years, lines, lists, balances."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from operator import itemgetter

import pyarrow as pa

from connectors.contract import FiscalYear
from connectors.drop_folder import amounts, lists
from connectors.drop_folder.checks import note_entries, require_balance
from connectors.drop_folder.resources import DOSSIER
from connectors.drop_folder.workbench import Workbench, literal
from connectors.sql_views import views
from connectors.sql_views.databases import Database
from connectors.sql_views.views import View
from foundation.errors import BadFile, WrongInput

PREFIX = "sync_"
_NAME = re.compile(r"(\w+\.){0,2}\w*")
_ORDER = ("label", "journal", "document", "line_no", "date", "account")


class Views:
    """The views of a database under one prefix."""

    def __init__(self, database: Database, prefix: str = PREFIX) -> None:
        if not _NAME.fullmatch(prefix):
            raise WrongInput(f"view_prefix is {prefix!r}", next_step="Give one such as sync_ or grandlivre.sync_.")
        self._database = database
        self._prefix = prefix
        self._columns: dict[str, dict[str, str] | None] = {}

    def columns(self, view: View) -> dict[str, str] | None:
        """Our columns that the database's view has, with its own spelling; None for an optional view that is missing.

        Raises WrongInput for a view that must be there, and for one without a column that it must have.
        """
        if view.name not in self._columns:
            self._columns[view.name] = self._database.columns(self._prefix + view.name)
        found = self._columns[view.name]
        if found is None:
            if view.optional:
                return None
            raise WrongInput(f"the database has no view {self._prefix}{view.name}", next_step=_MAKE)
        missing = sorted(view.required - found.keys())
        if missing:
            raise WrongInput(f"the view {self._prefix}{view.name} has no column {', '.join(missing)}", next_step=_MAKE)
        return {name: found[name] for name in view.columns if name in found}

    def read(
        self, view: View, dossier: str | None, where: str = "", parameters: Sequence[str] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a dossier, or of all; nothing where an optional view is missing."""
        columns = self.columns(view)
        if columns is None:
            return
        own = columns["code" if view is views.DOSSIERS else "dossier"]
        conditions = [f"{quoted(own)} = ?"] if dossier is not None else []
        conditions += [where] if where else []
        order = [quoted(columns[name]) for name in _ORDER if name in columns] if view is views.LINES else []
        question = f"SELECT {', '.join(map(quoted, columns.values()))} FROM {self._prefix}{view.name}"
        question += f" WHERE {' AND '.join(conditions)}" if conditions else ""
        question += f" ORDER BY {', '.join(order)}" if order else ""
        given = ([dossier] if dossier is not None else []) + list(parameters)
        yield from self._database.rows(question, given, view.schema(frozenset(columns)))

    def table(self, view: View, dossier: str | None) -> pa.Table:
        """The rows of a small view at once, with every column of ours."""
        columns = self.columns(view) or {}
        read = pa.Table.from_batches(self.read(view, dossier), view.schema(frozenset(columns)))
        for name, kind in view.columns.items():
            if name not in read.schema.names:
                read = read.append_column(name, pa.nulls(len(read), kind))
        return read.select(list(view.columns))

    def sums(self, dossier: str) -> tuple[list[tuple[str | None, ...]], bool]:
        """Per year: lines, sums of debit and credit, lines with a last change, the latest of them; and whether all
        lines tell their last change, so that equal sums mean equal lines."""
        columns = self.columns(views.LINES) or {}
        of = {name: quoted(columns[name]) for name in columns}
        asked = f"{of['label']}, COUNT(*), SUM({of['debit']}), SUM({of['credit']})"
        if "modified_at" in of:
            asked += f", COUNT({of['modified_at']}), MAX({of['modified_at']})"
        question = f"SELECT {asked} FROM {self._prefix}lines WHERE {of['dossier']} = ? GROUP BY {of['label']}"
        schema = pa.schema([(f"c{number}", pa.string()) for number in range(asked.count(",") + 1)])
        batches = self._database.rows(question, [dossier], schema)
        rows = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
        return sorted(rows, key=repr), "modified_at" in of and all(row[1] == row[4] for row in rows)


class ViewReader:
    """Reads one dossier. Use once: :meth:`read_years`, then :meth:`read_ledger`."""

    def __init__(self, bench: Workbench, found: Views, dossier: str) -> None:
        self.bench = bench
        self.views = found
        self.dossier = dossier

    def describe(self, fallback_country: str | None) -> None:
        """Fills resource ``dossier``. Raises WrongInput where the database has no such dossier."""
        row = next(iter(self.views.table(views.DOSSIERS, self.dossier).to_pylist()), None)
        if row is None:
            raise WrongInput(f"the database holds no dossier {self.dossier!r}", next_step="See `grandlivre discover`.")
        told = {
            "code": self.dossier,
            "name": row["name"] or self.dossier,
            "vat_number": row["vat_number"],
            "country": row["country"] or fallback_country,
            "currency": (row["currency"] or "EUR").upper(),
            "format": "views",
        }
        self.bench.insert("dossier", pa.Table.from_pylist([told], schema=DOSSIER.schema))

    def read_years(self) -> list[FiscalYear]:
        """Oldest first. Raises BadFile where years overlap or end before they start."""
        years = years_of(self.views.table(views.FISCAL_YEARS, self.dossier), self.dossier)
        for year in years:
            lists.add_fiscal_year(self.bench, year)
        return years

    def read_ledger(self, years: Sequence[FiscalYear], since: date | None, *, totals_only: bool) -> None:
        """Lines of the years from ``since`` on, of all where the first of those tells no opening balance; lists,
        balances."""
        if not totals_only:
            wanted = [year for year in years if since is None or year.end >= since]
            for year in wanted:
                self._read_lines(year)
            if len(wanted) < len(years) and not self._opens(wanted):
                for year in years[: len(years) - len(wanted)]:
                    self._read_lines(year)
        self._insert("accounts", views.ACCOUNTS)
        self._insert("journals", views.JOURNALS)
        self._insert("parties", views.PARTIES)
        lists.complete_from_lines(self.bench)
        told = self.views.table(views.BALANCES, self.dossier).rename_columns({"label": "fiscal_year"}).drop(["dossier"])
        self.bench.insert("balances", told)

    def _read_lines(self, year: FiscalYear) -> None:
        columns = self.views.columns(views.LINES) or {}
        label = quoted(columns["label"])
        name = f"lines of {year.label}"
        for batch in self.views.read(views.LINES, self.dossier, f"{label} = ?", [year.label]):
            self.bench.insert("incoming_lines", pa.Table.from_batches([batch]), create=True)
            self._add(name, frozenset(columns))
        self._leave_out_drafts(name)
        require_balance(self.bench, name)
        note_entries(self.bench, name)

    def _add(self, name: str, found: frozenset[str]) -> None:
        def column(wanted: str) -> str:
            return f'"{wanted}"' if wanted in found else f"NULL AS {wanted}"

        own = ", ".join(
            column(name)
            for name in ("line_no", "period", "description", "counterparty", "due_date", "vat_code", "modified_at")
        )
        foreign = amounts.signed_like("amount_currency", "(coalesce(debit, 0) - coalesce(credit, 0))")
        self.bench.db.execute(
            f"""INSERT INTO lines BY NAME
            SELECT label AS year, {literal(name)} AS file,
                rowid + 1 + (SELECT count(*) FROM lines WHERE file = {literal(name)}) AS row, journal,
                coalesce(document, '') AS entry, date, document, account, coalesce(debit, 0) AS debit,
                coalesce(credit, 0) AS credit, {own},
                {"upper(currency)" if "currency" in found else "NULL"} AS currency,
                {foreign if "amount_currency" in found else "NULL"} AS amount_currency,
                {"coalesce(finalised, 1) <> 0" if "finalised" in found else "true"} AS validated
            FROM incoming_lines"""
        )

    def _leave_out_drafts(self, name: str) -> None:
        drafts = self.bench.row("SELECT count(*) FROM lines WHERE file = ? AND NOT validated", [name])[0]
        self.bench.db.execute("DELETE FROM lines WHERE file = ? AND NOT validated", [name])
        self.bench.note("drafts_left_out", f"{name}: lines that are not finalised are left out", drafts)

    def _opens(self, wanted: Sequence[FiscalYear]) -> bool:
        first = wanted[0].label if wanted else ""
        return bool(self.bench.row("SELECT count(*) FROM lines WHERE year = ? AND period = 0", [first])[0])

    def _insert(self, table: str, view: View) -> None:
        rows = self.views.table(view, self.dossier).drop(["dossier"])
        if "active" in rows.schema.names:
            place = rows.schema.names.index("active")
            rows = rows.set_column(place, "active", rows["active"].cast(pa.bool_()))
        self.bench.insert(table, rows)


def years_of(rows: pa.Table, dossier: str) -> list[FiscalYear]:
    """Fiscal years, oldest first. Raises BadFile where years overlap, end before they start, or are none."""
    years = [
        FiscalYear(row["label"], row["start_date"], row["end_date"], _flag(row["closed"]))
        for row in sorted(rows.to_pylist(), key=itemgetter("start_date"))
    ]
    wrong = [year for year in years if year.end < year.start]
    wrong += [after for before, after in pairwise(years) if after.start <= before.end]
    if wrong or not years:
        cause = f"fiscal year {wrong[0].label} overlaps another, or ends first" if wrong else "it has no fiscal years"
        raise BadFile(cause, subject=dossier, next_step="Correct the view of fiscal years and sync again.")
    return years


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def quoted(name: str) -> str:
    """A name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


_MAKE = "Have the views made as described in docs/packages/sql-views.md."
