"""XIMPORT and RIMPORT, the text forms in which the French Sage 50 (once Ciel) hands entries on.

XIMPORT has a fixed width: its columns and their order are public. RIMPORT separates by TAB and has sections: that is
told by Sage; the order of the columns of its section Mvt is that of public programs that write it (inferred.py).

Neither tells a fiscal year or which entries open one; both are found as for a FEC (:mod:`.fec_years`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.checks import require_balance
from connectors.drop_folder.fec import regroup
from connectors.drop_folder.inferred import RIMPORT_COLUMNS
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.sheet import cleaned_copy, load_lines
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

_WIDTHS = (
    ("entry", 5),
    ("journal", 2),
    ("date", 8),
    ("due_date", 8),
    ("document", 12),
    ("account", 11),
    ("description", 25),
    ("amount", 13),
    ("side", 1),
    ("matching", 12),
    ("analytic", 6),
    ("account_name", 34),
    ("euro", 1),
)
_USED = ("entry", "journal", "date", "due_date", "document", "account", "account_name", "description", "amount", "side")
_LEAST_FIELDS = 7
_AGAIN = "Export it again, whole, and sync again; the figures of the last good sync stand."


def read_ximport(bench: Workbench, path: Path, profile: Profile) -> None:
    """Adds the lines of one XIMPORT, ``year`` and ``kind`` as :func:`.fec.read_fec` leaves them.

    Raises BadFile naming file, line and column.
    """
    _load(bench, path, profile, "cp850")
    places: dict[str, tuple[int, int]] = {}
    first = 1
    for name, width in _WIDTHS:
        places[name] = (first, width)
        first += width
    reach = places["side"][0]
    _refuse(bench, path, f"length(line) < {reach}", f"it is shorter than the {reach} characters up to the side D or C")
    cut = ", ".join(f"nullif(trim(substring(line, {a}, {n})), '') AS {name}" for name, (a, n) in places.items())
    bench.db.execute(f"CREATE OR REPLACE TABLE ciel AS SELECT row, {cut} FROM text_lines WHERE trim(line) <> ''")
    _add_lines(bench, path, profile)


def read_rimport(bench: Workbench, path: Path, profile: Profile) -> None:
    """The same for one RIMPORT: the lines of its section Mvt, with the names of journals of its section Jnl."""
    _load(bench, path, profile, "windows-1252")
    bench.db.execute(
        r"""CREATE OR REPLACE TABLE sections AS
        WITH marked AS (
            SELECT row, line, lower(line) LIKE '##%' AS command,
                CASE WHEN lower(line) LIKE '##section%'
                    THEN regexp_extract(lower(line), '##section\s+(\S+)', 1) END AS begins,
                CASE WHEN lower(line) LIKE '##finfmt%' THEN '' WHEN lower(line) LIKE '##debfmt%'
                    THEN regexp_extract(line, '(?i)sepdec\s*=\s*([.,])', 1) END AS sign
            FROM text_lines WHERE trim(line) <> ''
        )
        SELECT row, command, string_split(line, chr(9)) AS cells,
            coalesce(last_value(begins IGNORE NULLS) OVER up_to, 'mvt') AS section,
            coalesce(last_value(sign IGNORE NULLS) OVER up_to, '') AS sign
        FROM marked WINDOW up_to AS (ORDER BY row ROWS UNBOUNDED PRECEDING)"""
    )
    bench.db.execute("DELETE FROM sections WHERE command")
    few = bench.row("SELECT min(row) FROM sections WHERE section = 'mvt' AND len(cells) < ?", [_LEAST_FIELDS])[0]
    if few:
        raise BadFile(
            f"line {few} has fewer than the {_LEAST_FIELDS} fields of an entry", subject=path.name, next_step=_AGAIN
        )
    columns = {name: _cell(place) for place, name in enumerate(RIMPORT_COLUMNS, start=1) if name in _USED}
    columns["amount"] = f"CASE WHEN sign = '' THEN {columns['amount']} ELSE replace({columns['amount']}, sign, '.') END"
    cut = ", ".join(f"{told} AS {name}" for name, told in columns.items())
    bench.db.execute(f"CREATE OR REPLACE TABLE ciel AS SELECT row, {cut} FROM sections WHERE section = 'mvt'")
    journals = f"SELECT {_cell(1)} AS code, {_cell(2)} AS name FROM sections WHERE section = 'jnl'"
    _add_lines(bench, path, profile)
    bench.db.execute(
        f"UPDATE lines SET journal_name = told.name FROM ({journals}) told WHERE file = ? AND journal = told.code",
        [path.name],
    )
    _note_currency(bench, path)
    others = bench.rows("SELECT DISTINCT section FROM sections WHERE section NOT IN ('mvt', 'jnl', 'dos') ORDER BY 1")
    names = ", ".join(name for (name,) in others)
    bench.note("sections_ignored", f"{path.name}: sections that hold no entries: {names}", len(others))
    bench.db.execute("DROP TABLE sections")


def _cell(place: int) -> str:
    """SQL: a field of a line, without the quotes that may stand around it."""
    inner = rf"regexp_replace(trim(cells[{place}]), '^\"(.*)\"$', '\1')"
    return f"""nullif(trim(replace({inner}, '""', '"')), '')"""


def _load(bench: Workbench, path: Path, profile: Profile, usual: str) -> None:
    cleaned = cleaned_copy(bench, path, profile, usual)
    load_lines(bench, cleaned)
    cleaned.unlink()
    if not bench.row("SELECT count(*) FROM text_lines WHERE trim(line) <> ''")[0]:
        raise BadFile("the file is empty", subject=path.name)


def _refuse(bench: Workbench, path: Path, wrong: str, what: str) -> None:
    row = bench.row(f"SELECT min(row) FROM text_lines WHERE trim(line) <> '' AND {wrong}")[0]
    if row:
        raise BadFile(f"line {row}: {what}", subject=path.name, next_step=_AGAIN)


def _add_lines(bench: Workbench, path: Path, profile: Profile) -> None:
    """The lines of table ``ciel``. Each is debit or credit, by its side."""
    file = path.name
    for name in ("date", "due_date"):
        dates.require(bench, "ciel", name, name=name, file=file, needed=name == "date")
    wrong: Mapping[str, str] = {
        "side": "coalesce(upper(side), '') NOT IN ('D', 'C')",
        "account": "account IS NULL",
        "amount": "amount IS NULL",
    }
    for column, condition in wrong.items():
        found = bench.row(f"SELECT min({{'row': row, 'text': {column}}}) FROM ciel WHERE {condition}")[0]
        if found:
            what = "is empty" if found["text"] is None else f"{found['text']!r} is neither D nor C"
            raise BadFile(f"line {found['row']}, column {column}: {what}", subject=file, next_step=_AGAIN)
    notation = amounts.decide(bench, "ciel", "amount", name="amount", file=file, fixed=profile.decimal)
    amount = amounts.parsed("amount", notation)
    bench.db.execute(
        f"""INSERT INTO lines BY NAME
        SELECT {literal(file)} AS year, {literal(file)} AS file, row, coalesce(journal, '') AS journal,
            coalesce(entry, document, '') AS entry, {dates.parsed("date")} AS date, document, account, account_name,
            description, CASE upper(side) WHEN 'D' THEN {amount} ELSE 0 END::DECIMAL(20,4) AS debit,
            CASE upper(side) WHEN 'C' THEN {amount} ELSE 0 END::DECIMAL(20,4) AS credit,
            {dates.parsed("due_date")} AS due_date
        FROM ciel ORDER BY row"""
    )
    bench.db.execute("DROP TABLE ciel")
    require_balance(bench, file)
    regroup(bench, file)


def _note_currency(bench: Workbench, path: Path) -> None:
    """Section Dos names the currency of the file, which is the dossier's where dossier.csv names no other."""
    told = bench.row(f"SELECT any_value(upper({_cell(1)})) FROM sections WHERE section = 'dos'")[0]
    if told not in (None, "EUR"):
        bench.note("currency_of_file", f"{path.name} is in {told}: write currency;{told} in dossier.csv")
