"""The secrets of sources (a database's password), apart from the configuration: JSON, by source and name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from agent import durable
from agent.settings import Source
from connectors.catalog import package
from foundation.errors import BadFile, WrongInput
from foundation.secrets import Secret

_Stored = dict[str, dict[str, str]]


def read_secrets(path: Path, source: Source) -> dict[str, Secret]:
    """The secrets of one source. Raises WrongInput where others could read the file, or a secret is missing."""
    told = _stored(path).get(source.name, {})
    for field in package(source.software).secrets:
        if field.needed(source.settings) and not told.get(field.name):
            raise WrongInput(
                f"source {source.name!r} has no secret {field.name!r}",
                next_step=f"Give it with: grandlivre-agent secret {source.name} {field.name}.",
            )
    return {name: Secret(text) for name, text in told.items()}


def keep_secret(path: Path, source: Source, name: str, text: str) -> None:
    """Adds or replaces a secret. Raises WrongInput for one that the package does not take."""
    known = [field.name for field in package(source.software).secrets]
    if name not in known:
        takes = f"It takes: {', '.join(known)}." if known else "It takes none."
        raise WrongInput(f"source {source.name!r} has no secret {name!r}", next_step=takes)
    stored = _stored(path)
    stored.setdefault(source.name, {})[name] = text
    durable.make_folder(path.parent)
    durable.write(path, msgspec.json.format(msgspec.json.encode(stored)))


def _stored(path: Path) -> _Stored:
    try:
        if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise WrongInput(
                "others on this server may read it", subject=str(path), next_step=f"Type: chmod 600 {path}"
            )
        return msgspec.json.decode(path.read_bytes(), type=_Stored)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise BadFile("it cannot be read", subject=str(path), next_step="Give the secrets again.") from error
