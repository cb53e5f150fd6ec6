"""One delimited file as a table of text columns: header row found, separator found, every row kept or counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb

from connectors.drop_folder import spreadsheet, text
from connectors.drop_folder.headings import SEPARATOR_NAMES, TOP_ROWS, Header, Kind, find_header
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

TABLE = "sheet"
_LINE = re.compile(r"Line: (\d+)")
_FOUND = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@dataclass(frozen=True)
class Sheet:
    """The rows of one file, in table ``sheet``: ``row`` is the line in the file, and a text column per known column."""

    file: str
    kind: Kind
    columns: frozenset[str]

    def column(self, name: str) -> str:
        """SQL for the text of a column, trimmed, NULL where empty; NULL for a column that the file does not have."""
        return f"nullif(trim({name}), '')" if name in self.columns else "NULL::VARCHAR"


def open_sheet(bench: Workbench, path: Path, kind: Kind, profile: Profile) -> Sheet:
    """Reads ``path`` into table ``sheet``. Raises BadFile naming the file and the line or the columns at fault."""
    if path.suffix.lower() == spreadsheet.ENDING:
        return _spreadsheet(bench, path, kind, profile)
    cleaned = cleaned_copy(bench, path, profile, profile.usual_encoding)
    try:
        header = _header(cleaned, kind, profile)
        if header is None and kind.name == "lines" and profile.fixed_widths:
            return _fixed_width(bench, cleaned, path.name, kind, profile)
        return _delimited(bench, cleaned, path.name, kind, header)
    finally:
        cleaned.unlink(missing_ok=True)


def _spreadsheet(bench: Workbench, path: Path, kind: Kind, profile: Profile) -> Sheet:
    cleaned = bench.folder / "clean.txt"
    try:
        others = spreadsheet.write_text(path, cleaned)
        header = _header(cleaned, kind, replace(profile, separator=spreadsheet.SEPARATOR))
        sheet = _delimited(bench, cleaned, path.name, kind, header)
    finally:
        cleaned.unlink(missing_ok=True)
    bench.note("sheets_ignored", f"{path.name}: only its first sheet is read, not {', '.join(others)}", len(others))
    return sheet


def cleaned_copy(bench: Workbench, path: Path, profile: Profile, usual: str) -> Path:
    """A copy of ``path`` as clean UTF-8; an encoding that is neither fixed nor usual is noted."""
    # Under a name of ours: in that of the file, brackets or stars would be taken for a pattern.
    cleaned = text.clean(path, bench.folder / "clean.txt", encoding=profile.encoding, usual=usual)
    if cleaned.guessed and cleaned.encoding not in (usual, "windows-1252", "iso8859-15"):
        bench.note("encoding_guessed", f"{path.name}: read as {cleaned.encoding}, which gives the most plausible words")
    return cleaned.path


def skip_totals(bench: Workbench, sheet: Sheet) -> None:
    """Subtotals of printed lists have no account number; they are left out and counted."""
    skipped = bench.row(f"SELECT count(*) FROM {TABLE} WHERE {sheet.column('account')} IS NULL")[0]
    bench.db.execute(f"DELETE FROM {TABLE} WHERE {sheet.column('account')} IS NULL")
    bench.note("subtotals_skipped", f"{sheet.file}: rows without an account number are taken for subtotals", skipped)


def _header(cleaned: Path, kind: Kind, profile: Profile) -> Header | None:
    with cleaned.open(encoding="utf-8", newline="\n") as stream:
        top = [line.rstrip("\n") for line in islice(stream, TOP_ROWS)]
    return find_header(top, kind, separator=profile.separator, also=profile.also(kind.name))


def _delimited(bench: Workbench, cleaned: Path, file: str, kind: Kind, header: Header | None) -> Sheet:
    if header is None:
        raise BadFile(
            f"no header row: none of the first {TOP_ROWS} lines has {kind.enough} of the known headings",
            subject=file,
            next_step=f"Export it with headings such as {', '.join(kind.headings[h] for h in _some(kind))}, "
            f"separated by {', '.join(SEPARATOR_NAMES.values())}.",
        )
    missing = [column for column in kind.required if column not in header.columns]
    if missing:
        raise BadFile(
            f"line {header.line}: there is no column {' and no column '.join(missing)}; "
            f"the headings are {', '.join(filter(None, header.cells))}",
            subject=file,
            next_step=f"Add the column, or say in dossier.csv what it is called (column.{missing[0]};HEADING).",
        )
    width = len(header.cells)
    try:
        _load(bench, cleaned, header.separator, header.line, width)
    except duckdb.Error as error:
        _load_with_spare(bench, cleaned, file, header, error)
    picked = ", ".join(f"c{place} AS {name}" for name, place in header.columns.items())
    filled = " OR ".join(f"c{place} IS NOT NULL" for place in range(width))
    bench.db.execute(
        f"CREATE OR REPLACE TABLE {TABLE} AS SELECT rowid + {header.line + 1} AS row, {picked} FROM loaded "
        f"WHERE {filled}"
    )
    bench.db.execute("DROP TABLE loaded")
    return Sheet(file, kind, frozenset(header.columns))


def _load_with_spare(bench: Workbench, cleaned: Path, file: str, header: Header, error: duckdb.Error) -> None:
    """Tries once more where every line may end with one separator too many; otherwise says what ``error`` means."""
    counts, line = _FOUND.search(str(error)), _LINE.search(str(error))
    at = f"line {line[1]}" if line else "a line"
    if counts is None:
        raise BadFile(f"{at} cannot be read: {str(error).splitlines()[0]}", subject=file) from error
    width = len(header.cells)
    wrong = BadFile(
        f"{at} has {counts[2]} fields, the header on line {header.line} has {width} "
        f"(separator {SEPARATOR_NAMES[header.separator]})",
        subject=file,
        next_step="Put texts that hold the separator between quotes, or export the file again.",
    )
    if int(counts[2]) != width + 1:
        raise wrong from error
    try:
        _load(bench, cleaned, header.separator, header.line, width + 1)
    except duckdb.Error:
        raise wrong from error
    if bench.row(f"SELECT count(*) FROM loaded WHERE c{width} IS NOT NULL")[0]:
        raise wrong from error
    bench.note("spare_separator", f"{file}: every line ends with one separator too many")


def _some(kind: Kind) -> list[str]:
    """A few headings to show: those of the required columns."""
    return [next(heading for heading, column in kind.headings.items() if column == name) for name in kind.required]


def _load(bench: Workbench, cleaned: Path, separator: str, skip: int, width: int) -> None:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    bench.db.execute(
        f"""CREATE OR REPLACE TABLE loaded AS FROM read_csv({literal(str(cleaned))}, auto_detect = false,
            header = false, skip = {skip}, delim = {literal(separator)}, quote = '"', escape = '"',
            new_line = '\\n', columns = {{{columns}}})"""
    )


def _fixed_width(bench: Workbench, cleaned: Path, file: str, kind: Kind, profile: Profile) -> Sheet:
    """A file without separators or headings, cut at the places that the profile gives."""
    widths: Mapping[str, tuple[int, int]] = {name: (first, length) for name, first, length in profile.fixed_widths}
    missing = [column for column in kind.required if column not in widths]
    if missing:
        raise BadFile(
            f"the widths name no column {', '.join(missing)}",
            subject=file,
            next_step=f"Add it to dossier.csv (width.{missing[0]};FIRST-LAST).",
        )
    load_lines(bench, cleaned)
    cut = ", ".join(f"nullif(trim(substring(line, {a}, {n})), '') AS {name}" for name, (a, n) in widths.items())
    bench.db.execute(f"CREATE OR REPLACE TABLE {TABLE} AS SELECT row, {cut} FROM text_lines WHERE trim(line) <> ''")
    reach = max(first for first, _ in widths.values())
    short = bench.row(f"SELECT min(row) FROM text_lines WHERE trim(line) <> '' AND length(line) < {reach}")[0]
    if short:
        raise BadFile(f"line {short} is too short for the columns that the dossier gives", subject=file)
    return Sheet(file, kind, frozenset(widths))


def load_lines(bench: Workbench, cleaned: Path) -> None:
    """Every line of a cleaned file as it stands, in table ``text_lines``: ``row`` (from 1) and ``line``."""
    # The unit separator occurs in no cleaned file, so that each line is one field.
    bench.db.execute(
        f"""CREATE OR REPLACE TABLE loaded AS FROM read_csv({literal(str(cleaned))}, auto_detect = false,
            header = false, delim = chr(31), quote = '', escape = '', comment = '', new_line = '\\n',
            columns = {{'line': 'VARCHAR'}})"""
    )
    bench.db.execute(
        "CREATE OR REPLACE TABLE text_lines AS SELECT rowid + 1 AS row, coalesce(line, '') AS line FROM loaded"
    )
    bench.db.execute("DROP TABLE loaded")
