"""The vault: seals secrets so that the registry can keep them, and opens them again.

Sealed is a Fernet token (AES-128 in CBC mode with HMAC-SHA256) under the newest key; every key of the source opens.
Keys are read anew for each use, so that a rotation in one process is known in all others at once, and no key lies
in the memory of a process longer than needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from foundation.errors import WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry.keys import KEY_VARIABLE, Keyring, KeySource, key_source
from registry.locks import held


class Vault:
    """Seals and opens with the keys of ``source``. Raises WrongInput that names the source when they do not fit."""

    def __init__(self, home: Home, source: KeySource) -> None:
        self._home = home
        self._source = source

    @classmethod
    def of(cls, home: Home, environ: Mapping[str, str] | None = None, keyring: Keyring | None = None) -> Vault:
        """The vault of an installation, its key source chosen by the environment."""
        return cls(home, key_source(home, os.environ if environ is None else environ, keyring))

    @property
    def source(self) -> str:
        """Where the keys come from, in words."""
        return self._source.name

    def create(self) -> None:
        """Makes the first key where there is none yet; safe to repeat, also by several processes at once."""
        if not self._source.read():
            with self._alone():
                if not self._source.read():
                    self._source.add(_new_key())

    def renew(self) -> None:
        """Puts a new key in front, which seals from now on. Keys in the environment are renewed by who set them."""
        if self._source.grows:
            with self._alone():
                self._keys()  # a lost key is not replaced in silence
                self._source.add(_new_key())

    def seal(self, secret: Secret) -> str:
        """The secret, sealed under the newest key."""
        return self._keys().encrypt(secret.reveal().encode()).decode()

    def unseal(self, sealed: str, subject: str) -> Secret:
        """The secret again. ``subject`` says what was sealed, for the message when no key opens it."""
        keys = self._keys()
        try:
            return Secret(keys.decrypt(sealed.encode()).decode())
        except InvalidToken:
            raise self._wrong_key(subject) from None

    def reseal(self, sealed: str, subject: str) -> str:
        """The same secret, sealed under the newest key."""
        keys = self._keys()
        try:
            return keys.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise self._wrong_key(subject) from None

    def seal_all(self, secrets: Mapping[str, Secret]) -> str:
        """Several secrets by name, sealed together: not even their names show."""
        return self.seal(Secret(json.dumps({name: secret.reveal() for name, secret in secrets.items()})))

    def unseal_all(self, sealed: str, subject: str) -> dict[str, Secret]:
        opened = json.loads(self.unseal(sealed, subject).reveal())
        return {name: Secret(text) for name, text in opened.items()}

    def __repr__(self) -> str:
        return f"Vault({self.source})"

    def _alone(self) -> AbstractContextManager[None]:
        busy = "another process has been changing the vault's key for a minute"
        return held(self._home.locks / "vault.lock", timeout=60, busy=busy)

    def _keys(self) -> MultiFernet:
        keys = self._source.read()
        if not keys:
            raise WrongInput(
                f"the vault has no key: nothing is in {self.source}",
                next_step=f"Put the key back from a backup, or set {KEY_VARIABLE}.",
            )
        ready: list[Fernet] = []
        for place, key in enumerate(keys, start=1):
            try:
                ready.append(Fernet(key))
            except ValueError:
                raise WrongInput(
                    f"key {place} of {len(keys)} in {self.source} is not a vault key",
                    next_step="A key is 44 characters: 32 random bytes in URL-safe Base64. Put the right one back.",
                ) from None
        return MultiFernet(ready)

    def _wrong_key(self, subject: str) -> WrongInput:
        return WrongInput(
            f"the secrets of {subject} were sealed with another key than those in {self.source}",
            next_step="Put the right key back, or enter the secrets again with: grandlivre reconnect CONNECTION.",
        )


def _new_key() -> str:
    return Fernet.generate_key().decode()
