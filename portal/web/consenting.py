"""Consent by redirect from the portal: a person goes to the package's sign-in and comes back to the same session.

What was typed, and the question that the answer must belong to, are kept in the session, sealed. Another browser has
another session, and another person as well: an answer that they bring belongs to no sign-in of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.consent import Question
from connectors.oauth import OAuthApp
from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.operations.consents import accepted, app_of
from portal.web.connecting import Draft, keep, with_consent
from portal.web.packages import permission_for
from portal.web.visitor import Visitor
from registry.store import Connection

_LASTS = timedelta(hours=1)
_AT_ONCE = 5  # sign-ins that one session may have under way, in as many windows


class NoSuchSignIn(WrongInput):
    """The answer belongs to no sign-in that this person began in this browser."""

    default_next_step = "Start again, in one browser."


@dataclass(frozen=True)
class Pending:
    """A sign-in under way."""

    draft: Draft
    question: Question


def begin(visitor: Visitor, draft: Draft) -> str:
    """Remembers the draft while its person is away; returns the state, by which the answer finds it.

    Raises WrongInput for settings that make no app at the vendor.
    """
    _app(visitor, draft)
    question = Question.new(draft.settings.get("redirect_uri") or visitor.portal.settings.consent_url)
    kept = {
        "at": visitor.portal.house.now().isoformat(),
        "redirect_uri": question.redirect_uri,
        "verifier": question.verifier.reveal(),
        "software": draft.software,
        "name": draft.name,
        "settings": dict(draft.settings),
        "secrets": {name: secret.reveal() for name, secret in draft.secrets.items()},
        "connection_id": draft.connection_id,
        "then": draft.then,
    }
    others = list(_under_way(visitor).items())[-(_AT_ONCE - 1) :]
    visitor.remember(consents={**dict(others), question.state: kept})
    return question.state


def pending(visitor: Visitor, state: str) -> Pending:
    """The sign-in of a state. Raises NoSuchSignIn for one that is over, too old, or somebody else's."""
    kept = _under_way(visitor).get(state)
    if kept is None:
        raise NoSuchSignIn("the answer does not belong to a sign-in of this session")
    draft = Draft(
        software=kept["software"],
        name=kept["name"],
        settings=kept["settings"],
        secrets={name: Secret(text) for name, text in kept["secrets"].items()},
        connection_id=kept["connection_id"],
        then=kept["then"],
    )
    visitor.need(permission_for(draft.row))
    return Pending(draft, Question(kept["redirect_uri"], state, Secret(kept["verifier"])))


def address_of(visitor: Visitor, under_way: Pending) -> str:
    """The package's page, where the person gives consent."""
    address = under_way.question.address(_app(visitor, under_way.draft))
    if urlsplit(address).scheme not in ("https", "http"):
        raise WrongInput("the address of the sign-in is no web address", next_step="Correct the settings.")
    return address


def taken(visitor: Visitor, answer: str) -> Pending:
    """The sign-in that ``answer``, the address that the browser ended at, is to; it counts once. Raises as
    :func:`pending`."""
    state = parse_qs(urlsplit(answer).query).get("state", [""])[0]
    found = pending(visitor, state)
    visitor.remember(consents={each: kept for each, kept in _under_way(visitor).items() if each != state} or None)
    return found


def was_refused(answer: str) -> bool:
    """Whether the person, or the package, said no: no code came back."""
    return "code" not in parse_qs(urlsplit(answer).query)


def finished(visitor: Visitor, under_way: Pending, answer: str) -> Connection:
    """The connection that the consent in ``answer`` makes or renews. Raises what the package told."""
    draft = under_way.draft
    if draft.connection_id is not None:
        visitor.connection(draft.connection_id)
    consent = accepted(_app(visitor, draft), under_way.question, answer, draft.settings)
    return keep(visitor, with_consent(draft, consent.settings, consent.tokens))


def _app(visitor: Visitor, draft: Draft) -> OAuthApp:
    stored = visitor.portal.registry.secrets(draft.connection_id) if draft.connection_id else {}
    return app_of(draft.row, draft.settings, {**stored, **draft.secrets})


def _under_way(visitor: Visitor) -> Mapping[str, Any]:
    """The sign-ins of the session that are not too old, by state."""
    kept: Mapping[str, Any] = visitor.remembered().get("consents") or {}
    begun = visitor.portal.house.now() - _LASTS
    return {state: each for state, each in kept.items() if datetime.fromisoformat(each["at"]) > begun}
