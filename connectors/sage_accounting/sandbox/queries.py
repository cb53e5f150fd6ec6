"""The vendor's lists: which parameters a path knows, filters, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from .tables import Row

_PAGING = frozenset({"items_per_page", "page", "attributes"})
LARGEST_PAGE, USUAL_PAGE = 200, 20
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PARAMETERS: Mapping[str, frozenset[str]] = {
    "/businesses": frozenset(),
    "/user": frozenset(),
    "/financial_settings": frozenset(),
    "/trial_balance": frozenset({"from_date", "to_date"}),
    "/ledger_accounts": _PAGING
    | {"updated_or_created_since", "ledger_account_type_id", "show_included_in_chart", "search", "visible_in"},
    "/ledger_entries": _PAGING
    | {"from_date", "to_date", "ledger_account_id", "transaction_id", "transaction_type_id", "journal_code_id"}
    | {"updated_or_created_since"},
    "/transactions": _PAGING
    | {"from_date", "to_date", "updated_or_created_since", "updated_from_date", "updated_to_date"}
    | {"transaction_type_id", "has_attachments"},
    "/contacts": _PAGING
    | {"updated_or_created_since", "deleted_since", "contact_type_id", "show_balance", "exclude_system", "search"}
    | {"email", "nested_attributes"},
    "/journal_codes": _PAGING,
}


class Refused(Exception):
    """The call is not one that the vendor understands (422)."""


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for."""

    page: int
    size: int
    whole: bool
    since: str
    first: date
    last: date

    @classmethod
    def of(cls, path: str, query: Mapping[str, str]) -> Wanted:
        """Raises Refused for what the vendor does not know or cannot read."""
        unknown = set(query) - PARAMETERS[path]
        if unknown:
            raise Refused(f"Unknown parameter {min(unknown)}")
        if query.get("attributes", "all") != "all":
            raise Refused("attributes: only all is understood here")
        size = _whole(query, "items_per_page", USUAL_PAGE)
        if size > LARGEST_PAGE:
            raise Refused("items_per_page must be less than or equal to 200")
        return cls(
            page=_whole(query, "page", 1),
            size=size,
            whole="attributes" in query,
            since=_moment(query.get("updated_or_created_since", "")),
            first=day_of(query.get("from_date", "0001-01-01")),
            last=day_of(query.get("to_date", "9999-12-31")),
        )


def answer(
    path: str,
    wanted: Wanted,
    query: Mapping[str, str],
    found: Sequence[Any],
    render: Callable[[Any], Row],
    *,
    tell_next: bool = True,
) -> Row:
    """One page of ``found``; a page beyond the end is the last one again."""
    pages = max(1, -(-len(found) // wanted.size))
    page = min(wanted.page, pages)
    rows = [render(each) for each in found[(page - 1) * wanted.size : page * wanted.size]]
    if not wanted.whole:
        rows = [{name: row[name] for name in ("id", "displayed_as", "$path")} for row in rows]

    def address(number: int) -> str | None:
        if not tell_next or not 1 <= number <= pages:
            return None
        return f"{path}?{urlencode({**query, 'page': str(number)}, quote_via=quote)}"

    return {
        "$total": len(found),
        "$page": page,
        "$next": address(page + 1),
        "$back": address(page - 1),
        "$itemsPerPage": wanted.size,
        "$items": rows,
    }


def day_of(text: str) -> date:
    """A day as the vendor's parameters have it. Raises Refused for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is not a valid date") from None


def _whole(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise Refused(f"{name} must be greater than or equal to 1")
    return int(text)


def _moment(text: str) -> str:
    if text and not _MOMENT.fullmatch(text):
        raise Refused(f"{text} is not a valid date-time")
    return text
