"""The vendor's sign-in: rotating refresh tokens, ten-minute access tokens, and the rules around asking for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

LIFETIME = timedelta(seconds=600)
NOT_BEFORE = timedelta(seconds=570)
UNUSED_FOR = timedelta(days=30)
CODE_LIFETIME = timedelta(minutes=3)
CALLS_PER_DAY = 200

Answer = tuple[int, dict[str, str]]


@dataclass
class TokenDesk:
    """Hands out tokens for one app and user. All refusals are those of the contract; ``log`` keeps each call."""

    client_id: str
    client_secret: str
    refresh_token: str
    now: Callable[[], datetime]
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._serial = 0
        self._used: set[str] = set()
        self._codes: dict[str, tuple[str, datetime]] = {}
        self._refresh_issued = self.now()
        self._issued: datetime | None = None
        self._access = ""
        self._today: list[datetime] = []

    def give_code(self, redirect_uri: str) -> str:
        """What the consent page sends back: good once, for three minutes, for the same address."""
        self._serial += 1
        code = f"stampCODE.{self._serial:04d}"
        self._codes[code] = (redirect_uri, self.now() + CODE_LIFETIME)
        return code

    def accepts(self, access_token: str) -> bool:
        return bool(self._access) and access_token == self._access and self.now() < self._expires

    def void_access_token(self) -> None:
        """The access token is no longer taken although its time is not over."""
        self._access = ""

    def void_refresh_token(self) -> None:
        """The user withdrew the consent."""
        self._used.add(self.refresh_token)

    @property
    def _expires(self) -> datetime:
        return self._issued + LIFETIME if self._issued else self.now()

    def answer(self, content_type: str, body: bytes) -> Answer:
        """The token call. Only a form is understood."""
        if content_type.split(";")[0].strip() != "application/x-www-form-urlencoded":
            return _refuse(400, "invalid_request", "The request must be form encoded")
        form = dict(parse_qsl(body.decode()))
        self.log.append(form.get("grant_type", ""))
        now = self.now()
        self._today = [moment for moment in self._today if now - moment < timedelta(days=1)]
        if len(self._today) >= CALLS_PER_DAY:
            return _refuse(400, "invalid_request", "Too many token requests today")
        self._today.append(now)
        wanted = {
            "refresh_token": {"grant_type", "refresh_token", "client_id", "client_secret"},
            "authorization_code": {"grant_type", "code", "redirect_uri", "client_id", "client_secret"},
        }.get(form.get("grant_type", ""))
        if wanted is None:
            return _refuse(400, "unsupported_grant_type", "Unknown grant type")
        if set(form) != wanted:
            return _refuse(400, "invalid_request", f"Expected the parameters {', '.join(sorted(wanted))}")
        if (form["client_id"], form["client_secret"]) != (self.client_id, self.client_secret):
            return _refuse(401, "invalid_client", "Client authentication failed")
        refusal = self._check_code(form) if "code" in form else self._check_refresh(form["refresh_token"])
        return refusal or self._issue()

    def _check_code(self, form: dict[str, str]) -> Answer | None:
        redirect_uri, until = self._codes.pop(form["code"], ("", self.now()))
        if redirect_uri != form["redirect_uri"] or self.now() >= until:
            return _refuse(400, "invalid_grant", "The authorization code is not valid")
        return None

    def _check_refresh(self, token: str) -> Answer | None:
        now = self.now()
        if token in self._used:
            return _refuse(401, "unauthorized_client", "Old refresh token used.")
        if token != self.refresh_token:
            return _refuse(400, "invalid_grant", "Token is not allowed, because of invalid or empty chainId")
        if now - self._refresh_issued > UNUSED_FOR:
            expired = self._refresh_issued + UNUSED_FOR
            return _refuse(400, "invalid_request", f"The refresh token expired at {expired} and it is now {now}")
        if self._issued and now - self._issued < NOT_BEFORE:
            return _refuse(400, "invalid_request", "access_token not expired")
        return None

    def _issue(self) -> Answer:
        self._serial += 1
        self._used.add(self.refresh_token)
        self._issued = self._refresh_issued = self.now()
        self._access = f"stampACCESS.{self._serial:04d}"
        self.refresh_token = f"stampREFRESH.{self._serial:04d}"
        return 200, {
            "access_token": self._access,
            "token_type": "bearer",
            "expires_in": str(int(LIFETIME.total_seconds())),
            "refresh_token": self.refresh_token,
        }


def _refuse(status: int, error: str, description: str) -> Answer:
    return status, {"error": error, "error_description": description}
