"""Fiscal years: what the package states, what support corrected, what is in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from foundation.errors import WrongInput
from registry import models
from registry.calendar import Year, neighbours_moved, refuse_broken
from registry.links import Links
from registry.names import did_you_mean
from registry.records import FiscalYear, YearOverride, record


class StatedYear(Protocol):
    """A fiscal year as a package's connector tells it, ``end`` inclusive."""

    @property
    def label(self) -> str: ...
    @property
    def start(self) -> date: ...
    @property
    def end(self) -> date: ...
    @property
    def closed(self) -> bool | None: ...


class Years(Links):
    """The fiscal years of the dossiers. The package's own value is never lost, nor is a correction."""

    def record_package_years(self, dossier_id: str, years: Iterable[StatedYear]) -> None:
        """Keeps what the package states now in the place of what it stated before.

        For a dossier that came over from another package at a date, the years before that date stay as that package
        stated them; of two years with one label the present package's stands.
        """
        with self.writing() as session:
            link = self.link_row(session, dossier_id)
            present = list(
                session.scalars(select(models.PackageYear).where(models.PackageYear.dossier_id == dossier_id))
            )
            date_of_transfer = link.transfer_date or date.min
            kept = {row.label for row in present if row.link_id != link.link_id and row.start_date < date_of_transfer}
            stated = {year.label: year for year in years if not kept or year.start >= date_of_transfer}
            for row in present:
                if row.label not in kept | stated.keys():
                    session.delete(row)
            for year in stated.values():
                session.merge(  # most nights the same as before, and then nothing is written
                    models.PackageYear(
                        dossier_id=dossier_id,
                        label=year.label,
                        link_id=link.link_id,
                        start_date=year.start,
                        end_date=year.end,
                        closed=year.closed,
                    )
                )

    def fiscal_years(self, dossier_id: str) -> list[FiscalYear]:
        """The years in force, oldest first. Raises WrongInput for an unknown dossier."""
        with self.reading() as session:
            self.link_row(session, dossier_id)
            return self._effective(session, dossier_id)

    def set_override(
        self,
        dossier_id: str,
        label: str,
        start: date,
        end: date,
        why: str | None = None,
        who: str | None = None,
        *,
        move_neighbours: bool = False,
    ) -> list[FiscalYear]:
        """Gives a year other dates, ``end`` inclusive; returns the years then in force.

        Raises WrongInput when the end is before the start, when the year is not known, or when the year would
        overlap another or leave days between them. With ``move_neighbours`` the year before then ends, and the year
        after starts, next to it: that is how a boundary between two years is moved.
        """
        with self.writing() as session:
            self.link_row(session, dossier_id)
            years = self._effective(session, dossier_id)
            _require_label(dossier_id, label, years)
            others = [Year(year.label, year.start_date, year.end_date) for year in years if year.label != label]
            changed = Year(label, start, end)
            moved: list[Year] = []
            if move_neighbours:
                present = next((year for year in years if year.label == label), None)
                moved = neighbours_moved(changed, others, present.start_date if present else start)
                others = [next((m for m in moved if m.label == other.label), other) for other in others]
            refuse_broken(changed, others)
            self._put(session, dossier_id, changed, why, who, None)
            for year in moved:
                self._put(session, dossier_id, year, why, who, label)
            session.flush()
            return self._effective(session, dossier_id)

    def clear_override(self, dossier_id: str, label: str, who: str | None = None) -> list[FiscalYear]:
        """Lets the package's own dates stand again, also for neighbours that were moved with this year.

        Returns the years then in force; safe to repeat. Raises WrongInput when the year is not known.
        """
        with self.writing() as session:
            self.link_row(session, dossier_id)
            _require_label(dossier_id, label, self._effective(session, dossier_id))
            mine = (models.YearOverride.label == label) | (models.YearOverride.moved_for == label)
            for row in session.scalars(_in_force(dossier_id).where(mine)):
                self._end(row, who)
            session.flush()
            return self._effective(session, dossier_id)

    def override_history(self, dossier_id: str, label: str | None = None) -> list[YearOverride]:
        """Every correction ever made to a dossier (or to one year of it), the latest first."""
        query = select(models.YearOverride).where(models.YearOverride.dossier_id == dossier_id)
        if label is not None:
            query = query.where(models.YearOverride.label == label)
        with self.reading() as session:
            self.link_row(session, dossier_id)
            rows = session.scalars(query.order_by(models.YearOverride.id.desc()))
            return [record(YearOverride, row) for row in rows]

    def _effective(self, session: Session, dossier_id: str) -> list[FiscalYear]:
        stated = select(models.PackageYear).where(models.PackageYear.dossier_id == dossier_id)
        package = {year.label: year for year in session.scalars(stated)}
        overrides = {row.label: row for row in session.scalars(_in_force(dossier_id))}
        years: list[FiscalYear] = []
        for label in package.keys() | overrides.keys():
            own, corrected = package.get(label), overrides.get(label)
            dates = corrected or own
            assert dates is not None
            years.append(
                FiscalYear(
                    label,
                    dates.start_date,
                    dates.end_date,
                    own.closed if own else None,
                    "override" if corrected else "package",
                    own.start_date if own else None,
                    own.end_date if own else None,
                )
            )
        return sorted(years, key=lambda year: (year.start_date, year.label))

    def _put(
        self, session: Session, dossier_id: str, year: Year, why: str | None, who: str | None, moved_for: str | None
    ) -> None:
        for row in session.scalars(_in_force(dossier_id).where(models.YearOverride.label == year.label)):
            self._end(row, who)
        session.flush()  # one override per year is in force at any moment
        session.add(
            models.YearOverride(
                dossier_id=dossier_id,
                label=year.label,
                start_date=year.start,
                end_date=year.end,
                why=why,
                who=who,
                at=self.now(),
                moved_for=moved_for,
                active=True,
            )
        )

    def _end(self, row: models.YearOverride, who: str | None) -> None:
        row.active, row.ended_at, row.ended_by = False, self.now(), who


def _in_force(dossier_id: str) -> Select[tuple[models.YearOverride]]:
    return select(models.YearOverride).where(models.YearOverride.dossier_id == dossier_id, models.YearOverride.active)


def _require_label(dossier_id: str, label: str, years: list[FiscalYear]) -> None:
    """A label must be known, unless the package states no years at all: then they are all given by people."""
    known = {year.label: year.label for year in years}
    if label in known or all(year.package_start_date is None for year in years):
        return
    raise WrongInput(
        f"dossier {dossier_id} has no fiscal year {label!r}{did_you_mean(label, known)}",
        next_step=f"Its years are: {', '.join(known)}.",
    )
