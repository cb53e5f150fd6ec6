"""The firm's audit trail: a page of it at a time, or all of it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from portal.web.visitor import Visitor
from registry.store import Deed

PAGE = 100
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("at", "who", "what", "subject", "details")


def deeds(
    visitor: Visitor, subject: str | None, before: int | None, limit: int = PAGE
) -> tuple[list[Deed], int | None]:
    """A page of the firm's deeds, the latest first, and what to give as ``before`` for the next; None at the end."""
    found = visitor.portal.registry.deeds(visitor.firm_id, subject=subject or None, before=before, limit=limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def in_words(visitor: Visitor, deed: Deed) -> str:
    """What was done, in the visitor's language."""
    return visitor.texts.get(f"deeds.{deed.what}", deed.what)


def details_in_words(visitor: Visitor, deed: Deed) -> str:
    """What is known beside it: ``was: analyst; role: support``, with roles in words."""
    texts = visitor.texts
    return "; ".join(
        f"{texts.get(f'people.detail.{name}', name)}: {texts.get(f'states.role.{text}', str(text))}"
        for name, text in deed.details.items()
    )


def as_csv(visitor: Visitor, subject: str | None) -> Iterator[bytes]:
    """All of it as CSV in UTF-8, a page at a time; moments are ISO 8601 in UTC."""
    yield _line(_COLUMNS)
    before: int | None = None
    while True:
        rows, before = deeds(visitor, subject, before, 1000)
        for deed in rows:
            yield _line(
                (
                    deed.at.isoformat(timespec="seconds"),
                    deed.who,
                    in_words(visitor, deed),
                    deed.subject or "",
                    details_in_words(visitor, deed),
                )
            )
        if before is None:
            return


def _line(cells: tuple[str, ...]) -> bytes:
    """A row; what a spreadsheet would take for a formula is marked as text."""
    text = io.StringIO()
    csv.writer(text).writerow([f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in cells])
    return text.getvalue().encode()
