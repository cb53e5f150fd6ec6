"""Enrolling a server: a one-time code for a token, and a configuration to begin with."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent import durable
from agent.address import checked_hub
from agent.hub import Hub
from agent.settings import default_spool, load
from agent.tokens import TokenFile
from foundation.errors import WrongInput

_STARTER = """\
# The Grandlivre service on this server; docs/on-premise.md tells all keys.
hub = {hub}
spool = {spool}
{ca_file}
[limits]
spool_megabytes = 5000
free_megabytes = 1000
# quiet_hours = ["08:00-18:00"]   # only what a person waits for is read then

# One table for each place that holds dossiers:
# [[source]]
# name = "winbooks"
# software = "winbooks"
# root = 'D:\\WinBooks\\Data'
"""


def enrol(path: Path, hub: str | None, code: str, ca_file: Path | None = None, spool: Path | None = None) -> str:
    """Enrols with the configuration at ``path``, which is written where there is none; returns the service's id.

    Raises WrongInput where ``hub`` is missing or another than the configuration's, AskForAccess for a code that does
    not work.
    """
    if path.exists():
        settings = load(path)
        if hub and checked_hub(hub) != settings.hub:
            raise WrongInput(
                f"the configuration {path} names the hub {settings.hub}",
                next_step="Correct hub there first, or leave --hub out.",
            )
    else:
        if not hub:
            raise WrongInput("there is no configuration yet", next_step="Say which hub: --hub https://...")
        _write_starter(path, checked_hub(hub), spool or default_spool(), ca_file)
        settings = load(path)
    tokens = TokenFile(settings.token_file)
    return Hub(settings.hub, tokens, ca_file=settings.ca_file).enrol(code)


def _write_starter(path: Path, hub: str, spool: Path, ca_file: Path | None) -> None:
    told = {"hub": hub, "spool": str(spool)} | ({"ca_file": str(ca_file.absolute())} if ca_file else {})
    quoted = {key: msgspec.json.encode(text).decode() for key, text in told.items()}  # a JSON text is one of TOML, too
    ca_line = f"ca_file = {quoted['ca_file']}" if ca_file else ""
    text = _STARTER.format(hub=quoted["hub"], spool=quoted["spool"], ca_file=ca_line)
    try:
        durable.make_folder(path.parent, 0o755)
        durable.write(path, text.encode(), mode=durable.PUBLIC)
    except OSError as error:
        raise WrongInput(
            f"the configuration {path} cannot be written ({error.strerror or error})",
            next_step="Run the command as an administrator, or name another place with --config.",
        ) from None
