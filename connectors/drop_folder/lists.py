"""The lists beside the ledger: fiscal years, accounts, journals and parties, from files or from the lines."""

from __future__ import annotations

from pathlib import Path

from connectors.contract import FiscalYear
from connectors.drop_folder import dates
from connectors.drop_folder.folder import Contents
from connectors.drop_folder.headings import ACCOUNTS, FISCAL_YEARS, JOURNALS, PARTIES
from connectors.drop_folder.inferred import FEC_JOURNAL_TYPES, FEC_PARTY_KINDS
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.sheet import TABLE, Sheet, open_sheet
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

_TRUE, _FALSE = "('1', 'true', 'yes', 'ja', 'oui', 'y', 'j', 'o')", "('0', 'false', 'no', 'nee', 'non', 'n')"


def read_fiscal_years(bench: Workbench, path: Path, profile: Profile) -> list[FiscalYear]:
    """Reads fiscal_years.csv. Raises BadFile for a year that lacks a date, ends before it starts or stands twice."""
    sheet = open_sheet(bench, path, FISCAL_YEARS, profile)
    for column in ("start_date", "end_date"):
        dates.require(bench, TABLE, column, name=column, file=path.name, needed=True)
    bench.db.execute(
        f"""INSERT INTO fiscal_years BY NAME
        SELECT {sheet.column("label")} AS label, {dates.parsed("start_date")} AS start_date,
            {dates.parsed("end_date")} AS end_date, {_flag(sheet, "closed")} AS closed,
            TRY_CAST({sheet.column("periods")} AS INTEGER) AS periods, 'file' AS source
        FROM {TABLE} ORDER BY row"""
    )
    wrong = bench.rows(
        """SELECT label, 'ends before it starts' FROM fiscal_years WHERE end_date < start_date
        UNION ALL SELECT lower(label), 'stands there twice' FROM fiscal_years GROUP BY lower(label) HAVING count(*) > 1
        UNION ALL SELECT 'without a label', 'cannot be used' FROM fiscal_years WHERE label IS NULL"""
    )
    if wrong:
        raise BadFile(f"fiscal year {wrong[0][0]} {wrong[0][1]}", subject=path.name)
    rows = bench.rows("SELECT label, start_date, end_date, closed FROM fiscal_years ORDER BY start_date")
    return [FiscalYear(*row) for row in rows]


def add_fiscal_year(bench: Workbench, year: FiscalYear) -> None:
    """A year that a ledger file tells, in place of the one of the same label in fiscal_years.csv."""
    periods = bench.rows("SELECT periods FROM fiscal_years WHERE label = ?", [year.label])
    bench.db.execute("DELETE FROM fiscal_years WHERE label = ?", [year.label])
    bench.db.execute(
        "INSERT INTO fiscal_years VALUES (?, ?, ?, ?, ?, ?)",
        [year.label, year.start, year.end, year.closed, periods[0][0] if periods else None, "ledger file"],
    )


def read_lists(bench: Workbench, contents: Contents, profile: Profile) -> None:
    """accounts.csv, journals.csv and parties.csv, where they are."""
    if path := contents.single.get("accounts"):
        sheet = open_sheet(bench, path, ACCOUNTS, profile)
        _insert(bench, sheet, "accounts", "number name name_2 type currency", active=_flag(sheet, "active"))
    if path := contents.single.get("journals"):
        _insert(bench, open_sheet(bench, path, JOURNALS, profile), "journals", "code name type")
    if path := contents.single.get("parties"):
        sheet = open_sheet(bench, path, PARTIES, profile)
        _insert(bench, sheet, "parties", "code kind name vat_number country control_account")


def complete_from_lines(bench: Workbench) -> None:
    """Adds accounts, journals and parties that only the lines name; of several names the last one counts."""
    bench.db.execute("CREATE OR REPLACE TABLE listed AS SELECT DISTINCT number FROM accounts")
    several = bench.row(
        """SELECT count(*) FROM (SELECT account FROM lines WHERE account_name IS NOT NULL
        GROUP BY account HAVING count(DISTINCT account_name) > 1)"""
    )[0]
    bench.note("accounts_renamed", "accounts with more than one name in the lines; the last one counts", several)
    bench.db.execute(
        """INSERT INTO accounts BY NAME
        SELECT account AS number, arg_max(account_name, (date, rowid)) AS name FROM lines
        WHERE account_name IS NOT NULL AND account NOT IN (FROM listed)
        GROUP BY account ORDER BY account"""
    )
    unlisted = bench.row(
        """SELECT count(DISTINCT account) FROM lines
        WHERE account NOT IN (FROM listed) AND (SELECT count(*) FROM listed) > 0"""
    )[0]
    bench.note("accounts_not_listed", "accounts are used in lines and are not in the chart", unlisted)
    plain = "lower(strip_accents(coalesce(name, '')))"
    types = " ".join(
        f"WHEN regexp_matches(lower(code), {literal(pattern)}) OR regexp_matches({plain}, {literal(pattern)}) "
        f"THEN {literal(kind)}"
        for pattern, kind in FEC_JOURNAL_TYPES
    )
    bench.db.execute(
        f"""INSERT INTO journals BY NAME
        SELECT code, name, CASE WHEN opening THEN 'opening' {types} END AS type FROM (
            SELECT journal AS code, arg_max(journal_name, rowid) AS name, bool_or(kind = 'opening') AS opening
            FROM lines WHERE journal_name IS NOT NULL AND journal NOT IN (SELECT code FROM journals)
            GROUP BY journal ORDER BY journal)"""
    )
    kinds = " ".join(
        f"WHEN bool_and(account LIKE {literal(prefix + '%')}) THEN {literal(kind)}" for prefix, kind in FEC_PARTY_KINDS
    )
    both = " AND ".join(f"bool_or(account LIKE {literal(prefix + '%')})" for prefix, _ in FEC_PARTY_KINDS)
    bench.db.execute(
        f"""INSERT INTO parties BY NAME
        SELECT counterparty AS code, CASE {kinds} WHEN {both} THEN 'both' ELSE 'other' END AS kind,
            arg_max(counterparty_name, rowid) AS name, mode(account) AS control_account
        FROM lines WHERE counterparty_name IS NOT NULL AND counterparty NOT IN (SELECT code FROM parties)
        GROUP BY counterparty ORDER BY counterparty"""
    )


def names_from_balances(bench: Workbench) -> None:
    """Adds accounts that only a trial balance names."""
    bench.db.execute(
        """INSERT INTO accounts BY NAME
        SELECT account AS number, arg_max(name, rowid) AS name FROM balances
        WHERE name IS NOT NULL AND account NOT IN (SELECT number FROM accounts) GROUP BY account ORDER BY account"""
    )


def _insert(bench: Workbench, sheet: Sheet, table: str, columns: str, **computed: str) -> None:
    texts = [f"{sheet.column(name)} AS {name}" for name in columns.split()]
    texts += [f"{sql} AS {name}" for name, sql in computed.items()]
    key = columns.split()[0]
    bench.db.execute(
        f"INSERT INTO {table} BY NAME SELECT {', '.join(texts)} FROM {TABLE} "
        f"WHERE {sheet.column(key)} IS NOT NULL ORDER BY row"
    )


def _flag(sheet: Sheet, column: str) -> str:
    text = f"lower({sheet.column(column)})"
    return f"CASE WHEN {text} IN {_TRUE} THEN true WHEN {text} IN {_FALSE} THEN false END"
