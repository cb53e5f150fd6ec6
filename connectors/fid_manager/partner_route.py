"""The partner interface, as its map describes it: see interface.toml. Its contract is reconstructed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files

import pyarrow as pa
import requests

from connectors.client_lists.interface import read_interface
from connectors.client_lists.reading import ListWire
from connectors.contract import Access
from connectors.http import HttpClient, Reply, VendorWays
from connectors.signers import HeaderSigner
from foundation.errors import AskForAccess, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret

VENDOR = "Fid-Manager"
_OPEN = "Open the access in Fid-Manager (Plus > Paramètres des logiciels externes)"


class PartnerRoute:
    """Reads the list over HTTP."""

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        sleep = access.sleep or time.sleep
        usual = files("connectors.fid_manager").joinpath("interface.toml").read_text(encoding="utf-8")
        interface = read_interface(usual, access.settings.get("resource_map"))
        base = access.setting("base_url").rstrip("/")
        self._session = session or requests.Session()
        signer = HeaderSigner(VENDOR, {name: _filled(text, access) for name, text in interface.headers.items()})
        budget = access.budgets.budget(base, now=now, sleep=sleep, vendor=VENDOR)
        self._client = HttpClient(_WAYS, self._session, budget, signer=signer, now=now, sleep=sleep)
        self._wire = ListWire(base, self._client, interface, access.report)
        self.mark = interface.mark

    @property
    def calls(self) -> int:
        return self._client.calls

    def probe(self) -> None:
        self._wire.probe()

    def table(self) -> pa.Table:
        return self._wire.table()

    def close(self) -> None:
        self._session.close()


def _filled(text: str, access: Access) -> Secret:
    """A header with the settings and secrets that it names."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "key_id":
            return access.setting(name)
        if name == "secret":
            return access.secret(name).reveal()
        raise WrongInput(f"the map of the interface signs with {name!r}", next_step="Use {key_id} and {secret}.")

    return Secret(re.sub(r"\{(\w+)\}", value, text))


def _refusal(reply: Reply) -> GrandlivreError | None:
    if reply.status == 401:
        return SignInAgain(
            f"{VENDOR} does not accept the keys: the access was closed, or they are wrong",
            next_step=f"{_OPEN}, then: grandlivre reconnect CONNECTION with the keys that are mailed.",
        )
    if reply.status == 403:
        return AskForAccess(f"{VENDOR} has closed the access", next_step=f"{_OPEN} and sync again.")
    return None


_WAYS = VendorWays(VENDOR, explain=lambda reply: reply.body[:500].decode("utf-8", errors="replace"), refusal=_refusal)
