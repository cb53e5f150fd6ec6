"""Our own CSV contract: the ledger of a year in lines_<label>.csv.

Nothing is repaired in silence: what cannot be read stops the sync with file, line and column; what looks odd but can
be read becomes a note.
"""

from __future__ import annotations

from pathlib import Path

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.checks import note_entries, require_balance
from connectors.drop_folder.fec_cut import sens
from connectors.drop_folder.headings import LINES
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.sheet import TABLE, Sheet, open_sheet, skip_totals
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

_YES = ("1", "y", "yes", "j", "ja", "o", "oui", "t", "true")
_NO = ("0", "n", "no", "nee", "non", "f", "false")


def read_lines(bench: Workbench, path: Path, label: str, profile: Profile) -> None:
    """Adds the lines of fiscal year ``label``; debit and credit, or one amount: with its side, or signed (debit +).

    Raises BadFile naming file, line and column, and for a file whose debits and credits differ.
    """
    sheet = open_sheet(bench, path, LINES, profile)
    _require_amounts(sheet)
    _require_dossier(bench, sheet, profile)
    skip_totals(bench, sheet)
    dates.require(bench, TABLE, "date", name="date", file=path.name, needed=True)
    if "due_date" in sheet.columns:
        dates.require(bench, TABLE, "due_date", name="due_date", file=path.name)
    period = _require_whole(bench, sheet, "period")
    notation: dict[str, amounts.Notation] = {
        column: amounts.decide(bench, TABLE, column, name=column, file=path.name, fixed=profile.decimal)
        for column in ("debit", "credit", "amount", "amount_currency")
        if column in sheet.columns
    }

    def money(column: str) -> str:
        return amounts.parsed(column, notation[column]) if column in notation else "NULL::DECIMAL(20,4)"

    # Where a file has both forms the two sides count; one amount serves where it stands alone.
    if {"debit", "credit"} <= sheet.columns:
        debit, credit = (f"coalesce({money(side)}, 0)" for side in ("debit", "credit"))
    elif "side" in sheet.columns:
        _require_sides(bench, sheet)
        debit, credit = (f"CASE WHEN {sens('side')} = '{side}' THEN {money('amount')} END" for side in "DC")
    else:
        debit, credit = f"greatest({money('amount')}, 0)", f"greatest(-({money('amount')}), 0)"
    if "modified_at" in sheet.columns:
        _require_timestamps(bench, sheet)
    modified = dates.parsed_timestamp("modified_at") if "modified_at" in sheet.columns else "NULL::TIMESTAMP"
    due = dates.parsed("due_date") if "due_date" in sheet.columns else "NULL::DATE"
    bench.db.execute(
        f"""INSERT INTO lines BY NAME
        SELECT {literal(label)} AS year, {literal(path.name)} AS file, row, {sheet.column("journal")} AS journal,
            coalesce({sheet.column("document")}, '') AS entry, {sheet.column("line_no")} AS line_no,
            {dates.parsed("date")} AS date, {period} AS period, {sheet.column("document")} AS document,
            {sheet.column("account")} AS account, {sheet.column("account_name")} AS account_name,
            {sheet.column("description")} AS description,
            coalesce({debit}, 0)::DECIMAL(20,4) AS debit, coalesce({credit}, 0)::DECIMAL(20,4) AS credit,
            upper({sheet.column("currency")}) AS currency,
            {amounts.signed_like(money("amount_currency"), f"(coalesce({debit}, 0) - coalesce({credit}, 0))")}
                AS amount_currency,
            {sheet.column("counterparty")} AS counterparty, {sheet.column("vat_code")} AS vat_code,
            {due} AS due_date, {modified} AS modified_at, {_validated(bench, sheet)} AS validated
        FROM {TABLE} ORDER BY row"""
    )
    _leave_out_unfinished(bench, path.name)
    _leave_out_drafts(bench, path.name, profile)
    require_balance(bench, path.name)
    note_entries(bench, path.name)
    _note_repeated(bench, path.name)


def _require_amounts(sheet: Sheet) -> None:
    if not ({"debit", "credit"} <= sheet.columns or "amount" in sheet.columns):
        lacking = " and ".join(side for side in ("debit", "credit") if side not in sheet.columns)
        raise BadFile(
            f"there is no column {lacking}, and no column amount in its place",
            subject=sheet.file,
            next_step="Export debit and credit, or one signed amount (debit +); a heading of your own is named in "
            "dossier.csv (column.debit;HEADING).",
        )


def _require_sides(bench: Workbench, sheet: Sheet) -> None:
    found = bench.row(
        f"""SELECT min({{'row': row, 'text': side}}) FROM {TABLE}
        WHERE {sens("side")} IS NULL AND {sheet.column("amount")} IS NOT NULL"""
    )[0]
    if found:
        what = "is empty" if found["text"] is None else f"{found['text']!r} is neither D, C, 1 nor -1"
        raise BadFile(f"line {found['row']}, column side: {what}", subject=sheet.file)


def _validated(bench: Workbench, sheet: Sheet) -> str:
    """SQL: false for a line that says that it is not final. Raises BadFile where that cannot be told."""
    if "finalised" not in sheet.columns:
        return "NULL::BOOLEAN"
    value = f"lower({sheet.column('finalised')})"
    known = ", ".join(literal(word) for word in (*_YES, *_NO))
    found = bench.row(f"SELECT min({{'row': row, 'text': finalised}}) FROM {TABLE} WHERE {value} NOT IN ({known})")[0]
    if found:
        raise BadFile(
            f"line {found['row']}, column finalised: {found['text']!r} is neither yes nor no", subject=sheet.file
        )
    return f"coalesce({value} NOT IN ({', '.join(literal(word) for word in _NO)}), true)"


def _leave_out_unfinished(bench: Workbench, file: str) -> None:
    count = bench.row("SELECT count(*) FROM lines WHERE file = ? AND NOT validated", [file])[0]
    bench.db.execute("DELETE FROM lines WHERE file = ? AND NOT validated", [file])
    bench.note("drafts_left_out", f"{file}: lines that are not final are left out", count)


def _require_dossier(bench: Workbench, sheet: Sheet, profile: Profile) -> None:
    """A file that names the dossier of its lines holds those of one, and of the right one where dossier.csv tells."""
    if "dossier" not in sheet.columns:
        return
    told = [number for (number,) in bench.rows(f"SELECT DISTINCT dossier FROM {TABLE} WHERE dossier <> '' ORDER BY 1")]
    wanted = profile.internal_number
    if len(told) > 1 or (told and wanted and told != [wanted]):
        raise BadFile(
            f"it holds lines of dossier {', '.join(told[:5])}" + (f", not of {wanted}" if wanted else " in one file"),
            subject=sheet.file,
            next_step="Export the lines of this dossier alone, or correct internal_number in dossier.csv.",
        )


def _require_whole(bench: Workbench, sheet: Sheet, column: str) -> str:
    """SQL for a column of whole numbers; raises BadFile for anything else."""
    value = f"TRY_CAST({sheet.column(column)} AS INTEGER)"
    found = bench.row(
        f"SELECT min({{'row': row, 'text': left({sheet.column(column)}, 60)}}) FROM {TABLE} "
        f"WHERE {sheet.column(column)} IS NOT NULL AND ({value} IS NULL OR contains({sheet.column(column)}, '.'))"
    )[0]
    if found:
        raise BadFile(f"line {found['row']}, column {column}: {found['text']!r} is no whole number", subject=sheet.file)
    return value


def _require_timestamps(bench: Workbench, sheet: Sheet) -> None:
    found = bench.row(
        f"""SELECT min({{'row': row, 'text': left(modified_at, 60)}}) FROM {TABLE}
        WHERE NOT {dates.empty("modified_at")} AND ({dates.parsed_timestamp("modified_at")}) IS NULL"""
    )[0]
    if found:
        raise BadFile(
            f"line {found['row']}, column modified_at: {found['text']!r} is not a moment in time", subject=sheet.file
        )


def _leave_out_drafts(bench: Workbench, file: str, profile: Profile) -> None:
    """Lines of draft journals are provisional. Raises BadFile where the rest balances only together with them."""
    if not profile.draft_journals:
        return
    draft = f"journal IN ({', '.join(literal(code) for code in profile.draft_journals)})"
    drafts, off, off_without = bench.row(
        f"""SELECT count(*) FILTER ({draft}), sum(debit - credit), sum(debit - credit) FILTER (NOT {draft})
        FROM lines WHERE file = ?""",
        [file],
    )
    if drafts and off == 0 and off_without:
        raise BadFile(
            f"draft journal included: the lines balance only with those of {', '.join(profile.draft_journals)}",
            subject=file,
            next_step="Post the drafts, or leave draft_journals out of dossier.csv, and sync again.",
        )
    bench.db.execute(f"DELETE FROM lines WHERE file = ? AND {draft}", [file])
    bench.note("drafts_left_out", f"{file}: lines of draft journals are provisional and left out", drafts)


def _note_repeated(bench: Workbench, file: str) -> None:
    repeated = bench.row(
        """SELECT count(*) FROM (SELECT 1 FROM lines WHERE file = ? AND line_no IS NOT NULL
        GROUP BY journal, entry, line_no HAVING count(*) > 1)""",
        [file],
    )[0]
    bench.note("repeated_line_numbers", f"{file}: lines share journal, document and line number", repeated)
