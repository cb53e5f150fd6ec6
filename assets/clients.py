"""One sync of the client list of an administrative package: extract, land, normalize, check, load, tell.

The list replaces the clients that stand for its connection. A client that is no longer in it stays, with status
``removed``; what changed is noted field by field.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from assets.outcomes import Outcome, SyncOptions
from assets.progress import Progress
from assets.steps import Steps, counted
from connectors.catalog import package
from connectors.client_lists.books import require_clients
from connectors.contract import Connector
from foundation.errors import EmptyAnswer
from registry.store import Link
from resources.house import House
from resources.landing import Snapshot
from warehouse import clients, scripts
from warehouse.bench import CheckResult, Workbench, refuse_failed
from warehouse.contract import DossierFacts
from warehouse.standing import Standing


class ClientsSync(Steps):
    """The steps of one sync of a client list and what they hand to one another."""

    def __init__(
        self, link: Link, house: House, options: SyncOptions, report: Progress, sync_id: str, started: datetime
    ) -> None:
        super().__init__(link, house, options, report, sync_id, started)
        self.rules_version = f"{scripts.version()} {clients.version()} {package(link.software).reading}"

    def run(self) -> Outcome:
        with self._work_folder():
            self.report("link", 0)
            before = self.house.warehouse.clients(self.link.dossier_id)
            standing = self.house.warehouse.standing(self.link.dossier_id)
            standing = replace(standing, lines=clients.listed(before))
            with self._connected() as connector:
                try:
                    snapshot = self._landed(connector, standing)
                    if snapshot.unchanged and standing.rules_version == self.rules_version:
                        return self._unchanged(standing, connector.calls)
                    with Workbench(self.work) as bench:
                        results = self._prove(bench, connector, snapshot, standing, before)
                        refuse_failed(results)
                        self._load(bench, snapshot, standing, connector.calls)
                finally:
                    self.calls = connector.calls
                    self._prune(standing)
            self._publish()
            return self._synced(results, self.rows_loaded)

    def _prove(
        self, bench: Workbench, connector: Connector, snapshot: Snapshot, standing: Standing, before: pa.Table
    ) -> list[CheckResult]:
        """Normalize and check; compare with what stands."""
        self.report("normalize", sum(snapshot.rows.values()))
        bench.mount(snapshot.files)
        connector.normalize(bench.db)
        require_clients(bench.db)
        self._refuse_shrunk(bench.count("books.clients"), standing)
        self.report("check", 0)
        link = self.link
        owner = clients.Owner(link.dossier_id, link.firm_id, link.connection_id, self.software)
        clients.prepare(bench, owner, before, cause=self._cause(snapshot, standing), moment=self.house.now())
        bench.note("counts_complete", "error", *counted(snapshot.stated))
        for note in snapshot.notes:
            bench.note(note.code, "warning", False, note.count, note.message)
        return bench.results()

    def _cause(self, snapshot: Snapshot, standing: Standing) -> str:
        """Why clients may differ from those that stand: the package's word, or newer rules over the same snapshot."""
        return "correction" if snapshot.snapshot_id == standing.snapshot_id else "package"

    def _refuse_shrunk(self, told: int, standing: Standing) -> None:
        """Raises EmptyAnswer where less than half of the clients that stand are told."""
        if self.options.accept_empty or told * 2 >= standing.lines:
            return
        raise EmptyAnswer(
            f"the package now lists {told} clients where {standing.lines} stand",
            next_step=f"If this is right, confirm it with: grandlivre sync {self.link.dossier_id} --accept-empty.",
        )

    def _load(self, bench: Workbench, snapshot: Snapshot, standing: Standing, calls: int) -> None:
        self.report("load", bench.count("work.clients"))
        link = self.link
        facts = DossierFacts(
            dossier_id=link.dossier_id,
            firm_id=link.firm_id,
            link_id=link.link_id,
            connection_id=link.connection_id,
            software=self.software,
            external_id=link.external_id,
            name=link.name,
            code=link.code,
            country=link.country,
            currency=None,
            vat_number=None,
            mode=link.mode,
            since=None,
            kind="clients",
        )
        record = self._record(
            snapshot, standing, calls, rules=self.rules_version, cause=self._cause(snapshot, standing)
        )
        loaded = self.house.warehouse.load(bench, facts, record)
        self.rows_loaded, self.rows_deleted = loaded.inserted, loaded.deleted
        self.report("tell", loaded.inserted)
