"""Errors in people's words: what happened, why, who can fix it, and the button that does.

The words stand in texts/<language>/errors.toml, one table per kind of the tree in :mod:`foundation.errors`. What the
package or the flow said itself is kept beside it as a detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from foundation.errors import GrandlivreError, RateLimited
from foundation.secrets import redact
from portal.web.formats import Formats
from portal.web.texts import Texts

STATUS = {
    "wrong_input": 422,
    "needs_login": 409,
    "no_access": 409,
    "rate_limited": 503,
    "vendor_down": 502,
    "busy": 503,
    "wait": 503,
    "agent_offline": 503,
    "bad_data": 409,
    "bad_file": 409,
    "empty": 409,
    "checks_failed": 409,
    "bug": 500,
    "error": 500,
    "not_found": 404,
    "not_allowed": 403,
    "not_proved": 403,
    "too_many_tries": 429,
    "provider_down": 503,
}
"""How an error of each kind is answered over HTTP."""
_BUTTONS = {
    "needs_login": "reconnect",
    "rate_limited": "wait",
    "vendor_down": "refresh",
    "busy": "refresh",
    "wait": "refresh",
    "agent_offline": "service",
    "empty": "accept_empty",
    "checks_failed": "trust",
    "bad_data": "trust",
    "crashed": "refresh",
    "interrupted": "refresh",
}


@dataclass(frozen=True)
class Told:
    """An error in one language. ``who`` can fix it; ``button`` names what does (see texts errors.button), None where
    nothing here does; ``detail`` is what was said at the source, in English."""

    kind: str
    what: str
    why: str
    who: str
    button: str | None
    detail: str
    resume_at: datetime | None = None


class NotFound(GrandlivreError):
    """There is no such thing, or it is another firm's: the answer is the same."""

    kind = "not_found"


class NotAllowed(GrandlivreError):
    """The person's role does not let them."""

    kind = "not_allowed"


def told(error: GrandlivreError, texts: Texts) -> Told:
    """An error that was met just now."""
    resume_at = error.resume_at if isinstance(error, RateLimited) else None
    return told_kind(error.kind, str(error), texts, resume_at=resume_at)


def told_kind(kind: str | None, detail: str | None, texts: Texts, *, resume_at: datetime | None = None) -> Told:
    """An error of a sync that was recorded: its kind, and its message."""
    known = kind if kind and texts.has(f"errors.{kind}.what") else "error"
    until = Formats(texts.language).moment(resume_at) or texts("errors.later")
    return Told(
        kind=known,
        what=texts(f"errors.{known}.what"),
        why=texts(f"errors.{known}.why", until=until),
        who=texts(f"errors.{known}.who"),
        button=_BUTTONS.get(known),
        detail=redact(detail or ""),
        resume_at=resume_at,
    )
