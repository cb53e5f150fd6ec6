"""A strict OpenID provider on a socket: what it does not know it refuses, and its knobs make it lie.

Written from OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749 and RFC 7636. Whoever comes is ``account``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Answer, Request, Vendor, json_answer

_ASKED = {
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
}
_TOKEN = {"grant_type", "code", "redirect_uri", "code_verifier"}


@dataclass
class Lies:
    """How it deviates from what it should say."""

    claims: dict[str, Any] = field(default_factory=dict)
    """Put over those of the ID token; None leaves one out."""
    alg: str = "RS256"
    """``none``: not signed; ``HS256``: signed with the client's secret; ``other``: with a key of nobody."""
    issuer: str | None = None
    """Another issuer in its description."""
    userinfo_subject: str | None = None
    """Whose data it tells beside the ID token."""


class IdentityProvider(Vendor):
    """The provider, with one client."""

    def __init__(self, redirect_uri: str) -> None:
        super().__init__()
        self.client_id, self.client_secret = "portal", "the-client's+secret/" + secrets.token_hex(8)
        self.redirect_uri = redirect_uri
        self.lies = Lies()
        self.account: dict[str, Any] = {"sub": "subject-1"}
        self.calls: list[str] = []
        self._key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.calls.append(f"{request.method} {request.path}")
            match request.method, request.path:
                case "GET", "/.well-known/openid-configuration":
                    return json_answer(200, self._description())
                case "GET", "/keys":
                    unusable = {"kty": "XYZ", "kid": "of-another-kind"}
                    return json_answer(200, {"keys": [unusable, self._key.as_dict(private=False)]})
                case "GET", "/authorize":
                    return self._authorize(request)
                case "POST", "/token":
                    return self._token(request)
                case "GET", "/userinfo":
                    if request.headers.get("authorization") != "Bearer access":
                        return json_answer(401, {"error": "invalid_token"})
                    return json_answer(200, {**self.account, "sub": self.lies.userinfo_subject or self.account["sub"]})
            return json_answer(404, {"error": "not_found"})

    def _description(self) -> dict[str, Any]:
        return {
            "issuer": self.lies.issuer or self.base_url,
            "authorization_endpoint": f"{self.base_url}/authorize",
            "token_endpoint": f"{self.base_url}/token",
            "jwks_uri": f"{self.base_url}/keys",
            "userinfo_endpoint": f"{self.base_url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, request: Request) -> Answer:
        asked = request.query
        fine = (
            asked.keys() == _ASKED
            and asked["client_id"] == self.client_id
            and asked["redirect_uri"] == self.redirect_uri
            and asked["response_type"] == "code"
            and asked["code_challenge_method"] == "S256"
            and "openid" in asked["scope"].split()
            and all(len(asked[name]) >= 22 for name in ("state", "nonce", "code_challenge"))
        )
        if not fine:
            return json_answer(400, {"error": "invalid_request"})
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.base_url})
        return Answer(302, headers={"Location": f"{self.redirect_uri}?{back}"})

    def _token(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return json_answer(401, {"error": "invalid_client"})
        asked = self._codes.pop(form.get("code", ""), None)  # a code works once
        if asked is None or form.keys() != _TOKEN or form["redirect_uri"] != self.redirect_uri:
            return json_answer(400, {"error": "invalid_grant"})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return json_answer(400, {"error": "invalid_grant"})
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": self._signed(asked)}
        return json_answer(200, answer)

    def _signed(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        right = {"iss": self.base_url, "aud": self.client_id, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        told = {**right, **self.account, **self.lies.claims}
        claims = {name: value for name, value in told.items() if value is not None}
        match self.lies.alg:
            case "none":
                header, body = (
                    base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
                    for text in ('{"alg":"none"}', json.dumps(claims))
                )
                return f"{header}.{body}."
            case "HS256":
                return jwt.encode({"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(self.client_secret))
            case "other":
                return jwt.encode({"alg": "RS256", "kid": "first"}, claims, RSAKey.generate_key(2048))
            case alg:
                return jwt.encode({"alg": alg, "kid": "first"}, claims, self._key)


@contextmanager
def identity_provider(redirect_uri: str) -> Iterator[IdentityProvider]:
    """A provider that is served, and knows the portal by where it sends people back to."""
    provider = IdentityProvider(redirect_uri)
    with serve(provider):
        yield provider
