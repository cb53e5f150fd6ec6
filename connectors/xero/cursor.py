"""Where the next sync of an organisation may go on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from connectors.contract import Cursor, ExtractRequest

from .inferred import FULL_READ_EVERY
from .wire import Organisation

_FORM = 1


@dataclass(frozen=True)
class Standing:
    """What the last sync read.

    ``rule`` is the day on which years end, ``masters`` a digest of the small tables. Of lines: ``progress`` is that of
    the journals, ``contacts`` the moment from which contacts may have changed, ``compared`` whether there are balances
    to compare with, ``revalued`` how many of them value foreign balances anew. Of totals: ``balances`` are digests by
    day, ``years`` the span that they tell, ``full_read_at`` when those of all months were read.
    """

    mode: Literal["lines", "totals"]
    since: str
    rule: str
    masters: str
    contacts: str = ""
    progress: dict[str, Any] = field(default_factory=dict)
    balances: dict[str, str] = field(default_factory=dict)
    years: str = ""
    full_read_at: str = ""
    compared: bool = True
    revalued: int = 0

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> Standing | None:
        """None for no cursor, or one that an other form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, mode: str, request: ExtractRequest, organisation: Organisation) -> bool:
        """Whether changes since then are enough for ``request``."""
        asked = (mode, since_of(request), rule_of(organisation))
        return asked == (self.mode, self.since, self.rule)

    def is_old(self, now: datetime) -> bool:
        return now - datetime.fromisoformat(self.full_read_at) >= FULL_READ_EVERY


def since_of(request: ExtractRequest) -> str:
    return request.since.isoformat() if request.since else ""


def rule_of(organisation: Organisation) -> str:
    return f"{organisation.year_end.month}-{organisation.year_end.day}"
