"""The vendor's dates; its years follow from the day on which they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.year_ends import Year, YearEnd, month_end, years_from
from foundation.errors import ReportABug

__all__ = ["Year", "YearEnd", "month_end", "vendor_moment", "years_from"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def vendor_moment(told: str) -> datetime:
    """The moment of ``/Date(1543536000000+0000)/`` or of an ISO 8601 text, which are in UTC whatever offset is told.

    Raises ReportABug for anything else.
    """
    try:
        if told.startswith("/Date(") and told.endswith(")/"):
            digits = told[6:-2]
            sign = max(digits.rfind("+"), digits.rfind("-"))
            return _EPOCH + timedelta(milliseconds=int(digits[:sign] if sign > 0 else digits))
        moment = datetime.fromisoformat(told)
    except (ValueError, OverflowError):
        raise ReportABug(f"Xero sent {told[:60]!r} for a date") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
