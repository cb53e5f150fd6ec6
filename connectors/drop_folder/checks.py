"""What is checked of every ledger file, whatever its format."""

from __future__ import annotations

from connectors.drop_folder.workbench import Workbench
from foundation.errors import BadFile


def require_balance(bench: Workbench, file: str) -> None:
    """Raises BadFile, with the figures, unless the debits of ``file`` equal its credits."""
    debit, credit = bench.row(
        "SELECT coalesce(sum(debit), 0), coalesce(sum(credit), 0) FROM lines WHERE file = ?", [file]
    )
    if debit != credit:
        raise BadFile(
            f"debit {debit:.2f} and credit {credit:.2f} differ by {debit - credit:.2f}",
            subject=file,
            next_step="The file may be cut off, or filtered when it was exported. "
            "Export the whole year again and sync again; the figures of the last good sync stand.",
        )


def note_entries(bench: Workbench, file: str) -> None:
    """Notes the entries of ``file`` that do not balance; the code makes the warehouse's check of them a warning.

    No format of a drop folder promises that an entry's number is unique, so the file as a whole is the hard check.
    """
    off = bench.rows(
        """SELECT journal || ' ' || entry || ' (' || sum(debit - credit)::DECIMAL(20,2) || ')'
        FROM lines WHERE file = ? GROUP BY journal, entry HAVING sum(debit) <> sum(credit) ORDER BY min(row)""",
        [file],
    )
    if off:
        shown = ", ".join(name for (name,) in off[:5])
        bench.note("loose_entries", f"{file}: entries that do not balance, such as {shown}", len(off))
