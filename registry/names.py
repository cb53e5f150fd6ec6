"""Names that travel: ids of ``[a-z0-9_-]`` made from what people type, and what they may have meant.

An id ends up in file names, partition keys, addresses and on command lines, so it is plain everywhere.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import chain, count

from foundation.errors import WrongInput

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")
RESERVED = ("new",)
"""Words that stand in addresses where ids do."""
# Letters that no decomposition takes apart.
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def slug(text: str, *, longest: int = 60) -> str:
    """``text`` in ``[a-z0-9-]``: accents off, everything else a single dash. Empty when nothing readable is left.

    ``slug("Bakkerij Janssens & Zoon")`` is ``bakkerij-janssens-zoon``; applied again it changes nothing.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LETTERS)
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:longest].rstrip("-")


@lru_cache(1 << 16)
def plain(text: str) -> str:
    """``text`` without accents and case: what people type when they search. Databases ask it of every name of a list,
    so what it said is kept."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def require_id(text: str, what: str) -> str:
    """``text`` when it may be an id. Raises WrongInput, with a form that may, otherwise."""
    if _ID.fullmatch(text):
        return text
    better = slug(text)
    raise WrongInput(
        f"{text!r} cannot be {what}: only a-z, 0-9, - and _ may be used, the first a letter or digit, 120 at most",
        next_step=f"Use for instance {better}." if better else "Choose a name with letters or digits.",
    )


def first_free(wanted: str, taken: Collection[str]) -> str:
    """``wanted``, or ``wanted-2``, ``wanted-3`` and so on: the first that is not ``taken``."""
    return next(name for name in chain([wanted], (f"{wanted}-{n}" for n in count(2))) if name not in taken)


def did_you_mean(typed: str, known: Mapping[str, str]) -> str:
    """``; did you mean A or B`` for the ids that look or are named like ``typed``, or an empty text.

    ``known`` gives for each id what people call it.
    """
    wanted = slug(typed) or typed
    called = {identity: slug(name) for identity, name in known.items()}
    inside = [identity for identity, name in called.items() if wanted in identity or wanted in name]
    close = difflib.get_close_matches(typed, known, n=3)
    names = difflib.get_close_matches(wanted, called.values(), n=3)
    alike = [identity for identity, name in called.items() if name in names]
    found = list(dict.fromkeys([*sorted(inside, key=len), *close, *alike]))[:3]
    return f"; did you mean {' or '.join(found)}" if found else ""
