"""Where state lives: ``$GRANDLIVRE_HOME``, by default ``./.grandlivre``; a team's in ``$GRANDLIVRE_DATABASE_URL``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import WrongInput
from foundation.secrets import Secret

DATABASE_VARIABLE = "GRANDLIVRE_DATABASE_URL"


@dataclass(frozen=True)
class Home:
    """The paths of one installation. Creating the object touches nothing; :meth:`create` makes the folders.

    ``database`` is the address of the Postgres that registry, warehouse and locks are kept in (a secret: it may hold a
    password); None for an embedded installation, which keeps all of it in its folder.
    """

    root: Path
    database: Secret | None = None

    @classmethod
    def from_environment(cls, root: str | Path | None = None) -> Home:
        """The installation that the environment names; ``root`` comes before its state folder."""
        folder = Path(root or os.environ.get("GRANDLIVRE_HOME") or ".grandlivre").absolute()
        url = os.environ.get(DATABASE_VARIABLE, "").strip()
        return cls(folder, Secret(url) if url else None)

    @property
    def registry(self) -> Path:
        return self.root / "registry.db"

    @property
    def vault_key(self) -> Path:
        return self.root / "vault.key"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    def create(self) -> None:
        """Makes the folders, readable by their owner only; safe to repeat."""
        for folder in (self.root, self.landing, self.warehouse, self.locks, self.dagster, self.scratch):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise WrongInput(
                    f"the state folder {self.root} cannot be made ({error.strerror})",
                    next_step="Set GRANDLIVRE_HOME to a folder that you may write to.",
                ) from None
