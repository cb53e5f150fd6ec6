"""Small charts for pages: sizes and places of what a template draws in SVG. Each tells its figures in words too.

Places are numbers of the chart's own grid, not amounts: they are rounded to a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 320, 130, 18, 18
_MOST_LABELS = 12


@dataclass(frozen=True)
class Bar:
    """One bar. ``told`` is its value as people read it; ``label`` stands below it, empty where there is no room."""

    label: str
    told: str
    x: str
    y: str
    width: str
    height: str
    middle: str
    top: str
    negative: bool


@dataclass(frozen=True)
class Chart:
    """``title`` and ``words`` are what who does not see it hears. Bars, or the points of a line."""

    name: str
    title: str
    words: str
    bars: tuple[Bar, ...] = ()
    points: str = ""
    baseline: str = str(_HEIGHT - _BOTTOM)
    width: int = _WIDTH
    height: int = _HEIGHT


@dataclass(frozen=True)
class Value:
    """A value to draw, and how people read it: in short above the bar, whole in the words."""

    label: str
    amount: Decimal
    short: str
    whole: str


def bar_chart(name: str, title: str, values: Sequence[Value], *, scale: Decimal | None = None) -> Chart | None:
    """A bar per value, from a line at zero. ``scale`` is the span of the axis, for charts that are compared.
    None without anything to draw."""
    if not any(value.amount for value in values):
        return None
    highest = max(Decimal(0), *(value.amount for value in values))
    lowest = min(Decimal(0), *(value.amount for value in values))
    room = Decimal(_HEIGHT - _TOP - _BOTTOM)
    unit = room / max(highest - lowest, scale or Decimal(0))
    zero = _TOP + room + lowest * unit
    step = Decimal(_WIDTH) / len(values)
    every = -(-len(values) // _MOST_LABELS)
    bars = []
    for place, value in enumerate(values):
        height = abs(value.amount) * unit
        top = zero - height if value.amount >= 0 else zero
        x = place * step + step / 6
        crowded = place % every != 0
        bars.append(
            Bar(
                label="" if crowded else value.label,
                told="" if len(values) > _MOST_LABELS else value.short,
                x=_place(x),
                y=_place(top),
                width=_place(step * 2 / 3),
                height=_place(height),
                middle=_place(x + step / 3),
                top=_place(top - 4),
                negative=value.amount < 0,
            )
        )
    words = "; ".join(f"{value.label}: {value.whole}" for value in values)
    return Chart(name, title, words, tuple(bars), baseline=_place(zero))


def age_chart(name: str, title: str, words: str, read: Sequence[datetime], now: datetime) -> Chart | None:
    """How old figures were at each moment from the first of ``read`` (when they were read, oldest first) until now: the
    line climbs until they are read again. None where there is nothing to compare."""
    if len(read) < 2 or now <= read[0]:
        return None
    whole = Decimal((now - read[0]).total_seconds())
    ends = [*read[1:], now]
    ages = [Decimal(max(0.0, (end - start).total_seconds())) for start, end in zip(read, ends, strict=True)]
    oldest = max(ages) or Decimal(1)
    floor, room = Decimal(_HEIGHT - _BOTTOM), Decimal(_HEIGHT - _TOP - _BOTTOM)
    points = []
    for start, end, age in zip(read, ends, ages, strict=True):
        for moment, height in ((start, Decimal(0)), (end, age)):
            x = Decimal((moment - read[0]).total_seconds()) / whole * _WIDTH
            points.append(f"{_place(x)},{_place(floor - height / oldest * room)}")
    return Chart(name, title, words, points=" ".join(points))


def _place(number: Decimal) -> str:
    return f"{number:.1f}"
