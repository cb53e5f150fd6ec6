"""A vendor's token call whose refresh tokens rotate: each is good once, and a second use ends the consent."""

from __future__ import annotations

import json
from pathlib import Path

from filelock import FileLock

from foundation.errors import SignInAgain


class TokenEndpoint:
    """Keeps its state in a file, so that several processes meet the same vendor."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_suffix(".lock"))

    def start(self) -> str:
        """A first consent; returns its refresh token."""
        self._write({"good": "refresh-0", "renewals": 0, "ended": False})
        return "refresh-0"

    def renew(self, refresh_token: str) -> dict[str, str]:
        with self._lock.acquire(timeout=30):
            state = self.state()
            if state["ended"] or refresh_token != state["good"]:
                self._write(state | {"ended": True})
                raise SignInAgain("the refresh token was used before, the consent is over")
            number = state["renewals"] + 1
            self._write({"good": f"refresh-{number}", "renewals": number, "ended": False})
        return {"refresh_token": f"refresh-{number}", "access_token": f"access-{number}"}

    def state(self) -> dict:
        return json.loads(self._path.read_text())

    def _write(self, state: dict) -> None:
        self._path.write_text(json.dumps(state))
