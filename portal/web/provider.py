"""Who somebody is, as an identity provider says: OpenID Connect with the authorization code flow, PKCE and a nonce.

What stands in the provider's ID token counts only if it is signed by one of its own keys, for this portal, for this
very question, and not too old (OpenID Connect Core 1.0, 3.1.3.7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connectors.addresses import is_this_machine
from foundation.errors import GrandlivreError, Wait
from portal.web.provider_settings import ProviderSettings

_SCOPE = "openid email profile"
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_SECONDS, _LEEWAY = 10, 60
_KNOWN_FOR = timedelta(minutes=10)
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderDown(Wait):
    """The identity provider does not answer, or not as one."""

    kind = "provider_down"


class NotProved(GrandlivreError):
    """The provider's answer does not prove who somebody is."""

    kind = "not_proved"
    default_next_step = "Start the sign-in again."


@dataclass(frozen=True)
class Identity:
    """Somebody whom the provider knows as ``subject``; ``email`` only where it has verified the address."""

    issuer: str
    subject: str
    email: str | None


@dataclass(frozen=True)
class Question:
    """One sign-in. All that it is recognised by comes from a secret that stays in the browser's cookie."""

    secret: str

    @classmethod
    def new(cls) -> Question:
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        return self._part("state")

    @property
    def nonce(self) -> str:
        return self._part("nonce")

    @property
    def verifier(self) -> str:
        return self._part("verifier")

    def _part(self, name: str) -> str:
        made = hmac.new(self.secret.encode(), name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


class Provider:
    """The identity provider of ``settings``, which sends people back to ``back_url``."""

    def __init__(self, settings: ProviderSettings, back_url: str, now: Callable[[], datetime]) -> None:
        self._settings, self._back_url, self._now = settings, back_url, now
        self._lock = threading.Lock()
        self._known: tuple[datetime, Mapping[str, Any]] | None = None

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    def address(self, question: Question) -> str:
        """The address of the provider's sign-in page for a question. Raises ProviderDown."""
        metadata = self._metadata()
        with self._session(metadata) as session:
            address, _ = session.create_authorization_url(
                metadata["authorization_endpoint"],
                state=question.state,
                code_verifier=question.verifier,
                nonce=question.nonce,
            )
        return str(address)

    def identity(self, question: Question, code: str) -> Identity:
        """Who came back with ``code``. Raises NotProved for an answer that proves nothing, and ProviderDown."""
        metadata = self._metadata()
        try:
            with self._session(metadata) as session:
                token = session.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=question.verifier,
                    timeout=_SECONDS,
                    allow_redirects=False,
                )
                claims = self._claims(metadata, token, question)
                if "email" not in claims and "userinfo_endpoint" in metadata:
                    claims = {**self._more(session, metadata, claims["sub"]), **claims}
        except (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, requests.RequestException):
                raise _down() from None
            raise NotProved(f"the identity provider's answer is not valid ({type(error).__name__})") from None
        except requests.RequestException:
            raise _down() from None
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(self.issuer, str(claims["sub"]), str(email).lower() if email else None)

    def _claims(self, metadata: Mapping[str, Any], token: Mapping[str, Any], question: Question) -> dict[str, Any]:
        found = jwt.decode(token["id_token"], self._keys(metadata), algorithms=_ALGORITHMS)
        options: Any = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
            "sub": {"essential": True},
        }
        asked = {
            "nonce": question.nonce,
            "client_id": self._settings.client_id,
            "access_token": token.get("access_token"),
        }
        claims = CodeIDToken(found.claims, found.header, options, asked)
        claims.validate(now=int(self._now().timestamp()), leeway=_LEEWAY)
        return dict(claims)

    def _more(self, session: Any, metadata: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """What the provider tells beside the ID token; nothing, where it is about somebody else."""
        told = session.get(metadata["userinfo_endpoint"], timeout=_SECONDS, allow_redirects=False)
        more = told.json() if told.ok else {}
        return dict(more) if more.get("sub") == subject else {}

    def _keys(self, metadata: Mapping[str, Any]) -> KeySet:
        keys = _asked(metadata["jwks_uri"])["keys"]
        usable = [key for key in keys if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"]
        return KeySet.import_key_set({"keys": usable})

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            if self._known is None or self._now() - self._known[0] > _KNOWN_FOR:
                found = _asked(get_well_known_url(self.issuer, external=True))
                if found.get("issuer") != self.issuer or not all(_safe(found.get(name)) for name in _ENDPOINTS):
                    raise ProviderDown(
                        "the identity provider describes itself as another one, or without encryption",
                        next_step="The operator should compare GRANDLIVRE_OIDC_ISSUER with what the provider tells.",
                    )
                self._known = self._now(), found
            return self._known[1]

    @contextmanager
    def _session(self, metadata: Mapping[str, Any]) -> Iterator[Any]:
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        session: Any = OAuth2Session(  # Any: its types do not tell that it is a session of requests
            self._settings.client_id,
            self._settings.client_secret.reveal(),
            token_endpoint_auth_method="client_secret_basic" if "client_secret_basic" in ways else "client_secret_post",
            scope=_SCOPE,
            redirect_uri=self._back_url,
            code_challenge_method="S256",
            leeway=0,  # the token is used at once, however short it lives
        )
        with closing(session):
            yield session


def _asked(address: str) -> dict[str, Any]:
    try:
        reply = requests.get(address, timeout=_SECONDS, allow_redirects=False)
        found = reply.json() if reply.status_code == 200 else None
    except (requests.RequestException, ValueError):
        found = None
    if not isinstance(found, dict):
        raise _down()
    return found


def _safe(address: object) -> bool:
    target = urlsplit(str(address))
    return target.scheme == "https" or (target.scheme == "http" and is_this_machine(target.hostname or ""))


def _down() -> ProviderDown:
    return ProviderDown("the identity provider does not answer", next_step="Try again, or sign in with a password.")
