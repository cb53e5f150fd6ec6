"""The connector to AdminPulse: the office's relations, read whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import msgspec
import requests

from connectors.budgets import LocalBudget
from connectors.client_lists import require_whole, whole_list
from connectors.client_lists.interface import read_interface
from connectors.client_lists.reading import ListWire, events
from connectors.client_lists.records import CLIENTS
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient, Reply, VendorWays
from foundation.errors import AskForAccess, GrandlivreError, SignInAgain, WrongInput

from .inferred import INACTIVE_WORDS
from .signing import KEY, VENDOR, signer_of, signs_in_with

_ROOM = files("connectors.adminpulse")


class AdminPulse:
    """One office at AdminPulse. ``calls`` counts every request, those for tokens too."""

    resources = (CLIENTS,)

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        base = access.setting("base_url").rstrip("/")
        self._interface = read_interface(
            _ROOM.joinpath("interface.toml").read_text(encoding="utf-8"), access.settings.get("resource_map")
        )
        by_key = signs_in_with(access) == KEY
        plain = VendorWays(VENDOR, explain=_explain)
        # A key that is refused will be refused again; the token of a consent is renewed first.
        ways = VendorWays(VENDOR, explain=_explain, refusal=_refused_key) if by_key else plain
        self._tokens = HttpClient(plain, self._session, LocalBudget(VENDOR, now, sleep), now=now, sleep=sleep)
        signer = signer_of(access, self._tokens, now=now, sleep=sleep)
        budget = access.budgets.budget(base, now=now, sleep=sleep, vendor=VENDOR)
        self._client = HttpClient(ways, self._session, budget, signer=signer, now=now, sleep=sleep)
        self._wire = ListWire(base, self._client, self._interface, access.report)

    @property
    def calls(self) -> int:
        return self._tokens.calls + self._client.calls

    def verify(self) -> None:
        self._wire.probe()

    def discover(self) -> Iterator[DossierRef]:
        self._wire.probe()
        yield whole_list("adminpulse", self._office())

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        require_whole(external_id)
        return []

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        return events(request, self._wire.table, self._interface.mark)

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        db.execute("SET VARIABLE inactive_words = ?", [list(INACTIVE_WORDS)])
        db.execute(_ROOM.joinpath("normalize.sql").read_text(encoding="utf-8"))

    def close(self) -> None:
        self._session.close()

    def _office(self) -> str | None:
        """The name of the office: its first own entity. A key may lack the right to ask; the list goes without."""
        try:
            found = msgspec.json.decode(self._wire.fetch("companies"))
        except (AskForAccess, SignInAgain, WrongInput, msgspec.DecodeError):
            return None
        names = [each.get("name") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        return next((str(name) for name in names if name), None)


def _refused_key(reply: Reply) -> GrandlivreError | None:
    if reply.status != 401:
        return None
    return SignInAgain(
        f"{VENDOR} refuses the API key: it is wrong or withdrawn, or it lacks the scope to read relations",
        next_step="Look at the key and its scopes in AdminPulse's settings, then: grandlivre reconnect CONNECTION.",
    )


def _explain(reply: Reply) -> str:
    """What the answer says; its form is not told, so that its text is taken as it stands."""
    return reply.body[:500].decode("utf-8", errors="replace")
