"""Where the next sync of a company may go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from connectors.contract import Cursor, ExtractRequest

from .inferred import FULL_READ_EVERY
from .wire import Company

_FORM = 1


@dataclass(frozen=True)
class Standing:
    """What the last sync read.

    ``rule`` says how it was read (the first month of years, and the kind of columns). ``windows`` gives, by first day,
    a digest of what was booked in a half-year and the number of the reading that brought its lines; ``first`` and
    ``last`` bound the years. ``moment`` is from when on changes are asked for, ``seen`` those already told since.
    ``masters`` and ``ended`` are digests of the small tables and of the balances at the end of the last year.
    """

    since: str
    rule: str
    first: str
    last: str
    moment: str
    full_read_at: str
    masters: str
    ended: str
    seen: list[str] = field(default_factory=list)
    windows: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> Standing | None:
        """None for no cursor, or one that another form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, request: ExtractRequest, company: Company) -> bool:
        """Whether changes since then are enough for ``request``."""
        age = company.moment - datetime.fromisoformat(self.full_read_at)
        same = (self.since, self.rule) == (since_of(request), rule_of(company))
        return same and timedelta(0) <= age < FULL_READ_EVERY

    @property
    def readings(self) -> Mapping[date, int]:
        return {date.fromisoformat(start): int(told[1]) for start, told in self.windows.items()}

    def digest_of(self, start: date) -> str | None:
        told = self.windows.get(start.isoformat())
        return str(told[0]) if told else None


def since_of(request: ExtractRequest) -> str:
    return request.since.isoformat() if request.since else ""


def rule_of(company: Company) -> str:
    return f"{company.rule.month} {'multi' if company.multi_currency else 'single'}"
