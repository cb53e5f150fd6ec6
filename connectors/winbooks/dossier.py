"""What a WinBooks folder is: which file is which table, what the parameter table says about company and book years.

Table files are ``<name>_<table>.dbf``, upper or lower case; ``_param`` holds keys and values, among them the book
years ``BOOKYEARi.*`` (contract: tables, keys and resolution order as public readers of WinBooks use them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path, PureWindowsPath

from connectors.contract import DossierRef, FiscalYear
from connectors.files import is_inside, list_dossier_folders, resolve_dossier_folder, unreadable
from connectors.winbooks import inferred
from foundation.errors import BadFile, WrongInput

ARCHIVE_FOLDER = re.compile(r"(.+)-([0-9]{4})")
_CODES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CLOSING_PERIOD = 99


@dataclass(frozen=True)
class BookYear:
    """A book year. ``code`` is how lines name it: one base-36 character. ``archive`` is the path of its archive."""

    number: int
    code: str
    label: str
    start: date
    end: date
    closed: bool | None
    archive: str | None
    starts: tuple[date, ...]

    @property
    def fiscal_year(self) -> FiscalYear:
        return FiscalYear(self.label, self.start, self.end, self.closed)

    @property
    def periods(self) -> list[tuple[int, date, date, str]]:
        """(number, first day, last day, kind): 0 is the opening, 1..N follow one another, 99 is the closing."""
        ends = [following - timedelta(days=1) for following in self.starts[1:]] + [self.end]
        normal = [
            (number, first, max(first, last), "normal")
            for number, (first, last) in enumerate(zip(self.starts, ends, strict=True), start=1)
        ]
        opening = (0, self.start, self.start, "opening")
        return [opening, *normal, (_CLOSING_PERIOD, self.end, self.end, "closing")]


class Parameters:
    """The keys and values of ``_param``; of a key that stands there twice the last counts, case does not."""

    def __init__(self, file: str, pairs: Iterable[tuple[str, str]]) -> None:
        self.file = file
        self._values = {key.strip().upper(): value.strip() for key, value in pairs}

    def get(self, key: str) -> str | None:
        return self._values.get(key.upper()) or None

    @property
    def company_name(self) -> str | None:
        return self.get("Socname")

    @property
    def country(self) -> str | None:
        return inferred.country_code(self.get("SocCountry"))

    @property
    def vat_number(self) -> str | None:
        return inferred.vat_number(self.get("SocVatno"), self.country)

    @property
    def account_length(self) -> int | None:
        """How long the numbers of general accounts are (LENGEN); shorter ones are titles."""
        pairs = (part.partition("=") for part in (self.get("AccountPicture") or "").split(","))
        length = {key.strip().upper(): value.strip() for key, _, value in pairs}.get("LENGEN", "")
        return int(length) if length.isdigit() else None

    def dossier(self, reference: str) -> DossierRef:
        name = self.company_name or reference
        return DossierRef(reference, reference, name, self.vat_number, inferred.BASE_CURRENCY, self.country)

    def book_years(self) -> list[BookYear]:
        """The book years, oldest first. Raises BadFile for a count or a date that cannot be read."""
        count = self.get("BOOKYEARCOUNT") or ""
        if not count.isdigit() or int(count) >= len(_CODES):
            raise BadFile(f"BOOKYEARCOUNT is {count!r}, not a number of book years", subject=self.file)
        prefixes = {key.partition(".")[0] for key in self._values}
        years = [self._book_year(i) for i in range(1, int(count) + 1) if f"BOOKYEAR{i}" in prefixes]
        return sorted(_with_unique_labels(years), key=lambda year: (year.start, year.number))

    def _book_year(self, number: int) -> BookYear:
        key = f"BOOKYEAR{number}"
        dates = self._dates(f"{key}.PERDATE")
        label = self.get(f"{key}.SHORTLABEL") or self.get(f"{key}.LONGLABEL") or str(max(dates).year)
        status = (self.get(f"{key}.STATUS") or "").upper()
        return BookYear(
            number=number,
            code=_CODES[number],
            label=label,
            start=dates[0],
            end=max(dates),
            closed={"CLOSED": True, "OPEN": False}.get(status),
            archive=self.get(f"{key}.PATHARCH"),
            starts=tuple(dates[1:-1]),
        )

    def _dates(self, key: str) -> list[date]:
        """The dates of PERDATE: opening date, start of each period, closing date; ddMMyyyy, blanks between or not."""
        text = re.sub(r"\s", "", self.get(key) or "")
        try:
            dates = [_day(text[at : at + 8]) for at in range(0, len(text), 8)]
        except ValueError:
            raise BadFile(f"{key} holds no dates but {text!r}", subject=self.file) from None
        if len(dates) < 3:
            raise BadFile(
                f"{key} holds {len(dates)} dates, an opening, periods and a closing need 3", subject=self.file
            )
        return dates


def _day(text: str) -> date:
    if len(text) != 8 or not text.isdigit():
        raise ValueError(text)
    return datetime.strptime(text, "%d%m%Y").date()  # noqa: DTZ007 - a day, in no time zone


def _with_unique_labels(years: list[BookYear]) -> list[BookYear]:
    labels = [year.label for year in years]
    return [
        BookYear(**{**vars(year), "label": f"{year.label} ({year.end:%Y-%m-%d})"})
        if labels.count(year.label) > 1
        else year
        for year in years
    ]


def dossier_folders(root: Path) -> list[Path]:
    """The folders under ``root`` that can be dossiers: archive years are hidden."""
    return [folder for folder in list_dossier_folders(root) if not ARCHIVE_FOLDER.fullmatch(folder.name)]


def dossier_folder(root: Path, reference: str) -> Path:
    """The folder of a sync reference. Raises WrongInput, also for an archive year's folder."""
    folder = resolve_dossier_folder(root, reference)
    archive = ARCHIVE_FOLDER.fullmatch(reference)
    if archive:
        raise WrongInput(
            f"{reference!r} is an archive year of {archive[1]!r}, not a dossier", next_step=f"Use {archive[1]!r}."
        )
    return folder


def find_table(folder: Path, company: str, table: str) -> list[Path]:
    """A table's file, followed by its memo file if there is one; empty when the folder has no such table.

    ``folder``'s own name (underscores removed) goes before the company's, and that before ``<company>-<year>``. Links
    that lead out of the folder are not followed.
    """
    try:
        files = {path.name.lower(): path for path in folder.iterdir()}
    except OSError as error:
        raise unreadable(folder, error) from error
    archive = ARCHIVE_FOLDER.fullmatch(folder.name)
    names = [folder.name.replace("_", ""), folder.name, company.replace("_", ""), company]
    if archive:
        names.append(f"{company}-{archive[2]}")
    stems = [f"{name}_{table}".lower() for name in names]
    if table == "dbk":  # the journals' file has it somewhere in its name
        stems += sorted(name[:-4] for name in files if "dbk" in name and name.endswith(".dbf"))
    stem = next((stem for stem in stems if f"{stem}.dbf" in files), None)
    found = [files[f"{stem}{end}"] for end in (".dbf", ".fpt", ".dbt") if f"{stem}{end}" in files]
    return found[:2] if all(path.is_file() and is_inside(folder, path) for path in found) else []


def find_archive(root: Path, stored: str, path_map: Mapping[str, Path]) -> Path | None:
    """The folder of an archived year, whose stored path is one of the package's own computers.

    The longest mapped beginning of the path is replaced; else, or where that leads nowhere, the path's last part is
    looked for beside the dossier.
    """
    parts = PureWindowsPath(stored).parts
    if ".." in parts or not parts:
        return None
    for source, target in sorted(path_map.items(), key=lambda pair: -len(pair[0])):
        head = PureWindowsPath(source).parts
        if list(map(_folded, parts[: len(head)])) == list(map(_folded, head)):
            found = _descend(target, parts[len(head) :])
            if found:
                return found
    beside = [folder for folder in list_dossier_folders(root) if folder.name.lower() == parts[-1].lower()]
    return beside[0] if beside else None


def _folded(part: str) -> str:
    return part.lower().rstrip("\\")


def _descend(folder: Path, parts: Iterable[str]) -> Path | None:
    """``folder``/``parts``, whatever their case; None where there is no such folder below it."""
    found = folder
    for part in parts:
        if not found.is_dir():
            return None
        found = next((child for child in found.iterdir() if child.name.lower() == part.lower()), found / part)
    return found if found.is_dir() and (found == folder or is_inside(folder, found)) else None


def parse_path_map(text: str) -> dict[str, Path]:
    r"""``Z:\WB=/srv/wb;\\server\share=/mnt/share`` as a mapping. Raises WrongInput for a pair without ``=``."""
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    for source, equals, target in pairs:
        if not (source.strip() and equals and target.strip()):
            raise WrongInput(f"path_map has {source!r}, not PATH=FOLDER", next_step=r"Write it as Z:\WB=/srv/wb.")
    return {source.strip(): Path(target.strip()) for source, _, target in pairs}
