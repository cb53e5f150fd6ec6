"""What a package's room offers, and what it is asked for.

A room (``connectors/<room>/``) holds

* ``open_connector(access: Access) -> Connector`` in its ``__init__``;
* ``normalize.sql``, which the connector's ``normalize`` runs and whose change makes figures be made again (a room that
  uses those of other rooms, too, names all in ``NORMALIZED_IN``);
* ``sandbox.py`` with ``open_sandbox`` (see :mod:`connectors.sandbox.stage`);
* for a sign-in by redirect, ``oauth_app(access) -> OAuthApp`` in its ``__init__`` (see :mod:`connectors.oauth`).

A :class:`Connector` reads; it never writes to the package, knows no warehouse and no registry. It yields what it
reads as :data:`Event`\\ s, batch by batch, so that memory does not grow with a dossier, and turns landed tables
into the common schema with SQL (see :mod:`connectors.books`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from connectors.budgets import PROCESS_LEDGER, Budgets
from foundation.errors import WrongInput
from foundation.secrets import Secret

Cursor = dict[str, Any]
"""Where a package's change feed stands, as JSON-able values; opaque to everybody but the room that wrote it."""


@dataclass(frozen=True)
class DossierRef:
    """A dossier as its package lists it. ``external_id`` is what the wire wants, ``code`` what people know it by."""

    external_id: str
    code: str
    name: str
    vat_number: str | None = None
    currency: str | None = None
    country: str | None = None


@dataclass(frozen=True)
class FiscalYear:
    """A fiscal year of a dossier, ``end`` inclusive. ``closed`` is None where the package does not tell."""

    label: str
    start: date
    end: date
    closed: bool | None = None


@dataclass(frozen=True)
class Resource:
    """A table of the package that is landed.

    ``key`` names the columns that identify a row (empty: rows have no identity and the resource is always read
    whole). ``version`` is a column that grows when a row changes: of two rows with one key the greater stands.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...] = ()
    version: str | None = None


@dataclass(frozen=True)
class Batch:
    """Rows of one resource, cast to the resource's schema."""

    resource: str
    rows: pa.RecordBatch | pa.Table


@dataclass(frozen=True)
class Deleted:
    """Keys that the package says are gone, with the version at which they went (same columns as the key + version)."""

    resource: str
    keys: pa.Table


@dataclass(frozen=True)
class Stated:
    """A count that the package stated for a resource of this answer; fewer rows received is a failed sync."""

    resource: str
    count: int


@dataclass(frozen=True)
class NextCursor:
    """Where the next sync may go on. Yielded last; ``incremental`` names the resources sent as changes only.

    Resources not named there were read whole and replace what was landed before.
    """

    cursor: Cursor | None
    incremental: frozenset[str] = frozenset()
    unchanged: bool = False
    """True: nothing changed since the request's cursor; nothing else was yielded and nothing need be loaded."""


@dataclass(frozen=True)
class Note:
    """Something a person should know that does not stop the sync (``code`` in snake_case, ``count`` of cases).

    Two codes also loosen a check, from error to warning, where a format does not promise more: ``loose_entries``
    (entries need not balance one by one) and ``loose_closed_years`` (closed years may be incomplete). A third,
    ``totals_only``, says that the package gives no lines today: what is loaded is its balances, as in totals mode.
    """

    code: str
    message: str
    count: int = 1


@dataclass(frozen=True)
class Checkpoint:
    """A place in a full read from which a later one may go on. The rows yielded before it are kept when the read is cut
    short by a budget or a vendor that went away; everything else is asked for and yielded again.

    ``state`` is JSON-able, and opaque to everybody but the room that wrote it.
    """

    state: Cursor


@dataclass(frozen=True)
class Resumed:
    """The read goes on from the request's ``resume``: the rows kept with it count, as if they were yielded now.
    Yielded before any batch; without it they are forgotten."""


Event = Batch | Deleted | Stated | Note | NextCursor | Checkpoint | Resumed


@dataclass(frozen=True)
class Resume:
    """What is kept of a full read that was cut short: the state of its last checkpoint, and the rows before it.

    ``rows`` gives the kept rows of a resource, of the columns asked for.
    """

    state: Cursor
    rows: Callable[[str, Sequence[str]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class ExtractRequest:
    """What one sync wants: a dossier, from a date on (None: everything), since a cursor (None: a full read).

    ``since`` is the first day of a fiscal year. The connector then reads lines from there on *and* what it needs
    to tell the opening balance at that date. ``resume`` is what is kept of a full read that was cut short; a room that
    cannot go on from it, or need not, reads as if it were not there.
    """

    external_id: str
    since: date | None = None
    cursor: Cursor | None = None
    totals_only: bool = False
    resume: Resume | None = None


class TokenStore(Protocol):
    """Keeps the OAuth tokens of one connection between processes (must-not-fail P2).

    ``exclusive`` holds a lock per connection across processes; inside it ``read`` is re-read from durable storage
    and ``save`` returns only once the new value is durable.
    """

    def exclusive(self) -> AbstractContextManager[None]: ...

    def read(self) -> Mapping[str, Any]:
        """The stored fields: ``refresh_token``, ``access_token``, ``issued_at``, ``expires_at`` (ISO 8601, UTC), and
        ``consent_expires_at`` where it is known when the consent lapses; or those of a session."""
        ...

    def save(self, fields: Mapping[str, Any]) -> None: ...


@dataclass
class Access:
    """Everything a room needs to open a connection: settings, secrets, tokens, and the clock.

    ``settings`` and ``secrets`` carry the vendor's own parameter names in snake_case, defaults filled in.
    ``budgets`` gives the calls that the connection may make; ``report`` hears about progress: a stage ("lines"), rows
    so far.
    """

    software: str
    settings: Mapping[str, str]
    secrets: Mapping[str, Secret]
    tokens: TokenStore | None = None
    now: Callable[[], datetime] | None = None
    sleep: Callable[[float], None] | None = None
    scratch: Path | None = None
    budgets: Budgets = field(default_factory=lambda: Budgets(PROCESS_LEDGER))
    report: Callable[[str, int], None] = field(default=lambda stage, rows: None)

    def setting(self, name: str) -> str:
        value = self.settings.get(name)
        if not value:
            raise WrongInput(f"the connection has no setting {name!r}", next_step=f"Give it with --set {name}=VALUE.")
        return value

    def secret(self, name: str) -> Secret:
        value = self.secrets.get(name)
        if not value:
            raise WrongInput(f"the connection has no secret {name!r}", next_step=f"Give it with --secret {name}.")
        return value


class Connector(Protocol):
    """One open connection to a package. ``calls`` counts what the vendor was asked."""

    resources: tuple[Resource, ...]

    @property
    def calls(self) -> int: ...

    def verify(self) -> None:
        """Proves that the credentials work with the least costly call; raises the error tree otherwise."""
        ...

    def discover(self) -> Iterator[DossierRef]:
        """Every dossier that this connection can see, in the package's order."""
        ...

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        """The dossier's fiscal years, oldest first. Raises WrongInput for an unknown dossier."""
        ...

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        """Reads the dossier. Every resource of ``resources`` is complete once the last event was yielded."""
        ...

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        """Creates the views of :mod:`connectors.books` over the landed tables ``landed.<resource>``; for an
        administrative package the one of :mod:`connectors.client_lists.books`."""
        ...

    def close(self) -> None: ...
