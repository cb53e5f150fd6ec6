"""Secrets that do not print.

A :class:`Secret` shows as ``***`` in every log, traceback and ``repr``; :meth:`Secret.reveal` is the one way to its
text, easy to find with grep. :func:`redact` cleans text that others wrote (a vendor's error body, an address).
"""

from __future__ import annotations

import re

_NAMES = (
    r"access_token|refresh_token|client_secret|access_key|accesskey|password|secret|api_key|apikey"
    r"|authorization|session_id|sessionid|code|token"
)
_PAIR = re.compile(rf"(?i)([\"']?\b(?:{_NAMES})\b[\"']?\s*[=:]\s*[\"']?)(?:bearer\s+|basic\s+)?[^\s\"'&,;<>}}]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}")


class Secret:
    """A text that must not be shown. Compares by value, prints as ``***``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself; call it at the wire and nowhere else."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


def redact(text: str) -> str:
    """``text`` with the values of well-known secret parameters and bearer headers blanked out."""
    return _BEARER.sub(r"\1 ***", _PAIR.sub(r"\1***", text))
