"""The workbench: one dossier's books, from landed tables to proven figures, before anything is loaded.

A :class:`Workbench` is a scratch database in memory that spills to disk (:mod:`warehouse.desk`). Its schemas, in the
order they are filled:
``landed`` (views on the snapshot's files), ``books`` (what the package's room makes of them), ``work`` (calendar,
lines, mapped accounts, balances, check results). Nothing here touches the warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from foundation.errors import ChecksFailed
from warehouse import chart, desk, scripts
from warehouse.remembered import Remembered, nothing

_OVERRIDES = pa.schema([("label", pa.string()), ("start_date", pa.date32()), ("end_date", pa.date32())])
_RULES = pa.schema(
    [(name, pa.string()) for name in ("scope", "match", "account", "code", "account_type")]
    + [("closed_years", pa.bool_())]
)


@dataclass(frozen=True)
class Override:
    """Support's correction of a fiscal year, ``end`` inclusive."""

    label: str
    start: date
    end: date


@dataclass(frozen=True)
class MappingRule:
    """A code of the common chart that a person gave to accounts, before whatever the package or its numbers say.

    ``scope`` is ``dossier`` or ``firm``; ``match`` is ``exact`` or ``prefix`` (``account`` is how numbers start).
    ``account_type`` is what the account was when the rule was made; with ``closed_years`` the rule also reaches years
    that are told by the codes they were closed with.
    """

    scope: str
    match: str
    account: str
    code: str
    account_type: str | None = None
    closed_years: bool = False


@dataclass(frozen=True)
class Trust:
    """How far a package's books prove themselves: ``error`` blocks a load, ``warning`` travels with the figures.

    ``entries``: does every entry balance (some French exports number entries loosely)? ``closed_years``: are closed
    years complete (archived years of some on-premise packages are not)? ``revaluation``: does the package show
    revaluations of foreign balances in its reports that it does not book?
    """

    entries: str = "error"
    closed_years: str = "error"
    revaluation: bool = False


@dataclass(frozen=True)
class CheckResult:
    """A check's outcome. ``passed`` is None where the package gives no evidence; ``value`` is a count or amount."""

    name: str
    severity: str
    passed: bool | None
    value: Decimal | None
    detail: str


class Workbench:
    """Context manager around the scratch database ``db``."""

    def __init__(self, scratch: Path) -> None:
        self._desk, self.db = desk.take(scratch)
        for schema in ("landed", "books", "work"):
            self.db.execute(f"CREATE SCHEMA {schema}")
        self.db.execute("CREATE TABLE books.carried_result (account VARCHAR)")

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is None:
            desk.give_back(self._desk)
        else:
            self._desk.close()

    def mount(self, files: Mapping[str, str]) -> None:
        """Makes ``landed.<resource>`` a view on each Parquet file (path by resource name)."""
        for name, path in files.items():
            quoted = path.replace("'", "''")
            self.db.execute(f"CREATE VIEW landed.{name} AS SELECT * FROM read_parquet('{quoted}')")

    def prepare(
        self,
        *,
        country: str | None,
        overrides: Sequence[Override] = (),
        rules: Sequence[MappingRule] = (),
        kept: Mapping[str, pa.Table] | None = None,
        since: date | None = None,
        totals: bool = False,
        before: Remembered | None = None,
    ) -> None:
        """Calendar, lines, mapping and balances from schema ``books``.

        ``since`` drops lines of fiscal years that start before it; ``kept`` (see ``Standing.kept``) is the history
        that stands instead, so that balances carry on from it. With ``totals`` the package's balances are the figures
        and there are no lines. ``before`` is what the warehouse told until now.
        """
        self.table(
            "overrides",
            pa.table(
                {
                    "label": [o.label for o in overrides],
                    "start_date": [o.start for o in overrides],
                    "end_date": [o.end for o in overrides],
                },
                schema=_OVERRIDES,
            ),
        )
        self.table("mapping_rules", pa.Table.from_pylist([asdict(rule) for rule in rules], schema=_RULES))
        self.db.execute("SET VARIABLE country = ?", [(country or "").strip().upper()])
        self.db.execute("SET VARIABLE since = ?::DATE", [since])
        self.db.execute("SET VARIABLE mode = ?", ["totals" if totals else "lines"])
        self.db.execute("SET VARIABLE chart = ?", [chart.version()])
        for name, rows in (before or nothing()).items():
            self.table(f"before_{name}", rows)
        scripts.run(self.db, "calendar")
        scripts.run(self.db, "lines")
        self._keep(kept or {})
        scripts.run(self.db, "mapping")
        scripts.run(self.db, "balances")
        scripts.run(self.db, "frozen")

    def check(self, trust: Trust, cause: str = "package") -> list[CheckResult]:
        """Runs every check; also leaves them in ``work.check_results``.

        ``cause`` is why balances may differ from those that stood: ``package`` (it tells otherwise), ``correction``
        (people's, or newer rules of ours, over the same snapshot) or ``moved`` (another link).
        """
        self.db.execute("SET VARIABLE entry_severity = ?", [trust.entries])
        self.db.execute("SET VARIABLE closed_year_severity = ?", [trust.closed_years])
        self.db.execute("SET VARIABLE revaluation = ?", [trust.revaluation])
        self.db.execute("SET VARIABLE cause = ?", [cause])
        for script in ("checks", "reconcile", "changes", "mapping_checks", "judge"):
            scripts.run(self.db, script)
        return self.results()

    def note(self, name: str, severity: str, passed: bool | None, value: int | None, detail: str) -> None:
        """Adds a result that was found elsewhere (an extractor's note, a comparison with yesterday)."""
        self.db.execute(
            "INSERT INTO work.check_results VALUES (?, ?, ?, ?, ?)", [name, severity, passed, value, detail]
        )

    def results(self) -> list[CheckResult]:
        """The check results so far, failed errors first."""
        rows = self.db.execute(
            "SELECT check_name, severity, passed, value, detail FROM work.check_results "
            "ORDER BY passed IS NOT FALSE, severity, check_name"
        ).fetchall()
        return [CheckResult(*row) for row in rows]

    def count(self, table: str) -> int:
        """Rows of a table, ``schema.name``."""
        return int(self.db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])

    def table(self, name: str, rows: pa.Table) -> None:
        """Makes ``work.<name>`` of Arrow rows."""
        self.db.register("source_rows", rows)
        self.db.execute(f"CREATE TABLE work.{name} AS FROM source_rows")
        self.db.unregister("source_rows")

    def _keep(self, kept: Mapping[str, pa.Table]) -> None:
        """Puts the history that stands beside the new lines, as years, movements and accounts."""
        self.db.execute(_EMPTY_KEPT)
        for name, rows in kept.items():
            self.db.register("source_rows", rows)
            self.db.execute(f"INSERT INTO work.kept_{name} BY NAME SELECT * FROM source_rows")
            self.db.unregister("source_rows")


_EMPTY_KEPT = """
CREATE TABLE work.kept_years (
    label VARCHAR, start_date DATE, end_date DATE, closed BOOLEAN, source VARCHAR, package_start_date DATE,
    package_end_date DATE
);
CREATE TABLE work.kept_movements (
    fiscal_year VARCHAR, period INTEGER, period_kind VARCHAR, account VARCHAR, start_date DATE, date DATE,
    debit DECIMAL(20,4), credit DECIMAL(20,4)
);
CREATE TABLE work.kept_accounts (
    number VARCHAR, name VARCHAR, type VARCHAR, common_code VARCHAR, mapping_rule VARCHAR, package_type VARCHAR,
    currency VARCHAR, active BOOLEAN, stub BOOLEAN, statement VARCHAR
);
"""


def refuse_failed(results: Sequence[CheckResult]) -> None:
    """Raises ChecksFailed naming every blocking check that failed."""
    failed = [r for r in results if r.severity == "error" and r.passed is False]
    if failed:
        raise ChecksFailed("; ".join(f"{r.name}: {r.detail}" for r in failed))
