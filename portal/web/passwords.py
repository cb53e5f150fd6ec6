"""Passwords: argon2 hashes, and what is asked of a new one."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from foundation.secrets import Secret
from portal.web.problems import Problem

SHORTEST, _LONGEST = 12, 1000
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody")


def hashed(password: Secret) -> Secret:
    """The hash to keep. Raises WrongInput for a password of less than 12 characters, or of more than 1000."""
    text = password.reveal()
    if not SHORTEST <= len(text) <= _LONGEST:
        raise Problem("signing_in.too_short")
    return Secret(_hasher.hash(text))


def new_password(password: str, again: str) -> Secret:
    """A password that somebody typed twice. Raises WrongInput where the two differ."""
    if password != again:
        raise Problem("signing_in.differ")
    return Secret(password)


def is_right(password: Secret, kept: Secret | None) -> bool:
    """Whether ``password`` is the one of the hash ``kept``; takes as long where there is none."""
    try:
        return _hasher.verify(kept.reveal() if kept else _NOBODY, password.reveal()) and kept is not None
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
