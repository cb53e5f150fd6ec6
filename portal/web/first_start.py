"""The first start: an address, told where the portal is started, at which its first administrator is made."""

from __future__ import annotations

import hmac
import secrets
import threading

from foundation.secrets import Secret
from portal.web.passwords import hashed
from registry.store import Registry, User


class FirstStart:
    """Opens once, and only while the portal has no people. The code lives as long as the process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._code = Secret(secrets.token_urlsafe(24))
        self._lock = threading.Lock()

    @property
    def needed(self) -> bool:
        return not self._registry.users()

    @property
    def path(self) -> Secret:
        """The path of the page, with the code."""
        return Secret(f"/setup/{self._code.reveal()}")

    def opens(self, code: str) -> bool:
        """Whether ``code`` opens it now."""
        return hmac.compare_digest(code.encode(), self._code.reveal().encode()) and self.needed

    def make(self, code: str, firm: str, name: str, email: str, password: Secret, language: str) -> User | None:
        """The first administrator, of a firm that is there or of a new one; None when it does not open any more.

        Raises WrongInput for a firm or an address that cannot be, and for a password that is too short.
        """
        with self._lock:
            if not self.opens(code):
                return None
            return self._registry.add_user(
                firm, email, name, "administrator", language=language, password_hash=hashed(password)
            )
