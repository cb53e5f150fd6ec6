"""The service's token, in a file of its own that only its account may read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent import durable
from foundation.errors import BadFile, SignInAgain, WrongInput
from foundation.secrets import Secret

ENROL = "Ask for a code on the hub (grandlivre agent code ID), and type: grandlivre-agent enrol --hub URL."


@dataclass(frozen=True)
class Token:
    """Who the service is to the hub at ``hub``; the token is told to no other."""

    hub: str
    agent_id: str
    token: Secret


class _Stored(msgspec.Struct):
    hub: str
    agent_id: str
    token: str


class TokenFile:
    """Read anew for each call, so that a new token, or a new enrolment, counts at once and in every process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, hub: str) -> Token:
        """The token for ``hub``. Raises SignInAgain where there is none, BadFile where the file is damaged."""
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=_Stored)
        except FileNotFoundError:
            raise SignInAgain("this server is not enrolled", next_step=ENROL) from None
        except PermissionError:
            raise WrongInput(
                f"the token {self._path} may not be read by this account",
                next_step="Run the command as the account of the service.",
            ) from None
        except (OSError, msgspec.MsgspecError) as error:
            raise BadFile("it holds no token", subject=str(self._path), next_step=ENROL) from error
        if stored.hub != hub:
            raise SignInAgain(f"this server is enrolled with {stored.hub}, not with {hub}", next_step=ENROL)
        return Token(stored.hub, stored.agent_id, Secret(stored.token))

    def save(self, hub: str, agent_id: str, token: str) -> None:
        """Keeps a token; returns once it would outlast a crash. It may be used only from then on."""
        durable.make_folder(self._path.parent)
        durable.write(self._path, msgspec.json.encode(_Stored(hub, agent_id, token)), mode=durable.PRIVATE)
