"""The map of a package's client list, kept as data: where it is asked for, how its pages are told, what its fields are
called.

A room has its map in ``interface.toml``; a connection may name another file of the same form in its setting
``interface``, for what the vendor tells later or calls otherwise::

    [list]                    # how the list is asked for
    path = "relations"        # below base_url
    page = "page"             # query parameter of the page, counted from `first`
    first = 0
    size = "pageSize"         # query parameter of the page's size, and its largest value
    largest = 400
    rows = "results"          # where the answer holds the rows
    pages = "pageCount"       # and how many pages there are

    [headers]                 # how calls are signed, where the room leaves it open; {name}: a setting or secret
    Authorization = "Bearer {secret}"

    [fields]                  # per field of a client the names to try, in order
    name = ["name", "company.name", "addresses.kind=seat.city", "addresses.0.city"]

In a name, ``.`` leads into an object, a number into a list, and ``key=value`` to the first of a list with that value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.digests import digest_of_text
from foundation.errors import WrongInput

FIELDS = (
    "external_id",
    "code",
    "name",
    "commercial_name",
    "client_type",
    "legal_form",
    "enterprise_number",
    "vat_number",
    "street",
    "house_number",
    "box",
    "address_line_2",
    "postcode",
    "city",
    "country",
    "email",
    "phone",
    "language",
    "fiscal_year_end",
    "status",
    "ended_on",
    "responsible",
    "assistant",
    "partner",
    "client_group",
    "office",
    "dossier_code",
    "officers",
    "shareholders",
)
"""What a client may have. ``status`` and ``ended_on`` (a date) say whether it is still one."""


@dataclass(frozen=True)
class ListShape:
    """How the list is asked for, and how its pages are told."""

    path: str
    page: str
    first: int
    size: str
    largest: int
    rows: str
    pages: str


@dataclass(frozen=True)
class Interface:
    """The map. ``mark`` differs when it does."""

    shape: ListShape
    headers: Mapping[str, str]
    fields: Mapping[str, tuple[str, ...]]
    mark: str


def read_interface(usual: str, other: str | None = None) -> Interface:
    """The map in the text ``usual``, or in the file that ``other`` names. Raises WrongInput for a map that cannot be
    used, naming what is wrong with it."""
    text = usual if not other else _text(Path(other))
    try:
        found = tomllib.loads(text)
        _refuse_unknown(found)
        shape = ListShape(**found["list"])
        fields = {name: tuple(names) for name, names in found["fields"].items()}
        if not fields.get("external_id") or not isinstance(shape.largest, int) or shape.largest < 1:
            raise ValueError("it needs fields.external_id and list.largest")
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise WrongInput(
            f"the map of the interface cannot be used: {error}",
            next_step="Compare it with the one of the package's room (interface.toml).",
        ) from None
    return Interface(shape, found.get("headers", {}), fields, digest_of_text(text))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise WrongInput(
            f"the map {path} cannot be read: {reason}", next_step="Correct the setting resource_map."
        ) from None


def _refuse_unknown(found: Mapping[str, Any]) -> None:
    parts = set(found) - {"list", "headers", "fields"}
    fields = set(found.get("fields", {})) - set(FIELDS)
    if parts or fields:
        raise ValueError(f"nothing is known of {', '.join(sorted(parts | fields))}")
    if any(isinstance(names, str) for names in found.get("fields", {}).values()):
        raise ValueError("the names of a field stand in a list")
