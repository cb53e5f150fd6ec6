"""One sync of one dossier, top to bottom: link, extract, land, normalize, map, check, load, tell.

Nothing here knows a package or a storage: the pieces live in their rooms. A failure at any point leaves
yesterday's figures standing; the run's record says what happened and what to do.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from assets.freshness import freshness
from connectors.books import require_complete
from connectors.catalog import package
from connectors.contract import Connector, Event, ExtractRequest, FiscalYear
from foundation.disk import is_full
from foundation.errors import Busy, ChecksFailed, EmptyAnswer, GrandlivreError, RateLimited, ReportABug, WrongInput
from registry.store import Link
from registry.sync_runs import FROM_LANDING
from resources.delivered import DeliveredConnector
from resources.house import House, Report, silent
from resources.landing import Snapshot
from warehouse import chart, scripts
from warehouse.bench import CheckResult, MappingRule, Override, Trust, Workbench, refuse_failed
from warehouse.contract import DossierFacts, LoadRecord
from warehouse.standing import Standing

log = logging.getLogger("grandlivre.sync")


@dataclass(frozen=True)
class SyncOptions:
    """How a sync is asked for. ``from_landing`` calls no vendor; ``accept_empty`` confirms a dossier that shrank;
    without ``publish`` the caller publishes, once for many dossiers."""

    trigger: str = "manual"
    from_landing: bool = False
    accept_empty: bool = False
    publish: bool = True
    dagster_run_id: str | None = None

    @property
    def told_trigger(self) -> str:
        """What records say: figures made again from landing are no fresher, whoever asked for them."""
        return FROM_LANDING if self.from_landing else self.trigger


@dataclass(frozen=True)
class Outcome:
    """What became of a sync. ``status`` is synced, unchanged, parked (to resume at a time) or failed; or skipped, when
    there was none because an earlier one is fresh enough.

    ``difference`` is the sum of absolute differences from the package's own balances, None without evidence.
    """

    dossier_id: str
    status: str
    lines: int = 0
    difference: Decimal | None = None
    seconds: float = 0.0
    vendor_calls: int = 0
    sync_id: str | None = None
    error: GrandlivreError | None = None
    checks: tuple[CheckResult, ...] = ()

    @property
    def good(self) -> bool:
        return self.status in ("synced", "unchanged", "skipped")


def sync_dossier(dossier_id: str, house: House, options: SyncOptions | None = None, report: Report = silent) -> Outcome:
    """Syncs a dossier and records the run. A failed sync is an :class:`Outcome` with its error, never an exception, so
    that a hundred others can go on."""
    options = options or SyncOptions()
    started = house.now()
    try:
        link = house.registry.link(dossier_id)
        with house.registry.locks.dossier(dossier_id):
            return _recorded(link, house, options, report, started)
    except Exception as error:  # outside the record of a run: an unknown dossier, another sync of it, a broken registry
        outcome = Outcome(dossier_id, "failed", error=told(error).about(f"dossier {dossier_id}"))
        log.warning("%s", outcome.error)  # no record holds it
        return outcome


def told(error: Exception) -> GrandlivreError:
    """An unexpected error as one of the tree: a full disk is waited for, anything else is reported."""
    if isinstance(error, GrandlivreError):
        return error
    log.error("unexpected in a sync", exc_info=error)
    if is_full(error):
        return Busy("the disk is full", next_step="Free space below the state folder, then sync again.")
    return ReportABug(f"{type(error).__name__}: {str(error)[:300]}")


def _recorded(link: Link, house: House, options: SyncOptions, report: Report, started: datetime) -> Outcome:
    """Runs the sync between the start and the end of its record in the registry."""
    registry = house.registry
    sync_id = registry.start_run(
        dossier_id=link.dossier_id,
        link_id=link.link_id,
        trigger=options.told_trigger,
        mode=link.mode,
        window_start=link.transfer_date,
        dagster_run_id=options.dagster_run_id,
    )
    registry.mark_crashed(link.dossier_id, except_sync_id=sync_id)
    if link.wanted_first_sync:
        registry.mark_first_sync_requested(link.dossier_id)
    sync = _Sync(link, house, options, report, sync_id, started)
    try:
        outcome = sync.run()
    except Exception as error:
        outcome = sync.failed(told(error))
    except BaseException:
        registry.finish_run(sync_id, status="failed", error_kind="interrupted", error_message="The sync was stopped.")
        raise
    error = outcome.error
    registry.finish_run(
        sync_id,
        status=outcome.status,
        rows_read=sync.rows_read,
        rows_loaded=sync.rows_loaded,
        rows_deleted=sync.rows_deleted,
        vendor_calls=outcome.vendor_calls,
        error_kind=error.kind if error else None,
        error_message=str(error) if error else None,
        next_retry_at=error.resume_at if isinstance(error, RateLimited) else None,
    )
    return outcome


class _Sync:
    """The steps of one sync and what they hand to one another."""

    def __init__(
        self, link: Link, house: House, options: SyncOptions, report: Report, sync_id: str, started: datetime
    ) -> None:
        self.link, self.house, self.options, self.report = link, house, options, report
        self.sync_id, self.started = sync_id, started
        self.software = link.software
        self.rules_version = f"{scripts.version()} {chart.version()} {package(link.software).reading}"
        self.mode = link.mode
        self.since = link.transfer_date if link.mode == "from_date" else None
        self.work = house.home.scratch / link.dossier_id
        self.rows_read = self.rows_loaded = self.rows_deleted = self.calls = 0
        self.incremental = False
        self.rules: list[MappingRule] = []

    def run(self) -> Outcome:
        with self._work_folder():
            self.report("link", 0)
            standing = self.house.warehouse.standing(self.link.dossier_id, keep_before=self.since)
            overrides, self.rules = self._overrides(), self._rules()
            wanted = freshness(self.options.trigger, self.started)
            with self.house.connector(
                self.link.connection_id, work=self.work, report=self.report, freshness=wanted
            ) as connector:
                try:
                    snapshot = self._landed(connector, standing)
                    if snapshot.unchanged and self._same_rules(standing, overrides):
                        return self._unchanged(standing, connector)
                    try:
                        results = self._load_proven(connector, snapshot, standing, overrides)
                    except ChecksFailed as failure:
                        if not self.incremental:
                            raise
                        # Changes that do not add up to sound books may have missed something: read everything, once.
                        log.warning("sync %s: %s; reading everything", self.sync_id, failure.cause)
                        snapshot = self._landed(connector, standing, afresh=True)
                        results = self._load_proven(connector, snapshot, standing, overrides)
                finally:
                    self.calls = connector.calls
                    self._prune(standing)
            self._publish()
            return self._outcome("synced", results)

    def _load_proven(
        self, connector: Connector, snapshot: Snapshot, standing: Standing, overrides: Sequence[Override]
    ) -> list[CheckResult]:
        """Normalize, map, check; load only what passes. Raises ChecksFailed otherwise."""
        with Workbench(self.work) as bench:
            results = self._prove(bench, connector, snapshot, standing, overrides)
            refuse_failed(results)
            self._load(bench, snapshot, standing, overrides, connector)
        return results

    def failed(self, error: GrandlivreError) -> Outcome:
        """The outcome of a sync that raised; the connection's health follows from the kind of error."""
        error.about(f"dossier {self.link.dossier_id}")
        error.next_step = error.next_step.replace("CONNECTION", self.link.connection_id)
        if error.kind in _HEALTH and not self.options.from_landing:
            try:
                self.house.registry.set_health(self.link.connection_id, _HEALTH[error.kind], error.cause)
            except GrandlivreError:
                log.warning("the health of connection %s could not be noted", self.link.connection_id)
        parked = isinstance(error, RateLimited) and error.resume_at is not None
        return Outcome(
            self.link.dossier_id,
            "parked" if parked else "failed",
            seconds=self._seconds(),
            vendor_calls=self.calls,
            sync_id=self.sync_id,
            error=error,
        )

    def _landed(self, connector: Connector, standing: Standing, *, afresh: bool = False) -> Snapshot:
        """Extract and land; or, from landing, the snapshot that the standing figures were made from.

        ``afresh`` reads everything, whatever stands.
        """
        landing, dossier = self.house.landing, self.link.dossier_id
        ours = standing.snapshot_id is not None and standing.link_id == self.link.link_id
        before = landing.snapshot(self.software, dossier, standing.snapshot_id or "", work=self.work) if ours else None
        if self.options.from_landing:
            if before is None:
                raise WrongInput(
                    "nothing is landed for this dossier and its present link",
                    next_step="Sync it once without --from-landing.",
                )
            return before
        self.report("extract", 0)
        kept = landing.kept(self.software, dossier, self.link.link_id, connector.resources, work=self.work)
        request = ExtractRequest(
            self.link.external_id,
            since=self.since,
            cursor=standing.cursor if before and not afresh else None,
            totals_only=self.link.mode == "totals",
            resume=kept.resume,
        )
        # What is always read whole is not read again when checks fail: it would say the same.
        self.incremental = request.cursor is not None and "incremental" in package(self.software).capabilities
        snapshot = landing.land(
            self.software,
            dossier,
            f"{self.sync_id}-afresh" if afresh else self.sync_id,
            connector.resources,
            self._announced(connector.extract(request)),
            work=self.work,
            previous=before,
            kept=kept,
        )
        self.house.registry.set_health(self.link.connection_id, "ok", None)
        self.rows_read += snapshot.rows_read
        return snapshot

    def _announced(self, events: Iterator[Event]) -> Iterator[Event]:
        """The connector's events, and word when they are through: what follows is no longer the vendor's time."""
        yield from events
        self.report("land", 0)

    def _prove(
        self,
        bench: Workbench,
        connector: Connector,
        snapshot: Snapshot,
        standing: Standing,
        overrides: Sequence[Override],
    ) -> list[CheckResult]:
        """Normalize, map and check."""
        self.report("normalize", sum(snapshot.rows.values()))
        bench.mount(snapshot.files)
        connector.normalize(bench.db)
        require_complete(bench.db)
        years = bench.db.execute("SELECT label, start_date, end_date, closed FROM books.fiscal_years").fetchall()
        self.house.registry.record_package_years(self.link.dossier_id, [FiscalYear(*year) for year in years])
        self.report("map", 0)
        self.mode = "totals" if any(note.code == "totals_only" for note in snapshot.notes) else self.link.mode
        totals = self.mode == "totals"
        bench.prepare(
            country=self._country(bench),
            overrides=overrides,
            rules=self.rules,
            kept=standing.kept if self.since else {},
            since=self.since,
            totals=totals,
            before=self.house.warehouse.remembered(self.link.dossier_id) if standing.sync_id else None,
        )
        self.report("check", 0)
        told = bench.count("work.trial_balances" if totals else "work.journal_lines")
        self._refuse_shrunk(told, standing)
        codes = {note.code for note in snapshot.notes}
        bench.check(
            Trust(
                entries="warning" if "loose_entries" in codes else "error",
                closed_years="warning" if "loose_closed_years" in codes else "error",
                revaluation="revaluation_not_booked" in codes,
            ),
            self._cause(snapshot, standing),
        )
        bench.note("counts_complete", "error", *_counted(snapshot.stated))
        for note in snapshot.notes:
            bench.note(note.code, "warning", False, note.count, note.message)
        return bench.results()

    def _cause(self, snapshot: Snapshot, standing: Standing) -> str:
        """Why balances may differ from those that stand."""
        if standing.link_id != self.link.link_id or standing.mode != self.mode:
            return "moved"
        return "correction" if snapshot.snapshot_id == standing.snapshot_id else "package"

    def _refuse_shrunk(self, told: int, standing: Standing) -> None:
        """Raises EmptyAnswer where far less is told than stands; between lines and totals only nothing is less."""
        alike = (standing.mode == "totals") == (self.mode == "totals")
        before = standing.lines if alike else min(standing.lines, 1)
        if self.options.accept_empty or told * 2 >= before:
            return
        what = "balances" if self.mode == "totals" else "lines"
        raise EmptyAnswer(
            f"the package now tells {told} {what} where {before} stand",
            next_step=f"If this is right, confirm it with: grandlivre sync {self.link.dossier_id} --accept-empty.",
        )

    def _load(
        self,
        bench: Workbench,
        snapshot: Snapshot,
        standing: Standing,
        overrides: Sequence[Override],
        connector: Connector,
    ) -> None:
        self.report("load", bench.count("work.journal_lines"))
        told = bench.db.execute("SELECT name, code, country, currency, vat_number FROM books.dossier").fetchall()
        name, code, country, currency, vat_number = told[0] if told else (None,) * 5
        link = self.link
        facts = DossierFacts(
            dossier_id=link.dossier_id,
            firm_id=link.firm_id,
            link_id=link.link_id,
            connection_id=link.connection_id,
            software=self.software,
            external_id=link.external_id,
            name=name if name and name != link.external_id else link.name,
            code=code or link.code,
            country=country or link.country,
            currency=currency or link.currency or "EUR",
            vat_number=vat_number or link.vat_number,
            mode=self.mode,
            since=self.since,
        )
        record = LoadRecord(
            sync_id=self.sync_id,
            snapshot_id=snapshot.snapshot_id,
            cursor=snapshot.cursor,
            calendar=calendar_mark(overrides, self.rules),
            rules=self.rules_version,
            cause=self._cause(snapshot, standing),
            as_of=standing.as_of if self.options.from_landing else _read_at(connector),
            trigger=self.options.told_trigger,
            started_at=self.started,
            finished_at=self.house.now(),
            rows_read=self.rows_read,
            vendor_calls=connector.calls,
            dagster_run_id=self.options.dagster_run_id,
        )
        loaded = self.house.warehouse.load(bench, facts, record)
        self.rows_loaded, self.rows_deleted = loaded.inserted, loaded.deleted
        self.report("tell", loaded.inserted)

    def _unchanged(self, standing: Standing, connector: Connector) -> Outcome:
        self.house.warehouse.confirm(self.link.dossier_id, _read_at(connector) or self.house.now())
        self._publish()
        return Outcome(
            self.link.dossier_id,
            "unchanged",
            lines=standing.lines,
            difference=standing.difference,
            seconds=self._seconds(),
            vendor_calls=connector.calls,
            sync_id=self.sync_id,
        )

    def _outcome(self, status: str, results: Sequence[CheckResult]) -> Outcome:
        proof = next((r for r in results if r.name == "equals_package"), None)
        return Outcome(
            self.link.dossier_id,
            status,
            lines=self.rows_loaded,
            difference=proof.value if proof and proof.passed is not None else None,
            seconds=self._seconds(),
            vendor_calls=self.calls,
            sync_id=self.sync_id,
            checks=tuple(results),
        )

    def _overrides(self) -> list[Override]:
        years = self.house.registry.fiscal_years(self.link.dossier_id)
        return [Override(y.label, y.start_date, y.end_date) for y in years if y.source == "override"]

    def _rules(self) -> list[MappingRule]:
        rules = self.house.registry.mapping_rules(self.link.dossier_id)
        return [
            MappingRule(
                "dossier" if r.dossier_id else "firm", r.match, r.account, r.code, r.account_type, r.closed_years
            )
            for r in rules
        ]

    def _same_rules(self, standing: Standing, overrides: Sequence[Override]) -> bool:
        in_force = calendar_mark(overrides, self.rules)
        return standing.rules_version == self.rules_version and standing.calendar == in_force

    def _country(self, bench: Workbench) -> str | None:
        told = bench.db.execute("SELECT country FROM books.dossier").fetchall()
        return (told[0][0] if told else None) or self.link.country

    def _publish(self) -> None:
        self.report("publish", self.rows_loaded)
        if self.options.publish:
            self.house.warehouse.publish()

    def _prune(self, standing: Standing) -> None:
        """Clears old snapshots away; trouble with that is no reason for a sync to fail."""
        try:
            self.house.landing.prune(self.software, self.link.dossier_id, standing.snapshot_id or "")
        except (OSError, GrandlivreError) as error:
            log.warning("old snapshots of dossier %s stay: %s", self.link.dossier_id, error)

    def _seconds(self) -> float:
        return (self.house.now() - self.started).total_seconds()

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        """The dossier's own folder for unfinished files; what a crashed sync left there goes first."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        try:
            yield self.work
        finally:
            shutil.rmtree(self.work, ignore_errors=True)


def _read_at(connector: Connector) -> datetime | None:
    """When the dossier was read, where that was not now."""
    return connector.as_of if isinstance(connector, DeliveredConnector) else None


def _counted(stated: Mapping[str, int]) -> tuple[bool | None, int | None, str]:
    """The check of counts: the landing refuses fewer rows than were announced, so what is landed has them all."""
    if not stated:
        return None, None, "no counts were stated"
    told = ", ".join(f"{count} {name}" for name, count in sorted(stated.items()))
    return True, 0, f"all came that the package announced: {told}"


_HEALTH = {kind: kind for kind in ("needs_login", "rate_limited", "vendor_down", "agent_offline")}


def calendar_mark(overrides: Sequence[Override], rules: Sequence[MappingRule] = ()) -> str:
    """A fingerprint of people's corrections to years and mapping: figures are made again when it changes."""
    years = sorted(f"{o.label}:{o.start}:{o.end}" for o in overrides)
    mapping = sorted(
        f"{r.scope} {r.match} {r.account}={r.code}{' also closed' if r.closed_years else ''}" for r in rules
    )
    text = ";".join(years + mapping)
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""
