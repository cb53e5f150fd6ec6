"""A FEC's header and its lines cut into columns, whatever separator, order and spelling its package uses."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.headings import fold
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

# The 18 columns of the law, in its order; cash-basis and later columns follow and are not needed.
COLUMNS = [
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
]
_MANDATORY = frozenset(COLUMNS[:6] + COLUMNS[8:11])
_UNUSED = frozenset(("PieceDate", "EcritureLet", "DateLet"))
_SEPARATORS = ("\t", "|", ";", ",")
_SPELLINGS = {fold(name): name for name in (*COLUMNS, "Montant", "Sens")} | {
    "compteauxnum": "CompAuxNum",
    "compteauxlib": "CompAuxLib",
    "datelettrage": "DateLet",
    "ecriturelettrage": "EcritureLet",
    "comptelibelle": "CompteLib",
    "journallibelle": "JournalLib",
    "ecriturelibelle": "EcritureLib",
    "montant devise": "Montantdevise",
    "i devise": "Idevise",
}
TABLE = "fec"


@dataclass(frozen=True)
class Header:
    """``line`` is 0 where the file has no header; ``width`` counts columns without a trailing separator."""

    line: int
    separator: str
    columns: dict[str, int]
    width: int
    spare: bool

    def __contains__(self, name: str) -> bool:
        return name in self.columns


def find_header(bench: Workbench, file: str) -> Header:
    first = bench.rows("SELECT row, line FROM text_lines WHERE trim(line) <> '' ORDER BY row LIMIT 1")
    if not first:
        raise BadFile("the file is empty", subject=file)
    number, line = first[0]
    best = Header(number, "", {}, 0, False)
    for separator in _SEPARATORS:
        cells = [cell.strip().strip('"') for cell in line.split(separator)]
        columns: dict[str, int] = {}
        for place, cell in enumerate(cells):
            if (name := _SPELLINGS.get(fold(cell))) is not None:
                columns.setdefault(name, place)
        if len(columns) > len(best.columns):
            spare = cells[-1] == ""
            best = Header(number, separator, columns, len(cells) - spare, spare)
    if not best.columns:
        return _headerless(bench, file, line)
    needed = _MANDATORY | ({"Montant", "Sens"} if "Montant" in best or "Sens" in best else {"Debit", "Credit"})
    missing = [name for name in (*COLUMNS, "Montant", "Sens") if name in needed and name not in best]
    if len(best.columns) < 3:
        raise BadFile(
            f"line {number} is not the header of a FEC, whatever the separator: {line[:80]!r}",
            subject=file,
            next_step="Export it with TAB or | between the columns and the column names on the first line.",
        )
    if missing:
        raise BadFile(
            f"line {number}: the header has no column {', '.join(missing)}",
            subject=file,
            next_step="Export the FEC with its 18 columns and sync again; the figures of the last good sync stand.",
        )
    if best.separator in ";,":
        bench.note("unusual_separator", f"{file}: the columns are separated by {best.separator!r}, not TAB or |")
    return best


def _headerless(bench: Workbench, file: str, line: str) -> Header:
    """The order of the law, where the first line is a line of the ledger: 18 fields, the fourth a date."""
    for separator in _SEPARATORS:
        cells = line.split(separator)
        if len(cells) >= len(COLUMNS) and cells[3].strip().isdigit() and len(cells[3].strip()) == 8:
            names = list(COLUMNS)
            if cells[12].strip().upper() in ("D", "C", "+1", "-1", "1"):
                names[11:13] = ["Montant", "Sens"]
            bench.note("no_header", f"{file}: there is no header; the columns are taken in the order of the law")
            spare = len(cells) == len(COLUMNS) + 1 and cells[-1] == ""
            columns = {name: place for place, name in enumerate(names)}
            return Header(0, separator, columns, len(cells) - spare, spare)
    raise BadFile(
        f"the first line has none of the column names of a FEC: {line[:80]!r}",
        subject=file,
        next_step="Export it with TAB or | between the columns and the column names on the first line.",
    )


def cut(bench: Workbench, header: Header, file: str) -> None:
    """Cuts the lines into table ``fec``: ``row`` and a text column per known column."""
    cells = f"""(SELECT row, f, len(f) - {header.width} AS surplus,
        len(f) > {header.width} AND trim(array_to_string(f[{header.width + 1}:], '')) = '' AS spare
        FROM (SELECT row, string_split(line, {literal(header.separator)}) AS f FROM text_lines
            WHERE row > {header.line} AND trim(line) <> ''))"""
    lines, with_spare = bench.row(f"SELECT count(*), count(*) FILTER (spare AND surplus = 1) FROM {cells}")
    trailing = header.spare or with_spare == lines
    regular = "(surplus = 0 OR (surplus = 1 AND spare))" if trailing else "surplus = 0"
    bench.db.execute(
        f"CREATE OR REPLACE TABLE {TABLE} AS SELECT row, {_columns('f', header)} FROM {cells} WHERE {regular}"
    )
    bench.db.execute(f"CREATE OR REPLACE TABLE cut AS FROM {cells} WHERE NOT {regular}")
    bench.db.execute("DROP TABLE text_lines")
    if bench.row("SELECT count(*) FROM cut")[0]:
        _mend(bench, header, file, trailing=trailing)
    bench.db.execute("DROP TABLE cut")


def _mend(bench: Workbench, header: Header, file: str, *, trailing: bool) -> None:
    """Adds the lines of table ``cut``, which have another number of fields than the header.

    What is too much is a separator at the line's end, or separators inside EcritureLib: of two readings that hold,
    the one that fits the rest of the file. Raises BadFile for a line that has no such reading.
    """
    place = header.columns["EcritureLib"] + 1
    # Between commas nothing is mended: a decimal comma would be taken for one in a text, or for a field too many.
    most = 0 if header.separator == "," else 99
    order = ("straight", "mended") if trailing else ("mended", "straight")
    bench.db.execute(
        f"""CREATE OR REPLACE TABLE mended AS
        WITH measured AS (
            SELECT *, greatest(surplus - CASE WHEN {trailing} AND trim(f[-1]) = '' THEN 1 ELSE 0 END, 0) AS k FROM cut
        ), merged AS (
            SELECT *, list_concat(list_concat(
                f[1:{place - 1}], [array_to_string(f[{place}:{place} + k], {literal(header.separator)})]),
                f[{place} + k + 1:]) AS g
            FROM measured
        ), judged AS (
            SELECT *, spare AND surplus <= {most + 1} AND {_reads("f", header)} AS straight,
                k BETWEEN 1 AND {most} AND {_reads("g", header)} AS mended
            FROM merged
        )
        SELECT row, len(f) AS fields, f, g, CASE WHEN {order[0]} THEN '{order[0]}' WHEN {order[1]} THEN '{order[1]}' END
            AS reading
        FROM judged"""
    )
    wrong = bench.row("SELECT min({'row': row, 'fields': fields}), count(*) FROM mended WHERE reading IS NULL")
    if wrong[0]:
        raise BadFile(
            f"line {wrong[0]['row']} has {wrong[0]['fields']} fields, the header has {header.width}"
            + (f" ({wrong[1]} such lines)" if wrong[1] > 1 else ""),
            subject=file,
            next_step="A text holds the separator, or the file was cut off. "
            "Export it again; the figures of the last good sync stand.",
        )
    bench.db.execute(
        f"""INSERT INTO {TABLE} BY NAME SELECT row, {_columns("h", header)}
        FROM (SELECT row, CASE reading WHEN 'mended' THEN g ELSE f END AS h FROM mended)"""
    )
    count = bench.row("SELECT count(*) FILTER (reading = 'mended') FROM mended")[0]
    bench.note("separator_in_text", f"{file}: lines had the separator inside EcritureLib and were mended", count)
    bench.db.execute("DROP TABLE mended")


def _columns(fields: str, header: Header) -> str:
    """SQL: the columns that are read further, from a list of fields: trimmed, NULL where empty."""
    return ", ".join(
        f"nullif(trim({fields}[{place + 1}]), '') AS {name}"
        for name, place in header.columns.items()
        if name not in _UNUSED
    )


def _reads(fields: str, header: Header) -> str:
    """SQL: whether a list of fields has dates where dates are, and amounts where amounts are."""

    def field(name: str) -> str:
        return f"{fields}[{header.columns[name] + 1}]"

    conditions = [
        f"({dates.parsed(field('EcritureDate'))}) IS NOT NULL",
        f"({dates.empty(field('PieceDate'))} OR ({dates.parsed(field('PieceDate'))}) IS NOT NULL)",
    ]
    for name in ("Montant",) if "Sens" in header else ("Debit", "Credit"):
        conditions += [f"trim({field(name)}) <> ''", amounts.fits(field(name))]
    if "Sens" in header:
        conditions.append(sens(field("Sens")) + " IS NOT NULL")
    return "(" + " AND ".join(conditions) + ")"


def sens(column: str) -> str:
    """SQL: the side that Sens names, ``D`` or ``C``; NULL for anything else."""
    value = f"upper(trim({column}))"
    return f"CASE WHEN {value} IN ('D', '+1', '1') THEN 'D' WHEN {value} IN ('C', '-1') THEN 'C' END"
