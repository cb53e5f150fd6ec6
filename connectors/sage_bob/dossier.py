"""What a BOB folder is: which file is which table.

A dossier is a folder of Advantage tables (``ac_accoun.adt``, ...) or of the same tables exported as CSV, upper or lower
case.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connectors.columns import CONTINENTAL, Table
from connectors.csv_tables import CsvTable
from connectors.files import fingerprint, is_inside, snapshot_set, unreadable
from connectors.sage_bob.adt import AdtTable
from connectors.sage_bob.opened import ALL, REQUIRED, OpenDossier
from foundation.errors import WrongInput


def find_table(folder: Path, table: str) -> list[Path]:
    """A table's file, followed by its memo file if there is one; the Advantage table goes before an export of it.

    Links that lead out of the folder are not followed. Raises Busy when the folder cannot be read.
    """
    try:
        files = {path.name.lower(): path for path in sorted(folder.iterdir())}
    except OSError as error:
        raise unreadable(folder, error) from error
    for ends in ((".adt", ".adm"), (".csv",)):
        found = [files[f"{table}{end}"] for end in ends if f"{table}{end}" in files]
        if found and found[0].suffix.lower() == ends[0]:
            return found if all(path.is_file() and is_inside(folder, path) for path in found) else []
    return []


class Copies(OpenDossier):
    """The tables ``wanted`` of one folder, all of one moment, opened and read in ``target`` and nowhere else.

    ``state`` is a fingerprint of all of these files together. Raises WrongInput when the folder lacks one of those
    ``required``, and what :func:`connectors.files.snapshot_set` raises.
    """

    def __init__(
        self,
        folder: Path,
        target: Path,
        wanted: tuple[str, ...] = ALL,
        required: tuple[str, ...] = REQUIRED,
        *,
        sleep: Callable[[float], None],
    ) -> None:
        found = {table: find_table(folder, table) for table in wanted}
        missing = [table for table in required if not found[table]]
        if missing:
            raise WrongInput(
                f"{folder.name} is not a BOB dossier: it has no {', '.join(f'{table}.adt' for table in missing)}",
                next_step="Give a folder of BOB50DATA, as `grandlivre discover` shows it.",
            )
        sources = [path for paths in found.values() for path in paths]
        copies = dict(zip(sources, snapshot_set(sources, target, sleep=sleep), strict=True))
        super().__init__()
        self.name = folder.name
        self._fingerprint = fingerprint(copies.values())
        self._scratch = target
        self._paths = {table: [copies[path] for path in paths] for table, paths in found.items()}

    @property
    def state(self) -> str:
        return self._fingerprint

    def __contains__(self, table: str) -> bool:
        return bool(self._paths[table])

    def _opened(self, name: str) -> Table:
        paths = self._paths[name]
        exported = paths[0].suffix.lower() == ".csv"
        return CsvTable(paths[0], CONTINENTAL, self._scratch / "clean") if exported else AdtTable(*paths)
