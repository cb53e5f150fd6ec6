"""What a sync makes of the files: figures, or a refusal. The steps are those of :mod:`assets.books`, but the load."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from agent.spool import digest_of
from connectors.books import require_complete
from connectors.contract import Connector, Event, ExtractRequest, NextCursor, Note
from foundation.errors import GrandlivreError
from resources.landing import Landing
from warehouse.bench import Trust, Workbench, refuse_failed

SECONDS = 15
"""Of processor, so that a busy machine does not matter. Reading such a dossier takes a few tenths of one."""


@dataclass(frozen=True)
class Told:
    """What was read and passed the checks, or why not.

    ``figures``: opening and movement of each account in each year. ``off``: what each fiscal year is out of balance by.
    ``notes``: what a person is told beside them. ``landed``: a digest of each table that was read.
    """

    refusal: GrandlivreError | None = None
    figures: frozenset[tuple[Any, ...]] = frozenset()
    lines: int = 0
    off: tuple[tuple[str, Decimal], ...] = ()
    notes: tuple[Note, ...] = ()
    landed: tuple[tuple[str, str], ...] = ()


def told(connector: Connector, external_id: str, *, totals_only: bool, work: Path, known: Told | None = None) -> Told:
    """Raises whatever is no refusal. Where the same is read as for ``known``, the same comes of it."""
    heard: list[Event] = []
    with TemporaryDirectory(dir=work) as folder, within(SECONDS):
        try:
            request = ExtractRequest(external_id, totals_only=totals_only)
            events = _noted(connector.extract(request), heard.append)
            snapshot = Landing(f"{folder}/landed").land(
                "fuzz", "fuzz", "fuzz", connector.resources, events, work=Path(folder)
            )
        except GrandlivreError as error:
            assert not any(isinstance(event, NextCursor) for event in heard), "it said that all was told, then failed"
            return Told(error)
        assert [isinstance(event, NextCursor) for event in heard].index(True) == len(heard) - 1
        landed = tuple((name, digest_of(Path(path))) for name, path in sorted(snapshot.files.items()))
        if known and (known.landed, known.notes) == (landed, snapshot.notes):
            return known
        try:
            with Workbench(Path(folder)) as bench:
                found = _proven(bench, connector, snapshot.files, snapshot.notes, totals_only=totals_only)
                return replace(found, landed=landed)
        except GrandlivreError as error:
            return Told(error)


def _noted(events: Iterator[Event], note: Callable[[Event], None]) -> Iterator[Event]:
    for event in events:
        note(event)
        yield event


def _proven(bench: Workbench, connector: Connector, files: Any, notes: tuple[Note, ...], *, totals_only: bool) -> Told:
    bench.mount(files)
    connector.normalize(bench.db)
    require_complete(bench.db)
    country = bench.db.execute("SELECT country FROM books.dossier").fetchall()
    bench.prepare(country=country[0][0] if country else None, totals=totals_only)
    codes = {note.code for note in notes}
    bench.check(
        Trust(
            entries="warning" if "loose_entries" in codes else "error",
            closed_years="warning" if "loose_closed_years" in codes else "error",
        )
    )
    refuse_failed(bench.results())
    figures = bench.db.execute(
        "SELECT fiscal_year, account, period, opening, debit, credit, closing FROM books.trial_balances"
        if totals_only
        else "SELECT fiscal_year, account, sum(amount) FILTER (period_kind = 'opening'), "
        "sum(amount) FILTER (period_kind <> 'opening') FROM work.journal_lines GROUP BY 1, 2"
    ).fetchall()
    off = bench.db.execute(
        "SELECT fiscal_year, sum(closing) FROM books.trial_balances GROUP BY 1 HAVING sum(closing) <> 0"
        if totals_only
        else "SELECT fiscal_year, sum(amount) FROM work.journal_lines GROUP BY 1 HAVING sum(amount) <> 0"
    ).fetchall()
    return Told(None, frozenset(figures), bench.count("work.journal_lines"), tuple(off), notes)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the block once it took that long, of processor. What only waits is ended by pytest."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"it took more than {seconds} seconds of processor")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
