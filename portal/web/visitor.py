"""Who asks: a person with a session in a browser, or a program with a token of theirs; and what they may see.

Every route but those of signing in declares the permission that it needs with :func:`needs`; a test holds that. What
belongs to another firm does not exist: :meth:`Visitor.connection` and its like answer for both alike.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from portal.web.errors import NotAllowed, NotFound
from portal.web.formats import Formats
from portal.web.permissions import PERMISSIONS, Permission, roles_with
from portal.web.portal import Portal, portal_of
from portal.web.texts import LANGUAGES, Texts, language_of
from registry.store import AccessKey, Agent, Connection, Link, User

LANGUAGE_COOKIE = "grandlivre_language"


class SignInFirst(Exception):
    """Nobody is signed in. A page leads to the sign-in and back, the API answers 401."""


@dataclass(frozen=True)
class Visitor:
    """A person who is signed in."""

    portal: Portal
    user: User
    key: AccessKey
    csrf: str
    texts: Texts

    @property
    def firm_id(self) -> str:
        return self.user.firm_id

    @property
    def formats(self) -> Formats:
        return Formats(self.texts.language)

    def may(self, permission: str) -> bool:
        return permission in PERMISSIONS[self.user.role]

    def need(self, permission: Permission) -> None:
        """Raises NotAllowed, which tells whom to ask, for what the person's role may not do."""
        if not self.may(permission):
            raise NotAllowed(
                f"{self.user.name} may not {permission}",
                next_step=f"Ask {' or '.join(roles_with(permission))} of the firm.",
            )

    def link(self, dossier_id: str) -> Link:
        """The firm's dossier. Raises NotFound for any other."""
        found = self.portal.registry.find_link(dossier_id)
        return self._ours(found, found and found.firm_id, dossier_id)

    def connection(self, connection_id: str) -> Connection:
        """The firm's connection. Raises NotFound for any other."""
        found = self.portal.registry.find_connection(connection_id)
        return self._ours(found, found and found.firm_id, connection_id)

    def agent(self, agent_id: str) -> Agent:
        """The firm's on-premise service. Raises NotFound for any other."""
        found = {each.agent_id: each for each in self.portal.registry.agents()}.get(agent_id)
        return self._ours(found, found and found.firm_id, agent_id)

    def person(self, user_id: str) -> User:
        """One of the firm's people. Raises NotFound for anybody else."""
        found = {each.user_id: each for each in self.portal.registry.users(self.firm_id)}.get(user_id)
        return self._ours(found, self.firm_id, user_id)

    def note(self, what: str, subject: str | None = None, **details: str) -> None:
        """Puts a deed of the person in the audit trail; ``what`` is a key of texts ``deeds``."""
        self.portal.registry.note_deed(self.user, what, subject, details)

    def remember(self, **notes: Any) -> None:
        """Keeps these notes between pages of the session, beside those that are there; None takes one away."""
        kept = {**self.portal.registry.notes(self.key.key_hash), **notes}
        self.portal.registry.keep_notes(self.key.key_hash, {k: v for k, v in kept.items() if v is not None})

    def remembered(self) -> Mapping[str, Any]:
        return self.portal.registry.notes(self.key.key_hash)

    def _ours(self, found: Any, firm_id: str | None, name: str) -> Any:
        if found is None or firm_id != self.firm_id:
            raise NotFound(f"there is no {name!r}", next_step="Look in the lists: it may have moved.")
        return found


def visitor_of(request: Request, portal: Annotated[Portal, Depends(portal_of)]) -> Visitor:
    """Who asks. Raises SignInFirst for nobody."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        key = portal.registry.key(token.strip(), "token")
        csrf = ""
    else:
        key = session_of(request, portal)
        csrf = csrf_of(request.cookies.get(portal.settings.session_cookie, ""))
    if key is None:
        raise SignInFirst
    return Visitor(portal, key.user, key, csrf, Texts(language_for(request, key.user.language)))


def session_of(request: Request, portal: Portal) -> AccessKey | None:
    """The session of the browser that asks; None where nobody is signed in there, or was away for too long."""
    text = request.cookies.get(portal.settings.session_cookie, "")
    return portal.registry.key(text, "session", idle=portal.settings.idle) if text else None


def language_for(request: Request, own: str | None = None) -> str:
    """The language to answer in: the person's own, the one chosen in this browser, or the one that it asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return own or (chosen if chosen in LANGUAGES else language_of(request.headers.get("Accept-Language", "")))


def csrf_of(secret: str) -> str:
    """What a form must bring back, made of a cookie that other sites cannot read."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def needs(permission: Permission) -> Callable[..., Visitor]:
    """The dependency of a route that only people with ``permission`` may call; it gives the visitor."""

    def allowed(visitor: Annotated[Visitor, Depends(visitor_of)]) -> Visitor:
        visitor.need(permission)
        return visitor

    allowed.permission = permission  # type: ignore[attr-defined] - what the test of all routes looks for
    return allowed


Viewer = Annotated[Visitor, Depends(needs(Permission.view))]
Refresher = Annotated[Visitor, Depends(needs(Permission.refresh))]
Linker = Annotated[Visitor, Depends(needs(Permission.link))]
Mapper = Annotated[Visitor, Depends(needs(Permission.map))]
Corrector = Annotated[Visitor, Depends(needs(Permission.correct))]
SetUp = Annotated[Visitor, Depends(needs(Permission.set_up))]
Connecter = Annotated[Visitor, Depends(needs(Permission.connect))]
Manager = Annotated[Visitor, Depends(needs(Permission.manage))]
