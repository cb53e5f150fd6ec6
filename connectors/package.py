"""What a row of the catalog says about a package: how it is reached, what it takes, what it can and what limits it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from types import ModuleType
from typing import Literal, get_args

from connectors.addresses import require_encrypted
from foundation.allowance import Limit
from foundation.errors import WrongInput

Level = Literal["firm", "dossier", "support", "on_premise"]
Kind = Literal["ledger", "totals", "administrative"]
Contract = Literal["documented", "public code", "reconstructed"]

DeletionMethod = Literal["feed", "status", "id sweep", "change digest", "full read", "never deleted"]
"""How deleted lines are noticed.

* ``feed``: the package lists what was deleted;
* ``status``: a deleted entry stays, and its status tells;
* ``id sweep``: the ids that stand in the package are compared with those that stand here;
* ``change digest``: a digest tells which part changed, and that part is read again;
* ``full read``: what is read again (a file, a year, a list) replaces what stood, and lines that are not in it are gone;
* ``never deleted``: the package corrects with entries of their own.
"""
DELETION_METHODS: tuple[str, ...] = get_args(DeletionMethod)

AGENT, SOURCE = "agent", "source"
"""The settings of what the on-premise service reads: its id, and its own name of a place that it is told to read."""

CAPABILITIES = ("discover", "from_date", "incremental", "deletions", "package_trial_balance", "totals")


@dataclass(frozen=True)
class Field:
    """A setting or a secret that ``connect`` takes, under the vendor's own name in snake_case."""

    name: str
    help: str
    secret: bool = False
    required: bool = True
    default: str | None = None
    unless: tuple[str, ...] = ()
    """Needed, too, unless one of these other settings is given."""

    def needed(self, settings: Mapping[str, str]) -> bool:
        """Whether a connection with ``settings`` cannot do without it."""
        return self.required or (bool(self.unless) and not self.replaced(settings))

    def replaced(self, settings: Mapping[str, str]) -> bool:
        """Whether ``settings`` give what stands in for it."""
        return any(settings.get(name) for name in self.unless)


@dataclass(frozen=True)
class Deletion:
    """The declared way in which deleted lines are noticed; ``how`` explains it where the method alone does not."""

    method: DeletionMethod
    how: str = ""

    def __str__(self) -> str:
        return f"{self.method} ({self.how})" if self.how else self.method


@dataclass(frozen=True)
class Package:
    """One package as people know it. ``limits`` are the calls that the vendor allows, until it tells otherwise."""

    slug: str
    name: str
    level: Level
    kind: Kind
    transport: str
    contract: Contract
    fields: tuple[Field, ...]
    capabilities: frozenset[str]
    deletion: Deletion
    room: str | None = None
    country: str | None = None
    note: str = ""
    limits: tuple[Limit, ...] = ()
    consent_when: tuple[str, str] | None = None
    """Where an app may sign in as itself, too: the setting, and its value, with which a person gives consent."""

    @property
    def available(self) -> bool:
        return self.room is not None

    @property
    def deletions(self) -> str:
        """How deleted lines are noticed, in words: the method first."""
        return str(self.deletion)

    @property
    def settings(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if not field.secret)

    @property
    def secrets(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.secret)

    @property
    def takes_agent(self) -> bool:
        """Whether the on-premise service may read the package, on the server that holds its dossiers."""
        return any(field.name == AGENT for field in self.fields)

    @property
    def by_redirect(self) -> bool:
        """Whether a person may sign in to the package and give consent, in place of giving it all as secrets."""
        return any(field.name == "refresh_token" for field in self.secrets)

    def asks_consent(self, settings: Mapping[str, str]) -> bool:
        """Whether a connection with ``settings`` is made by a person who signs in."""
        setting, value = self.consent_when or ("", "")
        replaced = any(field.replaced(settings) for field in self.fields)
        return self.by_redirect and not replaced and (not setting or settings.get(setting) == value)

    def load_room(self) -> ModuleType:
        """The package's room, imported when first needed. Raises WrongInput where there is none yet."""
        if self.room is None:
            raise WrongInput(
                f"{self.name} is not available yet",
                next_step="See `grandlivre software` for the packages that can be linked today.",
            )
        return import_module(self.room)

    @property
    def reading(self) -> str:
        """A fingerprint of how the room reads what is landed: figures are made again when it changes."""
        room = self.load_room()
        folders = getattr(room, "NORMALIZED_IN", (room.__name__,))
        texts = [files(folder).joinpath("normalize.sql").read_bytes() for folder in folders]
        return hashlib.sha256(b"".join(texts)).hexdigest()[:12]

    def complete_settings(self, given: Mapping[str, str]) -> dict[str, str]:
        """``given`` with defaults filled in. Raises WrongInput naming every unknown or missing setting, and
        for an address that secrets and books would reach unencrypted."""
        known = {field.name for field in self.settings}
        unknown = sorted(set(given) - known)
        if unknown:
            raise WrongInput(
                f"{self.name} has no setting {', '.join(unknown)}",
                next_step=f"It takes: {', '.join(sorted(known))} (see `grandlivre software {self.slug}`).",
            )
        if self.takes_agent and given.get(AGENT):
            return self._read_by_agent(given)
        values = {field.name: field.default for field in self.settings if field.default} | dict(given)
        missing = [field.name for field in self.settings if field.needed(values) and not values.get(field.name)]
        if missing and self.takes_agent:
            raise WrongInput(
                f"{self.name} needs the setting {', '.join(missing)}, or {AGENT} and {SOURCE}",
                next_step=f"Give {' '.join(f'--set {name}=VALUE' for name in missing)} for what this machine reads, or "
                f"--set {AGENT}=ID --set {SOURCE}=NAME for what the service on a firm's server reads "
                "(`grandlivre agents`).",
            )
        if values.get(SOURCE) and self.takes_agent:
            raise WrongInput(
                f"{self.name} has the setting {SOURCE} without {AGENT}",
                next_step=f"Give --set {AGENT}=ID too (`grandlivre agents` shows them), or leave {SOURCE} out.",
            )
        if missing:
            others = [field.unless for field in self.settings if field.name in missing and field.unless]
            instead = f" Or give --set {others[0][0]}=VALUE in their place." if others else ""
            raise WrongInput(
                f"{self.name} needs the setting {', '.join(missing)}",
                next_step=" ".join(f"Give --set {name}=VALUE." for name in missing) + instead,
            )
        for name in (name for name in values if name.endswith("_url")):
            require_encrypted(name, values[name])
        return values

    def _read_by_agent(self, given: Mapping[str, str]) -> dict[str, str]:
        """The settings of what the on-premise service reads: who reads, and which source; how is the service's own."""
        values = {name: value for name, value in given.items() if value}
        if not values.get(SOURCE):
            raise WrongInput(
                f"{self.name} needs the setting {SOURCE} beside {AGENT}",
                next_step=f"Give --set {SOURCE}=NAME, as the service's configuration names it.",
            )
        others = sorted(values.keys() - {AGENT, SOURCE})
        if others:
            raise WrongInput(
                f"{self.name} is read by the service {values[AGENT]}, which has no use for {', '.join(others)} here",
                next_step=f"Set {', '.join(others)} in the service's configuration, on its server"
                f" (here, take it away with {' '.join(f'--set {name}=' for name in others)}); or leave {AGENT} out.",
            )
        return values
