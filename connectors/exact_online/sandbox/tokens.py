"""The vendor's sign-in: rotating refresh tokens, ten-minute access tokens, and the rules around asking for them."""

from __future__ import annotations

from datetime import timedelta

from connectors.sandbox.desk_rules import DeskRules

RULES = DeskRules(
    lifetime=timedelta(seconds=600),
    lifetime_as_text=True,
    one_access_token=True,
    not_before=timedelta(seconds=570),
    consent_lifetime=timedelta(days=30),
    code_lifetime=timedelta(minutes=3),
    calls_per_day=200,
    refusals={
        "spent": (401, "unauthorized_client", "Old refresh token used."),
        "unknown": (400, "invalid_grant", "Token is not allowed, because of invalid or empty chainId"),
        "lapsed": (400, "invalid_request", "The refresh token expired at {lapsed} and it is now {now}"),
        "early": (400, "invalid_request", "access_token not expired"),
    },
)
