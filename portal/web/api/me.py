"""A person's own account over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from foundation.secrets import Secret
from portal.web import own_account
from portal.web.api.people import Role
from portal.web.permissions import PERMISSIONS, Permission
from portal.web.visitor import Viewer
from registry.store import AccessKey, User

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """The person who asks, and what their role lets them do."""

    user_id: str
    firm_id: str
    email: str
    name: str
    role: Role
    language: str | None
    permissions: list[Permission]


class OwnChange(BaseModel):
    """What to change of oneself; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    language: Literal["en", "fr", "nl"] | None = None


class NewPassword(BaseModel):
    """Another password."""

    old: SecretStr
    new: SecretStr


class Token(BaseModel):
    """A token that lets programs in; not the token itself."""

    token_id: str
    name: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime


class NewToken(BaseModel):
    """A token to make."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    days: Annotated[int, Field(ge=1, le=max(own_account.TOKEN_DAYS))] = 90


class MadeToken(BaseModel):
    """A new token, told here alone."""

    token: str


@router.get("/me")
def show_me(visitor: Viewer) -> Me:
    """Who asks."""
    return _me(visitor.user)


@router.patch("/me")
def change_me(visitor: Viewer, change: OwnChange) -> Me:
    """Changes one's own name or language."""
    return _me(own_account.change_own(visitor, name=change.name, language=change.language))


@router.put("/me/password", status_code=204)
def change_password(request: Request, visitor: Viewer, change: NewPassword) -> None:
    """Changes one's own password; every session ends. Not for tokens."""
    old, new = Secret(change.old.get_secret_value()), Secret(change.new.get_secret_value())
    own_account.change_password(visitor, request, old, new)


@router.delete("/me/sessions", status_code=204)
def end_sessions(visitor: Viewer) -> None:
    """Signs oneself out everywhere; tokens stay."""
    own_account.end_sessions(visitor)


@router.get("/tokens")
def list_tokens(visitor: Viewer) -> list[Token]:
    """One's own tokens, the newest first."""
    return [_token(key) for key in own_account.tokens(visitor)]


@router.post("/tokens", status_code=201)
def make_token(visitor: Viewer, new: NewToken) -> MadeToken:
    """Makes a token. Not for tokens: sign in for it."""
    return MadeToken(token=own_account.make_token(visitor, new.name, new.days).reveal())


@router.delete("/tokens/{token_id}", status_code=204)
def end_token(visitor: Viewer, token_id: str) -> None:
    """Ends one of one's own tokens."""
    own_account.end_token(visitor, token_id)


def _me(user: User) -> Me:
    return Me.model_validate(
        {
            "user_id": user.user_id,
            "firm_id": user.firm_id,
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "language": user.language,
            "permissions": sorted(PERMISSIONS[user.role]),
        }
    )


def _token(key: AccessKey) -> Token:
    return Token(
        token_id=own_account.token_id(key),
        name=key.name or "",
        created_at=key.created_at,
        last_used=key.seen_at,
        expires_at=key.expires_at,
    )
