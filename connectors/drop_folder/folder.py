"""What lies in a dossier's folder: which files are read, and whether they may be read already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from connectors.drop_folder import spreadsheet
from connectors.files import is_inside, unreadable
from foundation.errors import BadFile, Busy

READY = "ready"
BALANCE_TEXTS = FIRST, ACCON = ".first.txt", ".accon.txt"
"""Trial balances of annual-accounts software: ``<anything>_<label>.first.txt``."""
EXPECTED = (
    "Put fiscal_years.csv and lines_<year>.csv (or .xlsx), an XML audit file (XAF, FAIA) "
    "or a FEC file (<SIREN>FEC<yyyymmdd>.txt) there"
)
_SINGLE = {name: name for name in ("dossier", "accounts", "fiscal_years", "journals", "parties")} | {
    "relations": "parties"
}
_TABLES = (".csv", ".txt", ".tsv", spreadsheet.ENDING)
# A FEC's name says who and until when only when it is one; copies are often renamed around the letters FEC.
_FEC_NAME = re.compile(r"(\d{9})(\d{5})?FEC(20\d{2})([01]\d)([0-3]\d)([ _.(-].*)?", re.IGNORECASE)

# A subfolder that may hold a year: 2025, 2024-2025, 2025b.
_YEAR_NAME = re.compile(r"(19|20)\d\d([-_ ]?\d{2,4})?[a-z]?", re.IGNORECASE)


# XIMPORT.TXT and RIMPORT.TXT; copies of several years carry the last day of theirs.
_CIEL_NAME = re.compile(r"([xr]import)(?:[ _.-]*(\d{8})\b)?.*", re.IGNORECASE)


@dataclass(frozen=True)
class FecFile:
    """A FEC with what its name says; both None where the name is not a FEC name. Or one of the forms ``ximport`` and
    ``rimport``, which hold entries without their fiscal year just as well."""

    path: Path
    modified_ns: int
    siren: str | None
    closing: date | None
    form: str = "fec"


@dataclass
class Contents:
    """The files of one dossier folder by what they are; lines and balances by their label, lower case."""

    folder: Path
    single: dict[str, Path] = field(default_factory=dict)
    lines: dict[str, Path] = field(default_factory=dict)
    balances: dict[str, Path] = field(default_factory=dict)
    fec: list[FecFile] = field(default_factory=list)
    xaf: list[Path] = field(default_factory=list)
    ready: Path | None = None
    ignored: list[str] = field(default_factory=list)

    @property
    def readable(self) -> bool:
        return bool(self.lines or self.balances or self.fec or self.xaf)

    def paths(self) -> Iterator[Path]:
        """Every file that is read."""
        yield from self.single.values()
        yield from self.lines.values()
        yield from self.balances.values()
        yield from self.xaf
        yield from (fec.path for fec in self.fec)

    def name_of(self, path: Path) -> str:
        """What a file is called here: its name, with that of its year's folder before it where it lies in one."""
        return path.name if path.parent == self.folder else f"{path.parent.name}_{path.name}"

    def moved_to(self, folder: Path) -> Contents:
        """The same contents, read from copies in ``folder``."""
        return replace(
            self,
            folder=folder,
            single={name: folder / path.name for name, path in self.single.items()},
            lines={label: folder / self.name_of(path) for label, path in self.lines.items()},
            balances={label: folder / self.name_of(path) for label, path in self.balances.items()},
            fec=[replace(fec, path=folder / fec.path.name) for fec in self.fec],
            xaf=[folder / path.name for path in self.xaf],
        )

    def require_ready(self) -> None:
        """Raises BadFile for a folder without a ledger, and Busy while its export is still being written."""
        if not self.readable:
            seen = f"it holds only {', '.join(sorted(self.ignored)[:5])}" if self.ignored else "it is empty"
            raise BadFile(
                f"the folder {self.folder.name} holds no ledger: {seen}",
                subject=self.folder.name,
                next_step=f"{EXPECTED} and sync again; the figures of the last good sync stand.",
            )
        if self.ready is None:
            return
        mark = self.ready.stat().st_mtime_ns
        later = [path.name for path in self.paths() if path.stat().st_mtime_ns > mark]
        if later:
            raise Busy(
                f"the export is still being written: {later[0]} is newer than the marker READY",
                subject=self.folder.name,
                next_step="Let the export end with writing READY; the nightly tries again.",
            )


def look_into(folder: Path) -> Contents:
    """Sorts the files of ``folder``, by name; a link that leads out of it is none of them. A subfolder may hold a year:
    its name is the label, its files are ``ledger`` (or ``lines``) and ``trial_balance``.

    Raises BadFile where two files claim the same place, Busy where the folder cannot be read.
    """
    contents = Contents(folder)
    try:
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            if path.name.startswith((".", "~")) or not is_inside(folder, path):
                continue
            if path.is_file():
                _place(contents, path)
            elif path.is_dir() and _YEAR_NAME.fullmatch(path.name):
                _place_year(contents, path)
    except OSError as error:
        raise unreadable(folder, error) from error
    return contents


def fec_name(name: str) -> tuple[str | None, date | None]:
    """SIREN and closing date from a FEC's file name (without its ending), each only from a full match."""
    match = _FEC_NAME.fullmatch(name)
    if not match:
        return None, None
    try:
        return match[1], date(int(match[3]), int(match[4]), int(match[5]))
    except ValueError:
        return match[1], None


def is_ciel(path: Path) -> bool:
    """Whether a file is called XIMPORT or RIMPORT."""
    return path.suffix.lower() == ".txt" and _CIEL_NAME.fullmatch(path.stem) is not None


def _month_end(text: str | None) -> date | None:
    """A closing date in a file's name; the day on which a copy was made is hardly ever the last of a month."""
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None
    except ValueError:
        return None
    return day if day and (day + timedelta(days=1)).day == 1 else None


def _place(contents: Contents, path: Path) -> None:
    name, ending = path.stem.lower(), path.suffix.lower()
    if path.name.lower() == READY:
        contents.ready = path
    elif ending == ".xaf" or (ending == ".xml" and _is_audit_file(path)):
        contents.xaf.append(path)
    elif path.name.lower().endswith(BALANCE_TEXTS):
        _claim(contents.balances, name.rpartition(".")[0].rpartition("_")[2], path)
    elif ending not in _TABLES:
        contents.ignored.append(path.name)
    elif name in _SINGLE:
        _claim(contents.single, _SINGLE[name], path)
    elif name.startswith(("lines_", "ledger_")):
        _claim(contents.lines, name.partition("_")[2], path)
    elif name.startswith("trial_balance_"):
        _claim(contents.balances, name.removeprefix("trial_balance_"), path)
    elif is_ciel(path) and (match := _CIEL_NAME.fullmatch(name)):
        contents.fec.append(FecFile(path, path.stat().st_mtime_ns, None, _month_end(match[2]), match[1].lower()))
    elif "fec" in name and ending != spreadsheet.ENDING:
        contents.fec.append(FecFile(path, path.stat().st_mtime_ns, *fec_name(path.stem)))
    else:
        contents.ignored.append(path.name)


def _place_year(contents: Contents, folder: Path) -> None:
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if not path.is_file() or path.suffix.lower() not in _TABLES or not is_inside(contents.folder, path):
            continue
        match path.stem.lower():
            case "ledger" | "lines":
                _claim(contents.lines, folder.name.lower(), path)
            case "trial_balance":
                _claim(contents.balances, folder.name.lower(), path)


def _claim(places: dict[str, Path], key: str, path: Path) -> None:
    if key in places:
        raise BadFile(
            f"{places[key].name} and {path.name} both claim to be the one file of this kind",
            subject=path.parent.name,
            next_step="Leave one of them in the folder and sync again.",
        )
    places[key] = path


def _is_audit_file(path: Path) -> bool:
    """An audit file under the ending .xml: XAF's root is auditfile, that of SAF-T (FAIA) AuditFile."""
    with path.open("rb") as stream:
        return b"auditfile" in stream.read(4096).replace(b"\0", b"").lower()
