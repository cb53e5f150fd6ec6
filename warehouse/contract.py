"""What a warehouse is to those who use it, on whatever database it is kept.

The bench (:mod:`warehouse.bench`) makes and proves the figures; a :class:`Store` keeps them and lets people read them.
:mod:`warehouse.store` keeps them in DuckDB, :mod:`warehouse.postgres` in Postgres: same schema, same views.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import pyarrow as pa

from warehouse.bench import Workbench
from warehouse.remembered import Remembered
from warehouse.standing import Standing

Parameters = Sequence[Any] | Mapping[str, Any] | None
"""Values for ``?`` in their order, or for ``$name`` by name."""


@dataclass(frozen=True)
class DossierFacts:
    """What the registry knows of a dossier and the warehouse repeats for analysts."""

    dossier_id: str
    firm_id: str
    link_id: str
    connection_id: str
    software: str
    external_id: str
    name: str
    code: str
    country: str | None
    currency: str | None
    vat_number: str | None
    mode: str
    since: date | None
    kind: str | None = None
    """``clients``: there are no books, but the client list of an administrative package."""


@dataclass(frozen=True)
class LoadRecord:
    """What a load writes beside the figures: its run, the snapshot it was made from, the change cursor, people's
    corrections (``calendar``) and the code (``rules``) that made the figures, as fingerprints. ``cause`` is why they
    may differ from those that stood (see ``Workbench.check``); only the package's news is compared line by line."""

    sync_id: str
    snapshot_id: str
    cursor: Mapping[str, Any] | None
    calendar: str
    trigger: str
    started_at: datetime
    finished_at: datetime
    rows_read: int
    vendor_calls: int
    rules: str = ""
    cause: str = "package"
    as_of: datetime | None = None
    """When the package told these figures; None: at the end of this run."""
    dagster_run_id: str | None = None


@dataclass(frozen=True)
class Loaded:
    """Lines that a load put in and took out; of a client list, the clients listed, and those that no longer are."""

    inserted: int
    deleted: int


class Rows(Protocol):
    """An answer: tuples of plain values (Decimal, date, naive UTC datetime), and of each column at least its name."""

    @property
    def description(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def fetchmany(self, size: int = ..., /) -> list[Any]: ...


class Reader(Protocol):
    """A read-only connection to what is published; names are looked for in schema ``ledger``.

    One answer at a time: fetch it before the next question.
    """

    def execute(self, query: str, parameters: Parameters = None, /) -> Rows: ...

    def arrow(self, query: str, parameters: Parameters = None) -> pa.RecordBatchReader:
        """The answer in record batches, of any size."""
        ...


class Store(Protocol):
    """The ledgers of all dossiers."""

    def create(self) -> None:
        """Makes what is missing, brings views and chart up to date, and publishes; safe to repeat."""
        ...

    def standing(self, dossier_id: str, *, keep_before: date | None = None) -> Standing:
        """What stands for a dossier; see :class:`warehouse.standing.Standing`."""
        ...

    def remembered(self, dossier_id: str) -> Remembered:
        """What was told of a dossier until now; see :mod:`warehouse.remembered`."""
        ...

    def clients(self, list_id: str) -> pa.Table:
        """The rows of ``ledger.clients`` that stand for a client list."""
        ...

    def load(self, bench: Workbench, facts: DossierFacts, record: LoadRecord) -> Loaded:
        """Replaces the dossier's window with what lies on the bench, in one transaction.

        The window is everything, or with ``facts.since`` the fiscal years that start at or after it. The record of
        the run and the cursor are part of the transaction: a crash leaves the old state or the new one. With
        ``facts.kind`` ``clients`` it is the list's clients that are replaced (see :mod:`warehouse.clients`).
        """
        ...

    def confirm(self, dossier_id: str, moment: datetime) -> None:
        """The package says that nothing changed: the figures that stand are as of ``moment``."""
        ...

    def mark_unlinked(self, dossier_id: str) -> None:
        """The dossier is synced no more: its figures stay, with status ``unlinked`` until the next sync."""
        ...

    def publish(self) -> bool:
        """Makes what is loaded visible to readers; False when there was nothing left to do."""
        ...

    @property
    def published_at(self) -> datetime | None:
        """When readers were last given what was loaded (UTC); None where there is no such moment."""
        ...

    @property
    def readable(self) -> bool:
        """Whether :meth:`reader` has something to open."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """A read-only connection. Raises WrongInput where nothing is published yet, and for a query that fails."""
        ...

    def size(self) -> int:
        """Bytes that the published ledgers take."""
        ...

    def close(self) -> None:
        """Lets go of connections; the object can still be used."""
        ...
