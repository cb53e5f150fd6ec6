"""What people do with their own account: name, language, password, tokens; pages and API do it here."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request

from foundation.secrets import Secret
from portal.web.attempts import Tries
from portal.web.errors import NotAllowed, NotFound
from portal.web.passwords import hashed, is_right
from portal.web.problems import Problem
from portal.web.texts import LANGUAGES
from portal.web.visitor import Visitor
from registry.store import AccessKey, User

TOKEN_DAYS = (30, 90, 365)
"""How long a token may let a program in; pages offer these."""
_MOST_TOKENS = 20
_SHOWN = 16  # of the 64 characters of a hash: enough to tell a person's tokens apart


def change_own(visitor: Visitor, *, name: str | None = None, language: str | None = None) -> User:
    """Another name, or another language. Raises WrongInput for a language that the portal does not speak."""
    if language is not None and language not in LANGUAGES:
        raise Problem("me.problem.language")
    user = visitor.portal.registry.change_user(visitor.user.user_id, name=name, language=language)
    if user.name != visitor.user.name:
        visitor.note("renamed", user.user_id, was=visitor.user.name, name=user.name)
    return user


def change_password(visitor: Visitor, request: Request, old: Secret, new: Secret) -> None:
    """Another password; every session ends. Raises WrongInput where the old one is not right or the new one too
    short, and TooManyTries."""
    _in_person(visitor)
    registry = visitor.portal.registry
    tries = Tries(registry, visitor.portal.settings, request, visitor.user.email)
    tries.begin()
    found = registry.user_of_email(visitor.user.email)
    if not is_right(old, found[1] if found else None):
        raise Problem("me.problem.old_password")
    tries.good()
    registry.set_password_hash(visitor.user.user_id, hashed(new))
    visitor.note("changed_password", visitor.user.user_id)


def has_password(visitor: Visitor) -> bool:
    found = visitor.portal.registry.user_of_email(visitor.user.email)
    return found is not None and found[1] is not None


def tokens(visitor: Visitor) -> list[AccessKey]:
    """A person's own tokens, the newest first."""
    return visitor.portal.registry.keys_of(visitor.user.user_id, "token")


def token_id(key: AccessKey) -> str:
    """What a token is called where it is ended; it lets nobody in."""
    return key.key_hash[:_SHOWN]


def make_token(visitor: Visitor, name: str, days: int) -> Secret:
    """A new token, told once. It may do what its person may, for so many days. Raises NotAllowed for a program: a
    token that got into wrong hands must not outlive its end."""
    _in_person(visitor)
    if not name.strip() or not 1 <= days <= max(TOKEN_DAYS):
        raise Problem("me.problem.token", most=max(TOKEN_DAYS))
    if len(tokens(visitor)) >= _MOST_TOKENS:
        raise Problem("me.problem.many_tokens", most=_MOST_TOKENS)
    told = name.strip()[:100]
    made = visitor.portal.registry.give_key(visitor.user.user_id, "token", timedelta(days=days), told)
    visitor.note("made_token", visitor.user.user_id, name=told, days=str(days))
    return made


def end_token(visitor: Visitor, wanted: str) -> None:
    """Lets nobody in by one of the person's tokens any more. Raises NotFound where it is not theirs."""
    found = next((key for key in tokens(visitor) if token_id(key) == wanted), None)
    if found is None:
        raise NotFound(f"there is no token {wanted!r}", next_step="Look in the list: it may be over.")
    visitor.portal.registry.end_key(found.key_hash)
    visitor.note("ended_token", visitor.user.user_id, name=found.name or "")


def end_sessions(visitor: Visitor) -> None:
    """Ends every session of the person, in all browsers."""
    visitor.portal.registry.end_keys(visitor.user.user_id, "session")
    visitor.note("signed_out_everywhere", visitor.user.user_id)


def _in_person(visitor: Visitor) -> None:
    if visitor.key.use != "session":
        raise NotAllowed("a token may not do this", next_step="Sign in to the portal in a browser and do it there.")
