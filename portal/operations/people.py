"""Inviting people: the address at which somebody chooses a password, once."""

from __future__ import annotations

from datetime import timedelta

from registry.store import Registry, User

INVITATION_VALID = timedelta(days=7)


def invitation_address(registry: Registry, user: User, portal_url: str) -> str:
    """The address at which ``user`` chooses a password: a secret, told to whoever sends it. Ones before it are void."""
    registry.end_keys(user.user_id, "invitation")
    key = registry.give_key(user.user_id, "invitation", INVITATION_VALID)
    return f"{portal_url.rstrip('/')}/invitation/{key.reveal()}"
