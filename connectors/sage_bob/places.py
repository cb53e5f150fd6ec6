"""Where a connection's dossiers stand: in folders under a root, or each in a database of a Firebird server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from connectors.contract import Access
from connectors.files import is_inside, list_dossier_folders, resolve_dossier_folder, unreadable
from connectors.sage_bob.dossier import Copies, find_table
from connectors.sage_bob.firebird import NoSuchDatabase, Server
from connectors.sage_bob.firebird_tables import FirebirdDossier, NotBob
from connectors.sage_bob.inferred import FIREBIRD_ENDINGS
from connectors.sage_bob.opened import ALL, REQUIRED, OpenDossier
from foundation.errors import BadFile, Busy, WrongInput


class Place(Protocol):
    """Dossiers by their sync reference. ``calls`` counts what a server was asked; 0 for files."""

    calls: int

    def verify(self) -> None:
        """The least that shows that dossiers can be read there."""
        ...

    def names(self) -> Iterator[str]:
        """The sync references of all dossiers."""
        ...

    def opened(
        self, name: str, scratch: Path, wanted: Sequence[str] = ALL, required: Sequence[str] = REQUIRED
    ) -> AbstractContextManager[OpenDossier]:
        """The tables ``wanted`` of one dossier. Raises WrongInput for an unknown one, and for no dossier of BOB."""
        ...


class Folders:
    """Folders of Advantage tables, or of exports of them, under ``root``; read by way of copies."""

    calls = 0

    def __init__(self, root: Path, sleep: Callable[[float], None]) -> None:
        self._root, self._sleep = root, sleep

    def verify(self) -> None:
        list_dossier_folders(self._root)

    def names(self) -> Iterator[str]:
        for folder in self.folders():
            with suppress(Busy):  # one folder that cannot be read now must not hide the others
                if self.holds(folder):
                    yield folder.name

    def folders(self) -> list[Path]:
        """The folders that may be dossiers, by name."""
        return list_dossier_folders(self._root)

    def holds(self, folder: Path) -> bool:
        """Whether a folder holds a chart of accounts. Raises Busy where that cannot be told now."""
        return bool(find_table(folder, "ac_accoun"))

    @contextmanager
    def opened(
        self, name: str, scratch: Path, wanted: Sequence[str] = ALL, required: Sequence[str] = REQUIRED
    ) -> Iterator[OpenDossier]:
        folder = resolve_dossier_folder(self._root, name)
        yield Copies(folder, scratch / "copies", tuple(wanted), tuple(required), sleep=self._sleep)


class Databases:
    """Databases of one Firebird server: those named, or those whose files lie under ``root``, as both see it.

    Never opened as files: the server may have them open, and only it may open them twice.
    """

    def __init__(self, server: Server, named: dict[str, str], root: Path | None) -> None:
        self._server, self._named, self._root = server, named, root
        self.calls = 0

    def verify(self) -> None:
        """Reads the catalog of the first database that is a dossier: the sign-in is the same for all."""
        fault: WrongInput | BadFile | None = None
        for name, database in self._all().items():
            try:
                self._tables_of(name, database)
                return
            except (NotBob, NoSuchDatabase, BadFile) as error:
                fault = fault or error
        if fault:
            raise fault

    def names(self) -> Iterator[str]:
        """Those that hold BOB's tables. One with a fault is listed: its sync will say what is wrong."""
        for name, database in self._all().items():
            try:
                self._tables_of(name, database)
            except NotBob:
                continue
            except (NoSuchDatabase, BadFile):
                pass  # one bad database must not hide the others
            yield name

    @contextmanager
    def opened(
        self, name: str, scratch: Path, wanted: Sequence[str] = ALL, required: Sequence[str] = REQUIRED
    ) -> Iterator[OpenDossier]:
        found = self._all()
        if name not in found:
            near = get_close_matches(name, found, n=3)
            hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "See `grandlivre discover`."
            raise WrongInput(f"unknown sync reference {name!r}: there is no such database", next_step=hint)
        self.calls += 1
        with self._server.snapshot(found[name], name) as snapshot:
            yield FirebirdDossier(snapshot, name, wanted, required)

    def _tables_of(self, name: str, database: str) -> None:
        self.calls += 1
        with self._server.snapshot(database, name) as snapshot:
            FirebirdDossier(snapshot, name)

    def _all(self) -> dict[str, str]:
        """Sync references, and what the server calls the databases."""
        if self._named or self._root is None:
            return self._named
        found = {folder.name: _in_folder(folder) for folder in list_dossier_folders(self._root)}
        found |= {path.stem: path for path in _databases(self._root)}
        return {name: str(path) for name, path in sorted(found.items()) if path}


def place(access: Access, sleep: Callable[[float], None]) -> Folders | Databases:
    """What the settings name. Raises WrongInput for settings that do not go together."""
    settings = access.settings
    if not settings.get("firebird_server"):
        if settings.get("firebird_databases"):
            raise WrongInput(
                "firebird_databases are named without a server", next_step="Give --set firebird_server=HOST too."
            )
        return Folders(Path(access.setting("root")), sleep)
    named = dict(_named(part) for part in settings.get("firebird_databases", "").split(";") if part.strip())
    root = None if named else Path(access.setting("root"))
    server = Server(settings["firebird_server"], access.setting("username"), access.secret("password"))
    return Databases(server, named, root)


def _named(part: str) -> tuple[str, str]:
    """``NAME=PATH``, or an alias that is the name, too."""
    name, _, path = (text.strip() for text in part.partition("="))
    if not name:
        raise WrongInput(
            f"firebird_databases holds {part.strip()!r}", next_step="Give aliases, or NAME=PATH, with ';' between."
        )
    return name, path or name


def _in_folder(folder: Path) -> Path | None:
    """The database of a folder: the only one there, or the one called like the folder."""
    found = _databases(folder)
    named = [path for path in found if path.stem.lower() == folder.name.lower()]
    return found[0] if len(found) == 1 else named[0] if len(named) == 1 else None


def _databases(folder: Path) -> list[Path]:
    try:
        files = sorted(folder.iterdir())
        return [
            path
            for path in files
            if path.suffix.lower() in FIREBIRD_ENDINGS and path.is_file() and is_inside(folder, path)
        ]
    except OSError as error:
        raise unreadable(folder, error) from error
