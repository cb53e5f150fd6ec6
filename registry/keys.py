"""Where the vault's keys come from: the environment, the keyring of the system, or a file that only its owner reads.

A source holds keys newest first. Keys are only ever added: an old one still opens a backup of the registry, and
seals nothing any more once the vault was rotated.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from foundation.errors import WrongInput
from foundation.home import Home

KEY_VARIABLE = "GRANDLIVRE_VAULT_KEY"
CHOICE_VARIABLE = "GRANDLIVRE_VAULT"
_SERVICE, _USER = "grandlivre", "vault"


class KeySource(Protocol):
    """``name`` is how people know the source; ``read`` gives its keys, newest first, none before the first ``add``."""

    @property
    def name(self) -> str: ...

    @property
    def grows(self) -> bool:
        """Whether ``add`` can put a key in; where it cannot, people do."""
        ...

    def read(self) -> list[str]: ...

    def add(self, key: str) -> None: ...


class Keyring(Protocol):
    """The part of the ``keyring`` library that is used."""

    def get_password(self, service: str, username: str, /) -> str | None: ...

    def set_password(self, service: str, username: str, password: str, /) -> None: ...


class EnvironmentKeys:
    """Keys in one environment variable, separated by commas; whoever sets the variable rotates them."""

    name = f"the environment variable {KEY_VARIABLE}"
    grows = False

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def read(self) -> list[str]:
        return [key.strip() for key in self._environ.get(KEY_VARIABLE, "").split(",") if key.strip()]

    def add(self, key: str) -> None:
        raise WrongInput(
            f"a key cannot be put into {self.name} from here",
            next_step="Put the new key in front of the present one, separated by a comma.",
        )


class KeyringKeys:
    """Keys in the keyring of the operating system, as one entry."""

    name = f"the keyring of this system (service {_SERVICE}, user {_USER})"
    grows = True

    def __init__(self, keyring: Keyring | None = None) -> None:
        self._given = keyring

    def read(self) -> list[str]:
        with self._explained():
            return (self._keyring.get_password(_SERVICE, _USER) or "").split()

    def add(self, key: str) -> None:
        kept = self.read()
        with self._explained():
            self._keyring.set_password(_SERVICE, _USER, " ".join([key, *kept]))

    @property
    def _keyring(self) -> Keyring:
        if self._given is not None:
            return self._given
        import keyring  # late: it looks for backends when imported, and most installations do not use it

        return keyring

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        from keyring.errors import KeyringError

        try:
            yield
        except KeyringError as error:
            raise WrongInput(
                f"{self.name} cannot be used ({type(error).__name__})",
                next_step=f"Unlock it, or unset {CHOICE_VARIABLE} to keep the key in a file.",
            ) from None


class FileKeys:
    """Keys in a file of mode 0600, one a line. A file that others can read is refused: its keys may be known."""

    grows = True

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return f"the file {self._path}"

    def read(self) -> list[str]:
        try:
            with self._path.open(encoding="ascii", errors="replace") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if os.name == "posix" and mode & 0o077:
                    raise WrongInput(
                        f"others can read {self.name} (mode {mode:04o})", next_step=f"Run: chmod 600 {self._path}"
                    )
                return file.read().split()
        except FileNotFoundError:
            return []
        except PermissionError:
            raise WrongInput(
                f"{self.name} cannot be read by this user", next_step="Run as the user who owns it."
            ) from None

    def add(self, key: str) -> None:
        """Puts ``key`` in front. The file appears whole, or not at all, and survives a power cut."""
        text = "\n".join([key, *self.read()]) + "\n"
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=self._path.parent, prefix=".vault-")  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        if os.name == "posix":
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def key_source(home: Home, environ: Mapping[str, str], keyring: Keyring | None = None) -> KeySource:
    """The source that the environment chooses. Raises WrongInput for a choice that is not known."""
    if environ.get(KEY_VARIABLE, "").strip():
        return EnvironmentKeys(environ)
    match environ.get(CHOICE_VARIABLE, "").strip():
        case "keyring":
            return KeyringKeys(keyring)
        case "" | "file":
            return FileKeys(home.vault_key)
        case other:
            raise WrongInput(f"{CHOICE_VARIABLE} is {other!r}", next_step="It may be keyring or file.")
