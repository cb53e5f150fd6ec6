"""The service's configuration: one TOML file, beside it the secrets of its sources and the token, each on its own.

::

    hub = "https://books.example.com"
    spool = "/var/lib/grandlivre-agent"

    [limits]
    spool_megabytes = 5000          # what may wait to be sent
    free_megabytes = 1000           # what the disk must keep free
    quiet_hours = ["08:00-18:00"]   # only what a person waits for is read then, in the server's own time

    [[source]]
    name = "winbooks"
    software = "winbooks"
    root = 'D:\\WinBooks\\Data'
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

from agent.address import checked_hub
from connectors.catalog import package
from connectors.package import AGENT, SOURCE
from foundation.errors import WrongInput

VARIABLE = "GRANDLIVRE_AGENT_CONFIG"
_KNOWN = {"hub", "spool", "ca_file", "token_file", "secrets_file", "limits", "source"}
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")


@dataclass(frozen=True)
class Source:
    """A place to read. ``settings`` are those of the package, defaults filled in."""

    name: str
    software: str
    settings: dict[str, str]

    @property
    def root(self) -> Path | None:
        return Path(self.settings["root"]) if "root" in self.settings else None


@dataclass(frozen=True)
class Limits:
    """Bytes of the spool, bytes to leave free on its disk, and hours in which only what is urgent is read."""

    spool_bytes: int = 5_000 << 20
    free_bytes: int = 1_000 << 20
    quiet_hours: tuple[tuple[time, time], ...] = ()

    def is_quiet(self, moment: time) -> bool:
        """Whether ``moment`` lies in the quiet hours; those that end before they begin go over midnight."""
        return any(
            begin <= moment < end if begin < end else moment >= begin or moment < end for begin, end in self.quiet_hours
        )


@dataclass(frozen=True)
class Settings:
    """A configuration that is complete and allowed. ``hub`` has no slash at its end."""

    path: Path
    hub: str
    spool: Path
    token_file: Path
    secrets_file: Path
    ca_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    sources: tuple[Source, ...] = ()

    def source(self, name: str) -> Source:
        """Raises WrongInput for a name that is not configured."""
        found = next((source for source in self.sources if source.name == name), None)
        if found is None:
            names = ", ".join(source.name for source in self.sources) or "none"
            raise WrongInput(
                f"the service on this server has no source {name!r}",
                next_step=f"It has: {names}. Add it to {self.path}, or choose another source.",
            )
        return found


def default_path() -> Path:
    """``$GRANDLIVRE_AGENT_CONFIG``, else where such files are usual."""
    if told := os.environ.get(VARIABLE):
        return Path(told)
    if os.name == "nt":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Grandlivre" / "agent.toml"
    return Path("/etc/grandlivre-agent/agent.toml")


def default_spool() -> Path:
    return default_path().parent / "spool" if os.name == "nt" else Path("/var/lib/grandlivre-agent")


def load(path: Path) -> Settings:
    """Reads ``path``. Raises WrongInput that names the file, the key and what it should be."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        step = "Make it with `grandlivre-agent enrol`, or name another with --config."
        raise WrongInput(f"there is no configuration {path}", next_step=step) from None
    except PermissionError:
        raise _forbidden(f"the configuration {path}", path) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, f"it cannot be read: {error}") from None
    try:
        return _settings(path, told)
    except WrongInput as error:
        raise error.about(str(path)) from None


def _settings(path: Path, told: dict[str, Any]) -> Settings:
    if unknown := sorted(set(told) - _KNOWN):
        raise WrongInput(f"unknown key {', '.join(unknown)}", next_step=f"Known are: {', '.join(sorted(_KNOWN))}.")
    spool = _path(told, "spool", path) or default_spool()
    sources = tuple(_source(entry) for entry in _tables(told))
    if twice := [name for name, times in Counter(source.name for source in sources).items() if times > 1]:
        raise WrongInput(f"two sources are called {twice[0]!r}", next_step="Give each a name of its own.")
    ca_file = _path(told, "ca_file", path)
    if ca_file:
        try:
            ca_file.open("rb").close()
        except PermissionError:
            raise _forbidden(f"ca_file {ca_file}", ca_file) from None
        except OSError:
            raise WrongInput(f"ca_file {ca_file} is not there", next_step="Give certificates in PEM.") from None
    for source in sources:
        if source.root and not source.root.is_absolute():
            raise WrongInput(
                f"the root {source.root} of source {source.name!r} is not a whole path",
                next_step="Write it from the drive, the share or / on.",
            )
        if source.root and _overlap(source.root, spool):
            raise WrongInput(
                f"the spool {spool} and the root of source {source.name!r} lie within each other",
                next_step="Choose a spool folder apart from the dossiers.",
            )
    return Settings(
        path=path,
        hub=checked_hub(_text(told, "hub", required=True)),
        spool=spool,
        token_file=_path(told, "token_file", path) or spool / "token.json",
        secrets_file=_path(told, "secrets_file", path) or spool / "secrets.json",
        ca_file=ca_file,
        limits=_limits(told.get("limits", {})),
        sources=sources,
    )


def _forbidden(what: str, path: Path) -> WrongInput:
    step = f"Open it, and its folder, to all: chmod 755 {path.parent}; chmod 644 {path}"
    return WrongInput(f"{what} may not be read by this account", next_step=step)


def _source(entry: dict[str, Any]) -> Source:
    name, software = _text(entry, "name", required=True), _text(entry, "software", required=True)
    if not _NAME.fullmatch(name):
        raise WrongInput(f"a source is called {name!r}", next_step="Use letters, digits, blanks, and ._- between.")
    row = package(software)
    if row.level != "on_premise":
        raise WrongInput(f"{row.name} is not read on a firm's own server", next_step="Connect it on the hub.")
    given = {key: _text(entry, key) for key in entry if key not in ("name", "software")}
    if of_hub := sorted({AGENT, SOURCE} & set(given)):
        raise WrongInput(
            f"source {name!r} has the setting {of_hub[0]}, which is one of the hub's connection",
            next_step="Take it out; here it is told where the dossiers are.",
        )
    if secret := sorted({field.name for field in row.secrets} & set(given)):
        raise WrongInput(
            f"the secret {secret[0]} of source {name!r} stands in the configuration",
            next_step=f"Take it out, and give it with: grandlivre-agent secret {name} {secret[0]}.",
        )
    if missing := [
        each.name for each in row.settings if each.needed(given) and not (given.get(each.name) or each.default)
    ]:
        raise WrongInput(
            f"source {name!r} needs the setting {missing[0]}",
            next_step=f"Give it beside name and software: {missing[0]} = '...'.",
        )
    try:
        row.load_room()
        return Source(name, software, row.complete_settings(given))
    except WrongInput as error:
        raise WrongInput(error.cause, next_step="Correct the source; docs/packages tells its settings.").about(
            f"source {name!r}"
        ) from None


def _limits(told: Any) -> Limits:
    if not isinstance(told, dict):
        raise WrongInput("limits is not a table", next_step="Write it as [limits].")
    if unknown := sorted(set(told) - {"spool_megabytes", "free_megabytes", "quiet_hours"}):
        raise WrongInput(f"unknown key limits.{unknown[0]}")
    sizes = {}
    for key, size in (("spool_megabytes", "spool_bytes"), ("free_megabytes", "free_bytes")):
        if key in told:
            if not isinstance(told[key], int) or isinstance(told[key], bool) or not 0 < told[key] < 1 << 30:
                raise WrongInput(f"limits.{key} is {told[key]!r}", next_step="Give whole megabytes, above 0.")
            sizes[size] = told[key] << 20
    hours = told.get("quiet_hours", [])
    matches = [_HOURS.fullmatch(text) if isinstance(text, str) else None for text in hours if isinstance(hours, list)]
    if not isinstance(hours, list) or not all(matches):
        raise WrongInput("limits.quiet_hours cannot be read", next_step='Write it as ["08:00-18:00"].')
    pairs = [tuple(int(part) for part in match.groups()) for match in matches if match]
    return Limits(**sizes, quiet_hours=tuple((time(a, b), time(c, d)) for a, b, c, d in pairs))


def _tables(told: dict[str, Any]) -> list[dict[str, Any]]:
    entries = told.get("source", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise WrongInput("source is not a list of tables", next_step="Write each as [[source]].")
    return entries


def _text(told: dict[str, Any], key: str, *, required: bool = False) -> str:
    value = told.get(key, "")
    if not isinstance(value, str) or "\0" in value or (required and not value.strip()):
        raise WrongInput(f"{key} is missing or no text", next_step=f'Write it as {key} = "...".')
    return value


def _path(told: dict[str, Any], key: str, beside: Path) -> Path | None:
    """A path; one that is not absolute starts at the configuration's own folder."""
    text = _text(told, key)
    return beside.parent / text if text else None


def _overlap(one: Path, other: Path) -> bool:
    try:
        first, second = one.resolve(), other.resolve()
    except (OSError, RuntimeError):
        return False
    return first.is_relative_to(second) or second.is_relative_to(first)


def _wrong(path: Path, cause: str) -> WrongInput:
    return WrongInput(cause, subject=str(path), next_step="Correct the file.")
