"""Charts keep to their frame, and tell in words what they draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portal.web.charts import Value, age_chart, bar_chart

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=4)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@given(st.lists(AMOUNTS, min_size=1, max_size=60), st.none() | st.decimals(min_value=1, max_value=10**13, places=2))
def test_bars_stay_within_the_frame_and_stand_on_the_line(amounts: list[Decimal], scale: Decimal | None) -> None:
    values = [Value(str(place), amount, "", str(amount)) for place, amount in enumerate(amounts)]
    chart = bar_chart("name", "title", values, scale=scale)
    if chart is None:
        assert not any(amounts)
        return
    line = Decimal(chart.baseline)
    assert len(chart.bars) == len(amounts)
    assert all(f"{value.label}: {value.whole}" in chart.words for value in values)
    for bar, amount in zip(chart.bars, amounts, strict=True):
        left, top = Decimal(bar.x), Decimal(bar.y)
        right, bottom = left + Decimal(bar.width), top + Decimal(bar.height)
        assert left >= 0
        assert right <= chart.width
        assert top >= 0
        assert bottom <= chart.height
        edge = top if amount < 0 else bottom
        assert abs(edge - line) <= Decimal("0.2")


def test_heights_are_as_the_amounts_are() -> None:
    chart = bar_chart("n", "t", [Value("a", Decimal(100), "", ""), Value("b", Decimal(25), "", "")])
    assert chart
    high, low = (Decimal(bar.height) for bar in chart.bars)
    assert abs(high / low - 4) < Decimal("0.1")


def test_age_climbs_until_figures_are_read_again() -> None:
    read = [NOW - timedelta(days=3), NOW - timedelta(days=2), NOW - timedelta(days=1, hours=12)]
    chart = age_chart("n", "t", "words", read, NOW)
    assert chart
    points = [tuple(map(Decimal, point.split(","))) for point in chart.points.split()]
    floor, tops = points[0][1], [points[place][1] for place in (1, 3, 5)]
    assert all(points[place][1] == floor for place in (0, 2, 4))
    assert points[0][0] == 0
    assert points[-1][0] == chart.width
    assert [round(floor - top, 1) for top in tops] == [Decimal("62.7"), Decimal("31.3"), Decimal("94.0")]
    assert age_chart("n", "t", "words", read[:1], NOW) is None
