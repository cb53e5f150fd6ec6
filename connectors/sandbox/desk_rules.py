"""What differs between vendors at the desk that hands out tokens (see :mod:`connectors.sandbox.consent`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

REFUSALS = {
    "spent": (400, "invalid_grant", "The refresh token was used before"),
    "unknown": (400, "invalid_grant", "The refresh token is not known"),
    "lapsed": (400, "invalid_grant", "The refresh token lapsed at {lapsed} and it is now {now}"),
    "early": (400, "invalid_request", "The access token has not run out"),
    "too many": (400, "invalid_request", "Too many token calls today"),
    "code": (400, "invalid_grant", "The authorization code is not valid"),
}


class Refused(Exception):
    """A refused token call: status, error, description."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, error, description)
        self.status = status
        self.document = {"error": error, "error_description": description}


@dataclass(frozen=True)
class DeskRules:
    """One vendor's rules.

    * ``lifetime`` of an access token (told as text where ``lifetime_as_text``), of which the ``one_access_token`` given
      last may be the only good one; ``not_before`` is the age at which another may be asked for.
    * ``rotates_after``: at a refresh, a refresh token of that age is replaced (zero: at every use; None: never). The
      old one is still taken for ``grace``. One that was not used for ``consent_lifetime`` lapses; the answer tells so
      under the name ``consent_lifetime_told``.
    * ``basic``: the app signs in by header only; otherwise by form only.
    * ``pkce``: an S256 challenge is wanted. An empty client secret makes a public app, which sends its id alone.
    * ``scopes`` that may be asked for, one at least (empty: none is asked for); without the scope ``offline``, when
      there is one, no refresh token is given.
    * ``authorize_more``: fields that the consent page wants besides. ``redirects``: the addresses registered for the
      app, to the letter; empty stands for any http address of this computer.
    * ``client_credentials``: the app may ask in its own name. ``token_more``: further fields of every token call.
    * ``refusals`` in the vendor's own words, by the reasons of the default ones.
    """

    lifetime: timedelta = timedelta(minutes=30)
    lifetime_as_text: bool = False
    one_access_token: bool = False
    not_before: timedelta = timedelta(0)
    rotates_after: timedelta | None = timedelta(0)
    grace: timedelta = timedelta(0)
    consent_lifetime: timedelta | None = None
    consent_lifetime_told: str = ""
    code_lifetime: timedelta = timedelta(minutes=1)
    calls_per_day: int | None = None
    basic: bool = False
    pkce: bool = False
    scopes: frozenset[str] = frozenset()
    offline: str = ""
    authorize_more: Mapping[str, str] = field(default_factory=dict)
    redirects: frozenset[str] = frozenset()
    client_credentials: bool = False
    token_more: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, tuple[int, str, str]] = field(default_factory=dict)

    def refused(self, reason: str, **facts: object) -> Refused:
        """The refusal for ``reason``; ``facts`` are told in its words."""
        status, error, description = self.refusals.get(reason, REFUSALS[reason])
        return Refused(status, error, description.format(**facts))


@dataclass
class Grant:
    """One consent (or the app's own right). ``callback`` is what its way back told, such as a company's id."""

    callback: Mapping[str, str]
    refresh_token: str
    rotated_at: datetime
    used_at: datetime
    issued_at: datetime | None = None
    spent: dict[str, datetime] = field(default_factory=dict)
    access: dict[str, datetime] = field(default_factory=dict)
    withdrawn: bool = False
