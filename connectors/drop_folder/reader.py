"""Puts the files of one folder on the workbench: which years there are, which files tell them, and the lists.

A fiscal year has one source of lines. Its first and last day come from fiscal_years.csv where it stands there, else
from the header of the audit file, else from a FEC's name and entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from connectors.contract import FiscalYear
from connectors.drop_folder import balances, ciel, csv_lines, fec, fec_years, lists, xaf
from connectors.drop_folder.dossier import described
from connectors.drop_folder.folder import Contents
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.resources import DOSSIER
from connectors.drop_folder.settings import identity
from connectors.drop_folder.workbench import Workbench
from connectors.drop_folder.xaf_heading import Heading, read_heading
from foundation.errors import BadFile

_READERS = {"fec": fec.read_fec, "ximport": ciel.read_ximport, "rimport": ciel.read_rimport}
_ONE_SOURCE = "Leave one file for each fiscal year in the folder and sync again."


@dataclass(frozen=True)
class _Source:
    """A file that tells one fiscal year; one of SAF-T ``tells_balances`` too."""

    year: FiscalYear
    file: str
    read: Callable[[], None]
    tells_balances: bool = False


class FolderReader:
    """Reads one folder. Use once: :meth:`read_years`, then, for the ledger, :meth:`read_ledger`."""

    def __init__(self, bench: Workbench, contents: Contents, profile: Profile, settings: Mapping[str, str]) -> None:
        self.bench = bench
        self.contents = contents
        self.profile = profile
        self.settings = settings
        self._stated: list[FiscalYear] = []
        self._headings: list[Heading] = []
        self._sources: list[_Source] = []
        self._siren: str | None = None

    def read_years(self) -> list[FiscalYear]:
        """The dossier's fiscal years, oldest first. Raises BadFile where a file's year is unknown or claimed twice."""
        if "fiscal_years" in self.contents.single:
            self._stated = lists.read_fiscal_years(self.bench, self.contents.single["fiscal_years"], self.profile)
        years = {year.label: year for year in self._stated}
        self._add_csv(years)
        self._add_xaf(years)
        self._add_fec(years)
        for year in years.values():
            if year not in self._stated:
                lists.add_fiscal_year(self.bench, year)
        return sorted(years.values(), key=lambda year: year.start)

    def read_ledger(self, since: date | None = None, *, totals_only: bool = False) -> str:
        """Reads lines, lists and balances; answers an SQL condition on ``lines`` that keeps what ``since`` needs.

        Years that end before ``since`` are needed only when the first year from there on tells no opening balance.
        """
        condition = "false"
        if totals_only:
            self._read_all([source for source in self._sources if source.tells_balances])
        else:
            if not self._sources:
                raise BadFile(
                    "the folder holds trial balances and no lines",
                    subject=self.contents.folder.name,
                    next_step="Put lines_<year>.csv there too, or link the dossier with --totals.",
                )
            condition = self._read_lines(since)
            self._note_openings()
        lists.read_lists(self.bench, self.contents, self.profile)
        lists.complete_from_lines(self.bench)
        self._read_balances(totals_only=totals_only)
        lists.names_from_balances(self.bench)
        return condition

    def _read_balances(self, *, totals_only: bool) -> None:
        """The package's trial balances. Beside lines they are controls, so that one of a year without lines is none."""
        labels = {year.label.lower(): year.label for year in self.years}
        with_lines = {source.year.label for source in self._sources}
        told = {year for (year,) in self.bench.rows("SELECT DISTINCT fiscal_year FROM balances")}
        alone = []
        for label, path in self.contents.balances.items():
            year = self._label(labels, label, path)
            if year in told:
                self.bench.note("balances_told_twice", f"{path.name} is left out: the audit file tells them")
                continue
            if not totals_only and year not in with_lines:
                alone.append(path.name)
                continue
            balances.read(self.bench, path, year, self.profile)
        names = ", ".join(alone)
        self.bench.note(
            "totals_without_lines", f"{names}: years without lines are shown by a link of totals only", len(alone)
        )

    @property
    def years(self) -> list[FiscalYear]:
        rows = self.bench.rows("SELECT label, start_date, end_date, closed FROM fiscal_years ORDER BY start_date")
        return [FiscalYear(*row) for row in rows]

    def describe(self, fallback_country: str | None) -> None:
        """Fills resource ``dossier``: from dossier.csv, else from the newest audit file, else from the FEC's SIREN."""
        newest = max(self._headings, key=lambda heading: heading.year.end, default=None)
        told = described(self.contents, identity(self.settings), newest, self._siren, fallback_country)
        self.bench.insert("dossier", pa.Table.from_pylist([told], schema=DOSSIER.schema))

    def _add_csv(self, years: dict[str, FiscalYear]) -> None:
        labels = {label.lower(): label for label in years}
        for label, path in self.contents.lines.items():
            if not self._stated:
                raise BadFile(
                    f"{path.name} needs fiscal_years.csv, which is not in the folder",
                    subject=self.contents.folder.name,
                    next_step="Write it with the columns label, start_date, end_date (inclusive) and sync again.",
                )
            year = years[self._label(labels, label, path)]
            self._claim(year, path, lambda p=path, y=year: self._read_csv(p, y))

    def _read_csv(self, path: Path, year: FiscalYear) -> None:
        csv_lines.read_lines(self.bench, path, year.label, self.profile)
        outside = self.bench.row(
            "SELECT count(*) FROM lines WHERE file = ? AND date NOT BETWEEN ? AND ? AND period IS DISTINCT FROM 0",
            [path.name, year.start, year.end],
        )[0]
        self.bench.note(
            "dates_outside_year", f"{path.name}: lines dated outside {year.start} to {year.end} stay there", outside
        )

    def _add_xaf(self, years: dict[str, FiscalYear]) -> None:
        for path in self.contents.xaf:
            heading = read_heading(self.bench, path)
            self._headings.append(heading)
            year = self._matched(heading.year, path, years)
            years[year.label] = year
            self._claim(
                year,
                path,
                lambda h=heading, y=year: xaf.read_xaf(self.bench, h, y.label, self.profile),
                tells_balances=heading.form == "saft",
            )

    def _add_fec(self, years: dict[str, FiscalYear]) -> None:
        """Reads every FEC, XIMPORT and RIMPORT: where its year begins and ends stands in its entries only."""
        found: list[tuple[str, FiscalYear]] = []
        before: date | None = None
        for file in fec_years.choose(self.contents.fec, self.bench):
            self._siren = self._siren or file.siren
            name = file.path.name
            _READERS[file.form](self.bench, file.path, self.profile)
            span = fec_years.mark_openings(self.bench, name)
            stated = next((year for year in self._stated if year.end == file.closing), None)
            year = stated or fec_years.fiscal_year(file, span, before, self.bench)
            found.append((name, year))
            before = year.end
        for (name, _), year in zip(found, fec_years.relabel([year for _, year in found]), strict=True):
            matched = self._matched(year, self.contents.folder / name, years)
            validated = self.bench.row("SELECT bool_and(validated) FROM lines WHERE file = ?", [name])[0]
            if matched.closed is None and validated is not None:
                matched = FiscalYear(matched.label, matched.start, matched.end, validated)
            years[matched.label] = matched
            fec_years.settle(self.bench, name, matched)
            self._claim(matched, self.contents.folder / name, lambda: None)

    def _matched(self, year: FiscalYear, path: Path, years: Mapping[str, FiscalYear]) -> FiscalYear:
        """The year as fiscal_years.csv has it, or itself. Raises BadFile where it would overlap or rename another."""
        for known in years.values():
            if (known.start, known.end) == (year.start, year.end):
                return known
            if known.label == year.label or (known.start <= year.end and year.start <= known.end):
                raise BadFile(
                    f"it holds fiscal year {year.label} from {year.start} to {year.end}, which does not go with "
                    f"{known.label} from {known.start} to {known.end}",
                    subject=path.name,
                    next_step="Correct fiscal_years.csv, or leave one file for each fiscal year in the folder.",
                )
        return year

    def _claim(self, year: FiscalYear, path: Path, read: Callable[[], None], *, tells_balances: bool = False) -> None:
        for other in self._sources:
            if other.year.label == year.label:
                raise BadFile(
                    f"{other.file} and {path.name} both hold fiscal year {year.label}",
                    subject=self.contents.folder.name,
                    next_step=_ONE_SOURCE,
                )
        self._sources.append(_Source(year, path.name, read, tells_balances))

    def _label(self, labels: Mapping[str, str], label: str, path: Path) -> str:
        if label not in labels:
            known = ", ".join(labels.values()) or "none"
            raise BadFile(
                f"there is no fiscal year {label!r}; known are: {known}",
                subject=path.name,
                next_step="Add the year to fiscal_years.csv, or name the file after one that is there.",
            )
        return labels[label]

    def _read_lines(self, since: date | None) -> str:
        wanted = [source for source in self._sources if since is None or source.year.end >= since]
        earlier = [source for source in self._sources if source not in wanted]
        self._read_all(wanted)
        if since is None or not earlier:
            return "true"
        first = min(wanted, key=lambda source: source.year.start, default=None)
        if first is None or not self._opens(first):
            self._read_all(earlier)
            return "true"
        labels = ", ".join("'" + source.year.label.replace("'", "''") + "'" for source in wanted)
        return f"year IN ({labels})"

    def _read_all(self, sources: Sequence[_Source]) -> None:
        for source in sorted(sources, key=lambda source: source.year.start):
            source.read()

    def _note_openings(self) -> None:
        later = self.bench.row(
            """SELECT count(*) FROM lines l JOIN fiscal_years y ON y.label = l.year
            WHERE (l.kind = 'opening' OR l.period = 0) AND l.date > y.start_date"""
        )[0]
        self.bench.note(
            "openings_moved", "lines of period 0 dated after the first day are opening balances of it", later
        )

    def _opens(self, source: _Source) -> bool:
        return self.bench.row(
            "SELECT count(*) FROM lines WHERE year = ? AND (kind = 'opening' OR period = 0)", [source.year.label]
        )[0]
