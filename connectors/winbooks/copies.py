"""Copies of a dossier's tables, each set of one moment, opened and read from there and nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from connectors.contract import Note
from connectors.files import fingerprint, snapshot_set
from connectors.winbooks import tables
from connectors.winbooks.dbf import Table
from connectors.winbooks.dossier import Parameters, find_table
from connectors.winbooks.inferred import memo_continues
from foundation.errors import BadFile, WrongInput

REQUIRED = ("param", "acf", "act")
LIVE = (*REQUIRED, "csf", "dbk")

_MEANING = {
    "garbage_rows": "records of a crashed write were left out",
    "memo_missing": "long texts are missing because their memo file is",
    "undecodable_bytes": "bytes stand for no character of Windows-1252; each shows as a replacement mark",
    "unreadable_dates": "dates could not be read and are left blank",
}


class Copies:
    """The tables ``wanted`` of one folder, copied into ``target``; those not ``required`` may be missing.

    ``fingerprint`` is that of all of these files together. Raises WrongInput when the folder lacks a required table,
    and what :func:`connectors.files.snapshot_set` raises.
    """

    def __init__(
        self,
        folder: Path,
        company: str,
        wanted: tuple[str, ...],
        target: Path,
        *,
        required: tuple[str, ...],
        sleep: Callable[[float], None],
    ) -> None:
        found = {table: find_table(folder, company, table) for table in wanted}
        missing = [table for table in required if not found[table]]
        if missing:
            names = ", ".join(f"{folder.name.replace('_', '')}_{table}.dbf" for table in missing)
            raise WrongInput(
                f"{folder.name} is not a WinBooks dossier: it has no {names}",
                next_step="Give the folder that WinBooks itself opens, as `grandlivre discover` shows it.",
            )
        sources = [path for paths in found.values() for path in paths]
        copies = dict(zip(sources, snapshot_set(sources, target, sleep=sleep), strict=True))
        self.fingerprint = fingerprint(copies.values())
        self._paths = {table: [copies[path] for path in paths] for table, paths in found.items()}
        self._open: dict[str, Table] = {}

    def __contains__(self, table: str) -> bool:
        return bool(self._paths[table])

    def table(self, name: str) -> Table:
        """The table, opened. Raises BadFile when the file is not whole."""
        if name not in self._open:
            self._open[name] = Table(*self._paths[name])
        return self._open[name]

    def parameters(self) -> Parameters:
        """What ``_param`` says. Raises BadFile, also when a value goes on in a memo file that is missing."""
        table = self.table("param")
        table.require("id", "value")
        pairs: list[tuple[str, str]] = []
        for batch in table.batches(tables.PARAM):
            for row in batch.to_pylist():
                key, value, memo = row["id"], row["value"] or "", row["valueext"]
                if key is None:
                    continue
                if table.warnings["memo_missing"] and key.upper().endswith(".PERDATE") and value[-1:].strip():
                    raise BadFile(
                        f"{key} fills its field and the memo file in which it may go on is missing",
                        next_step="Copy the memo file (.fpt or .dbt) beside the table and sync again.",
                        subject=table.path.name,
                    )
                pairs.append((key, memo_continues(value, memo)))
        return Parameters(table.path.name, pairs)

    def notes(self) -> list[Note]:
        """What was met in the tables read so far, one note per kind."""
        counted: Counter[str] = Counter()
        for table in self._open.values():
            counted.update(table.warnings)
        return [
            Note(code, f"{counted[code]} {meaning}", counted[code])
            for code, meaning in _MEANING.items()
            if counted[code]
        ]
