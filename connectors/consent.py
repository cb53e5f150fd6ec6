"""How a person gives consent: the address of the vendor's page, and what is made of the address that comes back.

A :class:`Question` is what must be remembered while the person is away; a command keeps it in memory, a web page in
the person's session. The answer belongs to it only when it brings the ``state`` back unchanged; and where the app uses
PKCE, the code is worth nothing without the ``verifier``, which never left this computer.
"""

from __future__ import annotations

import base64
import hashlib
import secrets as randomness
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.http import HttpClient
from connectors.oauth import OAuthApp, refusal_of, request_token, token_fields
from foundation.errors import SignInAgain, WrongInput
from foundation.secrets import Secret


@dataclass(frozen=True)
class Question:
    """A sign-in under way, that returns to ``redirect_uri``. ``state`` and ``verifier`` cannot be guessed."""

    redirect_uri: str
    state: str
    verifier: Secret

    @classmethod
    def new(cls, redirect_uri: str) -> Question:
        return cls(redirect_uri, randomness.token_urlsafe(24), Secret(randomness.token_urlsafe(48)))

    def address(self, app: OAuthApp) -> str:
        """Where the person gives consent."""
        fields = {
            "client_id": app.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "state": self.state,
            **({"scope": app.scope} if app.scope else {}),
            **({"code_challenge": self._challenge, "code_challenge_method": "S256"} if app.pkce else {}),
            **app.authorize_more,
        }
        return f"{app.authorize_url}{'&' if '?' in app.authorize_url else '?'}{urlencode(fields)}"

    def answered(self, address: str) -> dict[str, str]:
        """The query fields of the address that the browser ended at, ``code`` among them. Raises SignInAgain when
        there is none, or when it answers another question than this."""
        fields = dict(parse_qsl(urlsplit(address).query))
        if fields.get("state") != self.state:
            raise SignInAgain("the answer does not belong to this sign-in", next_step="Start again, in one browser.")
        if not fields.get("code"):
            told = fields.get("error_description") or fields.get("reason") or fields.get("error")
            raise SignInAgain(
                f"consent was not given ({(told or 'no code came back')[:300]})",
                next_step="Start again and give consent.",
            )
        return fields

    @property
    def _challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.reveal().encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Consent:
    """What a consent gave: the ``tokens`` that a TokenStore keeps, and ``settings`` of the connection."""

    tokens: Mapping[str, Secret]
    settings: Mapping[str, str]


def accept(
    app: OAuthApp,
    client: HttpClient,
    question: Question,
    address: str,
    settings: Mapping[str, str],
    *,
    now: Callable[[], datetime],
) -> Consent:
    """The consent that ``address``, where the browser ended at, answers ``question`` with.

    Raises SignInAgain when consent was refused, when the answer is not one to this question or lacks a setting, and
    when the vendor does not take its code; and WrongInput when it is a consent for something else than ``settings``
    (those of the connection) name, such as another company.
    """
    fields = question.answered(address)
    missing = [name for name in app.callback_settings if not fields.get(name)]
    if missing:
        raise SignInAgain(f"{app.vendor} came back without {', '.join(missing)}", next_step="Start the sign-in again.")
    brought = {setting: fields[name] for name, setting in app.callback_settings.items()}
    for name, value in brought.items():
        if settings.get(name, value) != value:
            raise WrongInput(
                f"the consent is for {name} {value}, and the connection is that of {settings[name]}",
                next_step="Sign in again and choose that one; another one gets a connection of its own.",
            )
    form = {"grant_type": "authorization_code", "code": fields["code"], "redirect_uri": question.redirect_uri}
    if app.pkce:
        form["code_verifier"] = question.verifier.reveal()
    reply = request_token(app, client, form)
    if reply.status >= 300:
        raise SignInAgain(f"{app.vendor} does not accept the consent ({refusal_of(reply)})")
    tokens = token_fields(app, reply, now())
    return Consent({name: Secret(value) for name, value in tokens.items()}, brought)
