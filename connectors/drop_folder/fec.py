"""FEC, the French file of accounting entries: one text file per company and fiscal year, tolerant of its dialects.

Read are TAB, ``|``, ``;`` and ``,``; 18 to 22 and more columns found by name; Debit and Credit, or Montant and Sens;
padded columns and amounts; a separator too many at line ends; a separator inside EcritureLib, merged back where the
neighbours then read. Refused, with file and line: missing columns, lines that cannot be cut into the columns of the
header, dates and amounts that are none, and a file whose debits and credits differ.
"""

from __future__ import annotations

from pathlib import Path

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.checks import note_entries, require_balance
from connectors.drop_folder.fec_cut import TABLE, Header, cut, find_header, sens
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.sheet import cleaned_copy, load_lines
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile


def read_fec(bench: Workbench, path: Path, profile: Profile) -> None:
    """Adds the lines of one FEC, with ``year`` the file's name until its fiscal year is known; ``kind`` stays NULL.

    Raises BadFile naming file, line and column.
    """
    cleaned = cleaned_copy(bench, path, profile, "iso8859-15")
    load_lines(bench, cleaned)
    cleaned.unlink()
    header = find_header(bench, path.name)
    cut(bench, header, path.name)
    _require_values(bench, header, path.name)
    _add_lines(bench, header, path.name, profile)
    bench.db.execute(f"DROP TABLE {TABLE}")
    require_balance(bench, path.name)
    regroup(bench, path.name)


def _require_values(bench: Workbench, header: Header, file: str) -> None:
    dates.require(bench, TABLE, "EcritureDate", name="EcritureDate", file=file, needed=True)
    if "Sens" in header:
        found = bench.row(
            f"SELECT min({{'row': row, 'text': left(Sens, 60)}}) FROM {TABLE} WHERE {sens('Sens')} IS NULL"
        )[0]
        if found:
            raise BadFile(
                f"line {found['row']}, column Sens: {found['text']!r} is neither D, C, +1 nor -1", subject=file
            )
    nameless = bench.row(f"SELECT min(row) FROM {TABLE} WHERE CompteNum IS NULL")[0]
    if nameless:
        raise BadFile(f"line {nameless}, column CompteNum: it is empty", subject=file)


def _add_lines(bench: Workbench, header: Header, file: str, profile: Profile) -> None:
    notation: dict[str, amounts.Notation] = {
        name: amounts.decide(bench, TABLE, name, name=name, file=file, fixed=profile.decimal)
        for name in ("Debit", "Credit", "Montant", "Montantdevise")
        if name in header
    }
    if any(sign == "." and name != "Montantdevise" for name, sign in notation.items()):
        points = " OR ".join(f"contains({name}, '.')" for name in notation)
        count = bench.row(f"SELECT count(*) FROM {TABLE} WHERE {points}")[0]
        bench.note("decimal_point", f"{file}: amounts are written with a point, not the comma of the law", count)

    def column(name: str) -> str:
        return name if name in header else "NULL::VARCHAR"

    if "Sens" in header:
        amount = amounts.parsed("Montant", notation["Montant"])
        debit, credit = (f"CASE WHEN {sens('Sens')} = '{side}' THEN {amount} END" for side in "DC")
    else:
        debit, credit = (amounts.parsed(side, notation[side]) for side in ("Debit", "Credit"))
    foreign = (
        amounts.parsed("Montantdevise", notation["Montantdevise"])
        if "Montantdevise" in header
        else "NULL::DECIMAL(20,4)"
    )
    bench.db.execute(
        f"""INSERT INTO lines BY NAME
        SELECT {literal(file)} AS year, {literal(file)} AS file, row, coalesce(JournalCode, '') AS journal,
            JournalLib AS journal_name, coalesce(EcritureNum, '') AS entry, {dates.parsed("EcritureDate")} AS date,
            PieceRef AS document, CompteNum AS account, CompteLib AS account_name, EcritureLib AS description,
            coalesce({debit}, 0)::DECIMAL(20,4) AS debit, coalesce({credit}, 0)::DECIMAL(20,4) AS credit,
            upper({column("Idevise")}) AS currency,
            {amounts.signed_like(foreign, f"(coalesce({debit}, 0) - coalesce({credit}, 0))")} AS amount_currency,
            {column("CompAuxNum")} AS counterparty, {column("CompAuxLib")} AS counterparty_name,
            {_validated(header)} AS validated
        FROM {TABLE} ORDER BY row"""
    )


def _validated(header: Header) -> str:
    return f"NOT {dates.empty('ValidDate')}" if "ValidDate" in header else "NULL::BOOLEAN"


def regroup(bench: Workbench, file: str) -> None:
    """Finds the entries where EcritureNum does not tell them.

    A number whose lines balance on one date is an entry. Where it does not, or spans dates (one public file has one
    number for all its lines), the entry is the piece of a date if all pieces of that date balance, else the date if
    it balances, else the number. What then still does not balance is noted.
    """
    regrouped = bench.row(
        """SELECT count(*) FROM (SELECT 1 FROM lines WHERE file = ? GROUP BY journal, entry
        HAVING sum(debit) <> sum(credit) OR count(DISTINCT date) > 1)""",
        [file],
    )[0]
    if regrouped:
        bench.db.execute(
            """CREATE OR REPLACE TABLE regrouped AS
            WITH numbers AS (
                SELECT journal, entry FROM lines WHERE file = $1 GROUP BY ALL
                HAVING sum(debit) <> sum(credit) OR count(DISTINCT date) > 1
            ), pieces AS (
                SELECT journal, entry, date, coalesce(document, '') AS piece, sum(debit - credit) AS off
                FROM lines JOIN numbers USING (journal, entry) WHERE file = $1 GROUP BY ALL
            ), days AS (
                SELECT journal, entry, date, sum(off) = 0 AS day_balances, bool_and(off = 0) AS pieces_balance
                FROM pieces GROUP BY ALL
            )
            SELECT journal, entry, date, day_balances, pieces_balance FROM days""",
            [file],
        )
        bench.db.execute(
            """UPDATE lines SET entry = CASE
                WHEN r.pieces_balance THEN lines.entry || '/' || lines.date || '/' || coalesce(lines.document, '')
                WHEN r.day_balances THEN lines.entry || '/' || lines.date
                ELSE lines.entry END
            FROM regrouped r
            WHERE lines.file = $1 AND r.journal = lines.journal AND r.entry = lines.entry AND r.date = lines.date""",
            [file],
        )
        bench.note(
            "entries_regrouped",
            f"{file}: entry numbers that do not tell entries apart; date and piece are used beside them",
            regrouped,
        )
    note_entries(bench, file)
