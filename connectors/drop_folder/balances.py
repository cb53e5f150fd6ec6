"""Trial balances of a package: our CSV contract, and the two texts of Belgian annual-accounts software.

In annual accounts every account has one row with a balance at the end of the year, on its side.
"""

from __future__ import annotations

from pathlib import Path

from connectors.drop_folder import amounts
from connectors.drop_folder.folder import ACCON, FIRST
from connectors.drop_folder.headings import BALANCES
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.sheet import TABLE, cleaned_copy, load_lines, open_sheet, skip_totals
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

_AMOUNT = r"-?\d+\.\d\d"
_ACCON = rf"^(\S+) *({_AMOUNT}) *({_AMOUNT})(.*)$"
_WIDTH = 15
"""Characters of an amount in the fixed-width text; that of the account before them is the exporting package's."""


def read(bench: Workbench, path: Path, label: str, profile: Profile) -> None:
    """Adds the trial balance of fiscal year ``label`` that ``path`` holds, in the form that its name tells.

    Raises BadFile for a file that cannot be read or is not balanced.
    """
    name = path.name.lower()
    reader = read_first if name.endswith(FIRST) else read_accon if name.endswith(ACCON) else read_balances
    reader(bench, path, label, profile)


def read_balances(bench: Workbench, path: Path, label: str, profile: Profile) -> None:
    """Adds a package's own trial balance of a year (before closing entries). Raises BadFile when it is not balanced."""
    sheet = open_sheet(bench, path, BALANCES, profile)
    skip_totals(bench, sheet)
    columns = []
    for column in ("opening", "debit", "credit", "closing"):
        if column in sheet.columns:
            sign = amounts.decide(bench, TABLE, column, name=column, file=path.name, fixed=profile.decimal)
            columns.append(f"coalesce({amounts.parsed(column, sign)}, 0) AS {column}")
    bench.db.execute(
        f"""INSERT INTO balances BY NAME
        SELECT {literal(label)} AS fiscal_year, {literal(path.name)} AS file, {sheet.column("account")} AS account,
            {sheet.column("name")} AS name, {", ".join(columns)}
        FROM {TABLE} ORDER BY row"""
    )
    _require_balanced_closing(bench, path.name)
    unlike = bench.row(
        "SELECT count(*) FILTER (opening + debit - credit <> closing) FROM balances WHERE file = ?", [path.name]
    )[0]
    bench.note("balance_rows_do_not_add_up", f"{path.name}: opening + debit - credit is not closing", unlike)


def read_first(bench: Workbench, path: Path, label: str, profile: Profile) -> None:
    """Adds a trial balance in the text form of Belgian annual-accounts software: TAB, no headings, account,
    description, debit balance, credit balance. Raises BadFile when it is not balanced."""
    cleaned = cleaned_copy(bench, path, profile, profile.usual_encoding)
    load_lines(bench, cleaned)
    cleaned.unlink()
    bench.db.execute(
        f"""CREATE OR REPLACE TABLE {TABLE} AS
        SELECT row, trim(f[1]) AS account, trim(f[2]) AS name, f[3] AS debit, f[4] AS credit, len(f) AS fields
        FROM (SELECT row, string_split(line, chr(9)) AS f FROM text_lines WHERE trim(line) <> '')"""
    )
    wrong = bench.row(f"SELECT min({{'row': row, 'fields': fields}}) FROM {TABLE} WHERE fields < 4 OR account = ''")[0]
    if wrong:
        raise BadFile(
            f"line {wrong['row']} has {wrong['fields']} fields; expected are account, description, debit and credit, "
            "separated by TAB",
            subject=path.name,
        )
    _add_sides(bench, path.name, label, profile.decimal)


def read_accon(bench: Workbench, path: Path, label: str, profile: Profile) -> None:
    """Adds a trial balance of fixed width: account, debit balance and credit balance of 15 characters each with a
    decimal point, description. Where the amounts end must be the same on every line. Raises BadFile otherwise, and
    when it is not balanced."""
    cleaned = cleaned_copy(bench, path, profile, profile.usual_encoding)
    load_lines(bench, cleaned)
    cleaned.unlink()
    bench.db.execute(
        f"""CREATE OR REPLACE TABLE {TABLE} AS
        SELECT row, line, f.account, trim(f.name) AS name, f.debit, f.credit,
            length(line) - length(f.name) AS until FROM (
            SELECT row, line, regexp_extract(line, '{_ACCON}', ['account', 'debit', 'credit', 'name']) AS f
            FROM text_lines WHERE trim(line) <> '')"""
    )
    usual = bench.row(f"SELECT mode(until) FROM {TABLE} WHERE account <> ''")[0]
    ends = f"until - {_WIDTH} = length(regexp_extract(line, '^(\\S+ *{_AMOUNT})', 1))"
    wrong = bench.row(f"SELECT min(row) FROM {TABLE} WHERE account = '' OR until <> ? OR NOT ({ends})", [usual])[0]
    if wrong:
        raise BadFile(
            f"line {wrong} is not an account, two balances of {_WIDTH} characters each, and a description",
            subject=path.name,
        )
    _add_sides(bench, path.name, label, ".")


def _add_sides(bench: Workbench, file: str, label: str, decimal: amounts.Notation | None) -> None:
    """Balances whose debit and credit stand apart, from the columns of the table of texts."""
    sides = [
        amounts.parsed(side, amounts.decide(bench, TABLE, side, name=side, file=file, fixed=decimal))
        for side in ("debit", "credit")
    ]
    bench.db.execute(
        f"""INSERT INTO balances BY NAME SELECT {literal(label)} AS fiscal_year, {literal(file)} AS file, account,
            name, coalesce({sides[0]}, 0) - coalesce({sides[1]}, 0) AS closing
        FROM {TABLE} ORDER BY row"""
    )
    _require_balanced_closing(bench, file)


def _require_balanced_closing(bench: Workbench, file: str) -> None:
    off = bench.row("SELECT coalesce(sum(closing), 0) FROM balances WHERE file = ?", [file])[0]
    if off:
        raise BadFile(f"the closing balances add up to {off:.2f} instead of 0", subject=file)
