"""Passwords: argon2 hashes, and what is asked of a new one."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from foundation.errors import WrongInput
from foundation.secrets import Secret

SHORTEST, _LONGEST = 12, 1000
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody")


def hashed(password: Secret) -> Secret:
    """The hash to keep. Raises WrongInput for a password that is too short to be one."""
    text = password.reveal()
    if not SHORTEST <= len(text) <= _LONGEST:
        raise WrongInput(
            f"a password has {SHORTEST} to {_LONGEST} characters", next_step="A few words in a row make a good one."
        )
    return Secret(_hasher.hash(text))


def is_right(password: Secret, kept: Secret | None) -> bool:
    """Whether ``password`` is the one of the hash ``kept``; takes as long where there is none."""
    try:
        return _hasher.verify(kept.reveal() if kept else _NOBODY, password.reveal()) and kept is not None
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
