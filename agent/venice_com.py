"""Dumps dossiers out of Venice under Windows: a thin coat around :mod:`agent.venice_dump` that knows COM.

It needs Venice with its SDK on the same machine, and probably takes one user of the licence while it runs (inferred).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from agent.venice_dump import dump
from foundation.errors import GrandlivreError, SignInAgain, VendorDown, WrongInput
from foundation.secrets import Secret

_APPLICATION = "Grandlivre"


@dataclass(frozen=True)
class Sdk:
    """The SDK's object, its constants, and the error that COM raises."""

    venice: Any
    constants: Any
    error: type[Exception]


def installed_sdk() -> Sdk:
    """The SDK of this machine. Raises WrongInput where there is none."""
    if sys.platform != "win32":
        raise WrongInput("this is no Windows machine", next_step="Dump on the server that Venice is installed on.")
    try:
        client, com = import_module("win32com.client"), import_module("pythoncom")
    except ImportError:
        raise WrongInput("pywin32 is not installed", next_step="Install grandlivre-agent[windows].") from None
    try:
        venice = client.gencache.EnsureDispatch("ClSdk.Venice")
    except com.com_error:
        raise WrongInput(
            "there is no SDK of Venice on this machine", next_step="Install Venice here, with the option SDK."
        ) from None
    return Sdk(venice, client.constants, com.com_error)


def dump_dossiers(
    cabinet: str,
    directories: Sequence[str],
    root: Path,
    user: str,
    password: Secret,
    opened: Callable[[], Sdk] = installed_sdk,
) -> dict[str, int | GrandlivreError]:
    """Each dossier of the cabinet (all of them where none is named) into a folder of its own below ``root``; its lines,
    or what went wrong with it. Raises WrongInput where there is no SDK, SignInAgain for a user or password that Venice
    refuses."""
    sdk = opened()
    venice = sdk.venice
    version = str(venice.vVeniceVersion).split("_")[0]  # a service pack is told behind it
    try:
        venice.LogonSecure(version, _APPLICATION, sdk.constants.lngNld, False, user, password.reveal())
    except sdk.error:
        raise SignInAgain("Venice does not let the user in", next_step="Check --user and the password.") from None
    found: dict[str, int | GrandlivreError] = {}
    for directory in directories or [str(name) for name in venice.GetDossiers(cabinet)]:
        try:
            dossier = venice.CreateDossierContext(cabinet, directory)
            found[directory] = dump(dossier, root / directory, sdk.constants.smFirst)
        except GrandlivreError as error:
            found[directory] = error
        except sdk.error as error:
            found[directory] = VendorDown(f"Venice breaks off: {error}")
    return found
