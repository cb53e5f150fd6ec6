"""One sync of one dossier's books: extract, land, normalize, map, check, load, tell."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from assets.outcomes import Outcome, SyncOptions, log
from assets.progress import Progress
from assets.steps import Steps, counted
from connectors.books import require_complete
from connectors.catalog import package
from connectors.contract import Connector, FiscalYear
from foundation.errors import ChecksFailed, EmptyAnswer
from registry.store import Link
from resources.house import House
from resources.landing import Snapshot
from warehouse import chart, scripts
from warehouse.bench import CheckResult, MappingRule, Override, Trust, Workbench, refuse_failed
from warehouse.contract import DossierFacts
from warehouse.standing import Standing


class BooksSync(Steps):
    """The steps of one sync of books and what they hand to one another."""

    def __init__(
        self, link: Link, house: House, options: SyncOptions, report: Progress, sync_id: str, started: datetime
    ) -> None:
        super().__init__(link, house, options, report, sync_id, started)
        self.rules_version = f"{scripts.version()} {chart.version()} {package(link.software).reading}"
        self.mode = link.mode
        self.rules: list[MappingRule] = []

    def run(self) -> Outcome:
        with self._work_folder():
            self.report("link", 0)
            standing = self.house.warehouse.standing(self.link.dossier_id, keep_before=self.since)
            overrides, self.rules = self._overrides(), self._rules()
            with self._connected() as connector:
                try:
                    snapshot = self._landed(connector, standing)
                    if snapshot.unchanged and self._same_rules(standing, overrides):
                        return self._unchanged(standing, connector.calls)
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
            proof = next((r for r in results if r.name == "equals_package"), None)
            difference = proof.value if proof and proof.passed is not None else None
            return self._synced(results, self.rows_loaded, difference)

    def _load_proven(
        self, connector: Connector, snapshot: Snapshot, standing: Standing, overrides: Sequence[Override]
    ) -> list[CheckResult]:
        """Normalize, map, check; load only what passes. Raises ChecksFailed otherwise."""
        with Workbench(self.work) as bench:
            results = self._prove(bench, connector, snapshot, standing, overrides)
            refuse_failed(results)
            self._load(bench, snapshot, standing, overrides, connector.calls)
        return results

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
        bench.note("counts_complete", "error", *counted(snapshot.stated))
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
        self, bench: Workbench, snapshot: Snapshot, standing: Standing, overrides: Sequence[Override], calls: int
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
        record = self._record(
            snapshot,
            standing,
            calls,
            rules=self.rules_version,
            cause=self._cause(snapshot, standing),
            calendar=calendar_mark(overrides, self.rules),
        )
        loaded = self.house.warehouse.load(bench, facts, record)
        self.rows_loaded, self.rows_deleted = loaded.inserted, loaded.deleted
        self.report("tell", loaded.inserted)

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


def calendar_mark(overrides: Sequence[Override], rules: Sequence[MappingRule] = ()) -> str:
    """A fingerprint of people's corrections to years and mapping: figures are made again when it changes."""
    years = sorted(f"{o.label}:{o.start}:{o.end}" for o in overrides)
    mapping = sorted(
        f"{r.scope} {r.match} {r.account}={r.code}{' also closed' if r.closed_years else ''}" for r in rules
    )
    text = ";".join(years + mapping)
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""
