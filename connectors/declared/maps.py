"""The resource map of a package: paths, paging, field names, and the forms of amounts, kept as data.

A map is TOML (``<slug>.toml`` beside this). What it says may be put right without a release: a file given as setting
``resource_map`` is laid over it, item by item. Items that no document of the vendor confirms are marked: ``inferred``
in a section names them (``*``: all of it, the sections below included). What a file of one's own says is no longer
inferred, and ``confirmed = true`` there says so of the whole map.

An item is a dotted path, such as ``resources.lines.fields.debit``. An empty value takes an item away.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from foundation.errors import WrongInput

_MARK = "inferred"
_CORRECT = "Correct the file of setting resource_map; docs/resource-maps.md tells its form."


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who calls. ``oauth``: a person's consent; ``basic``: ``username`` and ``password``; ``headers``: fixed ones.

    Addresses and headers are templates of settings and secrets, such as ``{client_id}:{client_secret}``.
    """

    kind: Literal["oauth", "basic", "headers"]
    headers: dict[str, str] = {}
    authorize_url: str = ""
    token_url: str = ""
    scope: str = ""
    multipart: bool = False
    consent_days: int = 0
    usernames: list[str] = []
    """How a user name begins that the vendor issued for calls; others are usually a person's own log-in."""


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How pages are asked for: by number (``page``), by rows to skip (``skip``), by the address that the page before
    tells at ``next`` (a path in the document), or not at all. The end is the first page without rows."""

    kind: Literal["none", "page", "skip", "next"] = "none"
    position: str = "page"
    size_name: str = "pageSize"
    size: int = 500
    first: int = 1
    next: str = ""


class Amounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of amounts on lines: fields ``debit`` and ``credit``; one ``amount`` (``signed``: debit is positive with
    ``sign`` 1, negative with -1); or an ``amount`` with a ``side``, which is one of the words ``credit`` or debit."""

    form: Literal["sides", "signed", "flagged"] = "sides"
    sign: Literal[1, -1] = 1
    credit: tuple[str, ...] = ("C",)


class ResourceSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One list of the package.

    * ``path`` and ``query``: templates of ``{dossier}``, ``{label}``, ``{start}`` and ``{end}`` (of a fiscal year) and
      settings; ``topic`` in their place: events of the sink.
    * ``rows``: where the rows are in the document, as a path; "" for a bare list. ``unnest``: a list in each row that
      holds the rows, whose fields are then told as ``list.field``.
    * ``table``: which table it fills (see :mod:`.tables`); by default the one that it is called after.
    * ``fields``: our column to the package's field; ``a|b`` is b where a is empty, ``a.b`` a field in another.
    * ``numbers``: columns that arrive as JSON numbers; ``values``: their words in ours; ``keep``: the only words read.
    * ``constants``: columns that are the same in every row. ``optional``: read on without it where it is refused.
    """

    path: str = ""
    topic: str = ""
    query: dict[str, str] = {}
    rows: str = ""
    unnest: str = ""
    table: str = ""
    paging: Paging | None = None
    fields: dict[str, str] = {}
    numbers: list[str] = []
    values: dict[str, dict[str, str]] = {}
    keep: dict[str, list[str]] = {}
    constants: dict[str, str] = {}
    optional: bool = False


class Years(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fiscal years of a package that lists none: of twelve months, from the one that ends in the calendar year
    ``first`` on; ``end`` is month and day. They serve where the list ``fiscal_years`` is taken away."""

    first: int
    end: str = "12-31"


class Sink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a package pushes events to: names of files begin with ``prefix`` and the topic, such as
    ``comptaCompteInserted``."""

    prefix: str
    report: str = ""


class ResourceMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package's whole map. ``ask`` says what to ask of whom, where items are inferred."""

    vendor: str
    ask: str
    auth: Auth
    resources: dict[str, ResourceSection]
    paging: Paging = Paging()
    amounts: Amounts = Amounts()
    sink: Sink | None = None
    years: Years | None = None
    address_per_firm: bool = False
    confirmed: bool = False

    def of_table(self, table: str) -> dict[str, ResourceSection]:
        """The lists that fill a table, by name."""
        return {
            name: section
            for name, section in self.resources.items()
            if (section.table or name) == table and (section.path or section.topic)
        }


class Loaded(msgspec.Struct, frozen=True):
    """A map as it is used: ``inferred`` are the items that nobody confirmed yet."""

    map: ResourceMap
    inferred: tuple[str, ...]


def load(slug: str, own: str | None = None) -> Loaded:
    """The map of a package, with the file ``own`` laid over it. Raises WrongInput for a file that is no such map."""
    shipped = tomllib.loads(files("connectors.declared").joinpath(f"{slug}.toml").read_text(encoding="utf-8"))
    marked = dict.fromkeys(_marked(shipped))
    given = _read(own) if own else {}
    merged = _without_marks(_merged(shipped, given))
    try:
        found = msgspec.convert(merged, ResourceMap)
    except msgspec.ValidationError as error:
        raise WrongInput(f"the resource map is wrong: {error}", subject=own, next_step=_CORRECT) from None
    said = dict.fromkeys(_items(given))
    inferred = () if found.confirmed else tuple(item for item in marked if item not in said)
    return Loaded(found, inferred)


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise WrongInput(f"the resource map cannot be read: {reason}", subject=path, next_step=_CORRECT) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongInput(f"the resource map is not TOML: {error}", subject=path, next_step=_CORRECT) from None


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` laid over ``below``, table by table."""
    found = dict(below)
    for name, value in above.items():
        under = found.get(name)
        found[name] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return found


def _without_marks(section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_marks(value) if isinstance(value, dict) else value
        for name, value in section.items()
        if name != _MARK
    }


def _items(section: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The dotted paths of everything in a section that is no section itself; lists and texts are items."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _items(value, f"{above}{name}.")
        elif name != _MARK:
            yield f"{above}{name}"


def _marked(section: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The dotted paths of the items that are marked as inferred."""
    for name in section.get(_MARK, ()):
        if name == "*":
            yield from _items(section, above)
        elif isinstance(section[name], dict):
            yield from _items(section[name], f"{above}{name}.")
        else:
            yield f"{above}{name}"
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _marked(value, f"{above}{name}.")
