"""A calendar of fiscal years has no holes and no days that are in two years; a year may have any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from foundation.errors import WrongInput

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Year:
    """A fiscal year, both dates inclusive."""

    label: str
    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.label} ({self.start} to {self.end})"


def refuse_broken(changed: Year, others: Sequence[Year]) -> None:
    """Raises WrongInput, naming both years and their dates, when ``changed`` does not fit between the ``others``.

    Only what touches ``changed`` is looked at: a hole that the package has elsewhere is not this change's.
    """
    if changed.end < changed.start:
        raise WrongInput(
            f"fiscal year {changed} ends before it starts", next_step="Give the first and the last day of the year."
        )
    for other in sorted(others, key=lambda year: year.start):
        if other.start <= changed.end and changed.start <= other.end:
            raise WrongInput(
                f"fiscal year {changed} would overlap year {other}",
                next_step="Give dates that do not, or move the neighbouring year with it.",
            )
    before = max((year for year in others if year.end < changed.start), key=lambda year: year.end, default=None)
    after = min((year for year in others if year.start > changed.end), key=lambda year: year.start, default=None)
    if before is not None and before.end + _DAY != changed.start:
        raise _gap(before, changed, changed)
    if after is not None and changed.end + _DAY != after.start:
        raise _gap(changed, after, changed)


def neighbours_moved(changed: Year, others: Sequence[Year], was_from: date) -> list[Year]:
    """The years next to ``changed`` with their dates set against it, where they differ.

    ``was_from`` is the start that the changed year had, which tells its place in the row. Raises WrongInput when
    nothing would be left of a neighbour.
    """
    before = max((year for year in others if year.start < was_from), key=lambda year: year.start, default=None)
    after = min((year for year in others if year.start > was_from), key=lambda year: year.start, default=None)
    moved: list[Year] = []
    if before is not None and before.end + _DAY != changed.start:
        moved.append(replace(before, end=changed.start - _DAY))
    if after is not None and changed.end + _DAY != after.start:
        moved.append(replace(after, start=changed.end + _DAY))
    for year in moved:
        if year.end < year.start:
            present = next(other for other in others if other.label == year.label)
            raise WrongInput(
                f"fiscal year {changed} would leave nothing of year {present}",
                next_step="Correct that year first.",
            )
    return moved


def _gap(earlier: Year, later: Year, changed: Year) -> WrongInput:
    first, last = earlier.end + _DAY, later.start - _DAY
    days = f"{first}" if first == last else f"{first} to {last}"
    step = f"start it on {first}" if changed is later else f"end it on {last}"
    return WrongInput(
        f"between fiscal year {earlier} and year {later} would be days of no year: {days}",
        next_step=f"To close the gap {step}, or move the neighbouring year with it.",
    )
