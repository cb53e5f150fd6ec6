"""A vendor's sign-in for every sandbox: the consent page, and a strict desk that hands out tokens.

No sockets: a room's sandbox routes two addresses here (:meth:`TokenDesk.authorize`, :meth:`TokenDesk.token`) and asks
:meth:`TokenDesk.grant_of` who calls. What differs between vendors stands in :class:`DeskRules`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.sandbox.desk_rules import DeskRules, Grant, Refused

__all__ = ["DeskRules", "Grant", "TokenDesk"]

_DAY = timedelta(days=1)
_PAST = datetime.min.replace(tzinfo=UTC)
_CHALLENGE_LENGTH = 43


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    until: datetime
    challenge: str
    offline: bool
    callback: Mapping[str, str]


class TokenDesk:
    """Hands out tokens for one app. ``log`` keeps the grant type of each token call.

    Knobs: ``denies`` (the person says no), ``callback`` (fields of the way back from now on, which the grant keeps),
    and ``void_access_token``, ``void_refresh_token``. Every token begins with ``stamp``, so that tests find leaks.
    """

    def __init__(
        self, client_id: str, client_secret: str, now: Callable[[], datetime], rules: DeskRules | None = None
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.now = now
        self.rules = rules or DeskRules()
        self.log: list[str] = []
        self.denies = False
        self.callback: dict[str, str] = {}
        self.grants: list[Grant] = []
        self._codes: dict[str, _Code] = {}
        self._called: list[datetime] = []
        self._refresh_tokens, self._access_tokens, self._code_numbers = count(0), count(1), count(1)
        self._lock = threading.RLock()

    def grant(self) -> Grant:
        """A consent that was given before, elsewhere; its ``refresh_token`` is what people bring along."""
        now = self.now()
        self.grants.append(Grant(dict(self.callback), self._new_refresh_token(), now, now))
        return self.grants[-1]

    @property
    def refresh_token(self) -> str:
        """That of the last consent, as it stands now."""
        return self.grants[-1].refresh_token

    def grant_of(self, access_token: str) -> Grant | None:
        """The grant that a good access token belongs to."""
        with self._lock:
            return next((grant for grant in self.grants if self.now() < grant.access.get(access_token, _PAST)), None)

    def accepts(self, access_token: str) -> bool:
        return self.grant_of(access_token) is not None

    def void_access_token(self) -> None:
        """Access tokens are no longer taken although their time is not over."""
        for grant in self.grants:
            grant.access.clear()

    def void_refresh_token(self) -> None:
        """The user withdrew every consent; access tokens still live out their time."""
        for grant in self.grants:
            grant.withdrawn = True

    def authorize(self, query: str) -> tuple[int, dict[str, str], bytes]:
        """The consent page: status, headers, body. An unknown app or address of return is told the person alone;
        everything else is told on the way back."""
        asked = dict(parse_qsl(query, keep_blank_values=True))
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != self.client_id:
            return 400, {}, b"<html>Unknown app</html>"
        if not self._is_registered(redirect):
            return 400, {}, b"<html>The redirect address is not registered for this app</html>"
        with self._lock:
            error = self._refusal_of(asked)
            if error:
                answer = {"error": error[0], "error_description": error[1]}
            else:
                answer = {"code": self._give_code(redirect, asked), **self.callback}
        if "state" in asked:
            answer["state"] = asked["state"]
        return 302, {"Location": f"{redirect}{'&' if urlsplit(redirect).query else '?'}{urlencode(answer)}"}, b""

    def token(self, content_type: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The token call: status, body. Only a form with the very fields of its grant is understood."""
        with self._lock:
            try:
                status, document = 200, self._answer(content_type, headers, body)
            except Refused as refusal:
                status, document = refusal.status, refusal.document
        return status, json.dumps(document).encode()

    def _is_registered(self, redirect: str) -> bool:
        if self.rules.redirects:
            return redirect in self.rules.redirects
        parts = urlsplit(redirect)
        return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1") and not parts.fragment

    def _refusal_of(self, asked: Mapping[str, str]) -> tuple[str, str] | None:
        rules = self.rules
        missing = [name for name, value in rules.authorize_more.items() if asked.get(name) != value]
        challenge = asked.get("code_challenge", "")
        if asked.get("response_type") != "code":
            return "unsupported_response_type", "Only code is supported"
        if not asked.get("state"):
            return "invalid_request", "The state is missing"
        if missing:
            return "invalid_request", f"The parameter {missing[0]} is missing or wrong"
        if rules.scopes and not self._may_ask(asked.get("scope", "")):
            return "invalid_scope", "The scope is missing or not allowed for this app"
        if rules.pkce and (asked.get("code_challenge_method") != "S256" or len(challenge) != _CHALLENGE_LENGTH):
            return "invalid_request", "The code challenge (S256) is missing"
        return ("access_denied", "The user said no") if self.denies else None

    def _may_ask(self, scope: str) -> bool:
        return bool(scope.split()) and set(scope.split()) <= self.rules.scopes

    def _give_code(self, redirect: str, asked: Mapping[str, str]) -> str:
        code = f"stampCODE.{next(self._code_numbers):04d}"
        offline = not self.rules.offline or self.rules.offline in asked.get("scope", "").split()
        until = self.now() + self.rules.code_lifetime
        self._codes[code] = _Code(redirect, until, asked.get("code_challenge", ""), offline, dict(self.callback))
        return code

    def _answer(self, content_type: str, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
        if content_type.split(";")[0].strip() != "application/x-www-form-urlencoded":
            raise Refused(400, "invalid_request", "The request must be form encoded")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.log.append(form.get("grant_type", ""))
        self._called = [moment for moment in self._called if self.now() - moment < _DAY]
        if self.rules.calls_per_day is not None and len(self._called) >= self.rules.calls_per_day:
            raise self.rules.refused("too many")
        self._called.append(self.now())
        self._check_fields(form)
        self._check_app(form, {name.lower(): value for name, value in headers.items()})
        match form["grant_type"]:
            case "authorization_code":
                grant = self._grant_for_code(form)
            case "refresh_token":
                grant = self._grant_to_refresh(form["refresh_token"])
            case _:
                grant = Grant({}, "", self.now(), self.now())
                self.grants.append(grant)
        return self._issue(grant)

    def _check_fields(self, form: Mapping[str, str]) -> None:
        rules, kind = self.rules, form.get("grant_type", "")
        wanted = {"authorization_code": {"code", "redirect_uri"}, "refresh_token": {"refresh_token"}}.get(kind)
        if kind == "client_credentials" and rules.client_credentials:
            wanted = {"scope"} if rules.scopes else set()
        if wanted is None:
            raise Refused(400, "unsupported_grant_type", "Unknown grant type")
        wanted |= {"grant_type", *rules.token_more}
        if kind == "authorization_code" and rules.pkce:
            wanted.add("code_verifier")
        if not (rules.basic and self.client_secret):
            wanted |= {"client_id", "client_secret"} if self.client_secret else {"client_id"}
        wrong = [name for name, value in rules.token_more.items() if form.get(name) != value]
        if set(form) != wanted or wrong:
            raise Refused(400, "invalid_request", f"Expected the parameters {', '.join(sorted(wanted))}")
        if kind == "client_credentials" and rules.scopes and not self._may_ask(form["scope"]):
            raise Refused(400, "invalid_scope", "The scope is not allowed for this app")

    def _check_app(self, form: Mapping[str, str], headers: Mapping[str, str]) -> None:
        if self.rules.basic and self.client_secret:
            scheme, _, text = headers.get("authorization", "").partition(" ")
            try:
                told = base64.b64decode(text, validate=True).decode() if scheme.lower() == "basic" else ""
            except (binascii.Error, UnicodeDecodeError):
                told = ""
        else:
            told = f"{form['client_id']}:{form.get('client_secret', '')}"
        if told != f"{self.client_id}:{self.client_secret}":
            raise Refused(401, "invalid_client", "Client authentication failed")

    def _grant_for_code(self, form: Mapping[str, str]) -> Grant:
        code = self._codes.pop(form["code"], None)
        if code is None or code.redirect_uri != form["redirect_uri"] or self.now() >= code.until:
            raise self.rules.refused("code")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if self.rules.pkce and code.challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
            raise self.rules.refused("code")
        token = self._new_refresh_token() if code.offline else ""
        self.grants.append(Grant(code.callback, token, self.now(), self.now()))
        return self.grants[-1]

    def _grant_to_refresh(self, token: str) -> Grant:
        now, rules = self.now(), self.rules
        known = [grant for grant in self.grants if token and (token == grant.refresh_token or token in grant.spent)]
        if not known or known[0].withdrawn:
            raise self.rules.refused("unknown")
        grant = known[0]
        if token in grant.spent and now - grant.spent[token] >= rules.grace:
            raise self.rules.refused("spent")
        if rules.consent_lifetime and now - grant.used_at > rules.consent_lifetime:
            raise self.rules.refused("lapsed", lapsed=grant.used_at + rules.consent_lifetime, now=now)
        if grant.issued_at and now - grant.issued_at < rules.not_before:
            raise self.rules.refused("early")
        if rules.rotates_after is not None and now - grant.rotated_at >= rules.rotates_after:
            grant.spent[grant.refresh_token] = now
            grant.refresh_token, grant.rotated_at = self._new_refresh_token(), now
        return grant

    def _issue(self, grant: Grant) -> dict[str, object]:
        rules = self.rules
        grant.issued_at = grant.used_at = self.now()
        if rules.one_access_token:
            grant.access.clear()
        token = f"stampACCESS.{next(self._access_tokens):04d}"
        grant.access[token] = self.now() + rules.lifetime
        seconds = int(rules.lifetime.total_seconds())
        answer: dict[str, object] = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": str(seconds) if rules.lifetime_as_text else seconds,
        }
        if grant.refresh_token:
            answer["refresh_token"] = grant.refresh_token
            if rules.consent_lifetime and rules.consent_lifetime_told:
                answer[rules.consent_lifetime_told] = int(rules.consent_lifetime.total_seconds())
        return answer

    def _new_refresh_token(self) -> str:
        return f"stampREFRESH.{next(self._refresh_tokens):04d}"
