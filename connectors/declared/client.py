"""The connector to packages whose interface is described by a resource map."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec
import requests

from connectors.addresses import require_encrypted
from connectors.books import JOURNAL_TYPES
from connectors.budgets import LocalBudget
from connectors.catalog import PACKAGES
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.drop_folder.books_sql import normalize
from connectors.drop_folder.resources import RESOURCES
from connectors.drop_folder.workbench import Workbench
from connectors.files import list_dossier_folders, resolve_dossier_folder
from connectors.http import HttpClient, Signer
from connectors.oauth import OAuthApp, OAuthSigner
from connectors.signers import HeaderSigner
from foundation.errors import SignInAgain, WrongInput
from foundation.secrets import Secret

from .events import events
from .maps import Auth, Loaded, ResourceMap, load
from .reading import DossierReader
from .sink import SinkFolder
from .wire import DeclaredWire, filled, ways


class Declared:
    """One connection to a package with a resource map. ``calls`` counts every request and every file of a sink."""

    resources = RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._loaded = loaded_map(access)
        self._map = self._loaded.map
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        base = access.setting("base_url").rstrip("/")
        apart = LocalBudget(self._map.vendor, self._now, self._sleep)  # token calls are not counted with the others
        self._tokens = HttpClient(ways(self._map), self._session, apart, now=self._now, sleep=self._sleep)
        budget = access.budgets.budget(base, now=self._now, sleep=self._sleep, vendor=self._map.vendor)
        self._client = HttpClient(
            ways(self._map), self._session, budget, signer=self._signer(), now=self._now, sleep=self._sleep
        )
        self._wire = DeclaredWire(base, self._client, self._map, access.settings)
        self._sinks: list[SinkFolder] = []

    @property
    def calls(self) -> int:
        return self._tokens.calls + self._client.calls + sum(sink.files for sink in self._sinks)

    def verify(self) -> None:
        """The list of dossiers can be read, and the sink, where the package has one."""
        for _ in self.discover():
            break
        if self._map.sink:
            list_dossier_folders(Path(self._access.setting("sink")))

    def discover(self) -> Iterator[DossierRef]:
        with self._reader() as reader:
            rows = reader.dossiers()
        for row in rows:
            code = row["code"] or row["id"] or ""
            yield DossierRef(
                external_id=row["id"] or "",
                code=code,
                name=row["name"] or code,
                vat_number=row["vat_number"],
                currency=row["currency"],
                country=row["country"],
            )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        with self._reader() as reader:
            reader.open(external_id)
            return reader.years()

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        with self._reader() as reader:
            self._note(reader.bench)
            mark = hashlib.sha256(msgspec.json.encode(self._map)).hexdigest()[:16]
            yield from events(reader, request, mark, self._access.report)

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def _reader(self) -> Iterator[DossierReader]:
        package = PACKAGES.get(self._access.software)
        kinds = journal_types(self._access.settings.get("journal_types", ""))
        with (
            TemporaryDirectory(prefix="declared-", dir=self._access.scratch) as scratch,
            Workbench(Path(scratch)) as bench,
        ):
            country = package.country if package else None
            try:
                yield DossierReader(bench, self._wire, self._map, self._sink, country, self._now().date(), kinds)
            except SignInAgain as error:
                if hint := self._odd_username():
                    error.next_step = f"{hint} {error.next_step}"
                raise

    def _sink(self, entity: str) -> SinkFolder:
        if not self._map.sink:
            raise WrongInput(f"the resource map of {self._map.vendor} has a topic and no sink")
        self._sinks.append(
            SinkFolder(resolve_dossier_folder(Path(self._access.setting("sink")), entity), self._map.sink)
        )
        return self._sinks[-1]

    def _note(self, bench: Workbench) -> None:
        """What a person should know of every figure that comes this way."""
        items = self._loaded.inferred
        bench.note(
            "contract_unverified",
            f"{len(items)} items of {self._map.vendor}'s interface are reconstructed ({', '.join(items[:3])}, ...): "
            f"compare the figures with the package. {self._map.ask}",
            min(len(items), 1),
        )
        if hint := self._odd_username():
            bench.note("username_unusual", hint)

    def _odd_username(self) -> str:
        forms, name = self._map.auth.usernames, self._access.settings.get("username", "")
        if not forms or name.lower().startswith(tuple(form.lower() for form in forms)):
            return ""
        return (
            f"The user name is usually one that {self._map.vendor} issued for calls ({' or '.join(forms)}...), "
            "not a person's own log-in."
        )

    def _signer(self) -> Signer:
        access, auth = self._access, self._map.auth
        if auth.kind == "oauth":
            return OAuthSigner(
                oauth_app(access),
                access.tokens,
                self._tokens,
                now=self._now,
                sleep=self._sleep,
                consent=access.secrets.get("refresh_token"),
            )
        given = _Given(access)
        headers = {name: Secret(filled(text, given)) for name, text in auth.headers.items()}
        if auth.kind == "basic":
            pair = f"{access.setting('username')}:{access.secret('password').reveal()}"
            headers["Authorization"] = Secret("Basic " + base64.b64encode(pair.encode()).decode())
        return HeaderSigner(self._map.vendor, headers)


class _Given(Mapping[str, str]):
    """Settings and revealed secrets by name; what a connection lacks is said in its own words."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __getitem__(self, name: str) -> str:
        if name in self._access.settings:
            return self._access.setting(name)
        return self._access.secret(name).reveal()

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        yield from {*self._access.settings, *self._access.secrets}

    def __len__(self) -> int:
        return len({*self._access.settings, *self._access.secrets})


def loaded_map(access: Access) -> Loaded:
    """The package's map, with the connection's own file over it."""
    return load(access.software, access.settings.get("resource_map"))


def oauth_app(access: Access) -> OAuthApp:
    """Our app at the vendor of the connection, as its map tells it."""
    declared: ResourceMap = loaded_map(access).map
    auth: Auth = declared.auth
    require_encrypted("auth.token_url", auth.token_url)
    return OAuthApp(
        vendor=declared.vendor,
        token_url=access.settings.get("token_url") or auth.token_url,
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        authorize_url=access.settings.get("authorize_url") or auth.authorize_url,
        scope=auth.scope,
        token_more={"scope": auth.scope} if auth.scope else {},
        consent_lifetime=timedelta(days=auth.consent_days) if auth.consent_days else None,
        multipart=auth.multipart,
    )


def journal_types(text: str) -> dict[str, str]:
    """``OPN=opening CLO=closing`` by code. Raises WrongInput for a type that the books do not know."""
    found: dict[str, str] = {}
    for pair in re.split(r"[\s,;]+", text.strip()) if text.strip() else ():
        code, equals, kind = pair.partition("=")
        if not code or not equals or kind not in JOURNAL_TYPES:
            raise WrongInput(
                f"journal_types holds {pair!r}",
                next_step=f"Give CODE=TYPE, such as OPN=opening; types are {', '.join(JOURNAL_TYPES)}.",
            )
        found[code] = kind
    return found
