"""What every route of the API may answer beside what it was asked for, and how a program says who it is."""

from __future__ import annotations

from typing import Any

from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

by_token = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of your own, made at /me. It may do what your role may, in your firm.",
)
"""The dependency that declares it; who asks is found out by :func:`portal.web.visitor.visitor_of`."""


class Error(BaseModel):
    """What went wrong."""

    kind: str = Field(description="What kind of trouble it is; the same words for the same kind.")
    cause: str = Field(description="What went wrong, in English.")
    next_step: str = Field(description="What to do about it.")


class Trouble(BaseModel):
    """The answer to a call that did not do what it was to do."""

    error: Error


TROUBLE: dict[int | str, dict[str, Any]] = {
    status: {"model": Trouble, "description": words}
    for status, words in {
        400: "The call cannot be read.",
        401: "Nobody is signed in: the token is missing, over or ended.",
        403: "The person's role does not let them, or the call does not come from a page of the portal.",
        404: "There is no such thing, or it is another firm's.",
        409: "It cannot be done as things stand: a sign-in is over, the books do not pass a check.",
        422: "What was given is not complete, not known or not allowed.",
        429: "Passwords were tried too fast.",
        502: "The package does not answer.",
        503: "Wait: a budget is used up, or what is asked for is in use.",
    }.items()
}
"""The answers of trouble, for the description of every route."""
