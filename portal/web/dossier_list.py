"""The list of a firm's dossiers, a page at a time, as the page and the API tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from assets.health import STALE_AFTER
from connectors.catalog import package
from connectors.package import Package
from portal.web.dossier_state import DossierState, states
from portal.web.visitor import Visitor
from registry.dossier_pages import SHOWN, SORTS, Wanted
from registry.records import NOT_TRIED
from registry.store import Link, SyncRun

PAGE = 50


@dataclass(frozen=True)
class Search:
    """What somebody looks for; what is unknown among it is what is usual."""

    search: str = ""
    software: str = ""
    shown: str = "all"
    sort: str = "name"
    page: int = 1

    @classmethod
    def of(cls, search: str = "", software: str = "", shown: str = "", sort: str = "", page: int = 1) -> Search:
        return cls(
            search.replace("\0", "").strip()[:100],
            software.replace("\0", ""),
            shown if shown in SHOWN else "all",
            sort if sort in SORTS else "name",
            min(max(page, 1), 1_000_000),
        )

    def address(self, **changed: Any) -> str:
        """The address of the list with this search, but for what is ``changed``."""
        asked, usual = replace(self, **changed), Search()
        told = {name: value for name, value in vars(asked).items() if value != getattr(usual, name)}
        return f"/dossiers?{urlencode(told)}" if told else "/dossiers"


@dataclass(frozen=True)
class Row:
    """A dossier in the list. ``stale``: its figures are too old. ``health`` is its connection's, where that matters."""

    state: DossierState
    package: Package
    stale: bool
    health: str | None


@dataclass(frozen=True)
class Found:
    """A page of the list. ``softwares`` are the packages that the firm is connected to."""

    search: Search
    rows: list[Row]
    total: int
    softwares: list[str]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))


def find(visitor: Visitor, search: Search) -> Found:
    """The page that ``search`` asks for; the last one where there are not so many."""
    wanted = _wanted(visitor, search)
    registry = visitor.portal.registry
    links, total = registry.dossier_page(visitor.firm_id, wanted, offset=(search.page - 1) * PAGE, limit=PAGE)
    if not links and total:
        search = replace(search, page=-(-total // PAGE))
        links, total = registry.dossier_page(visitor.firm_id, wanted, offset=(search.page - 1) * PAGE, limit=PAGE)
    return Found(search, rows(visitor, links), total, registry.softwares(visitor.firm_id))


def find_all(visitor: Visitor, search: Search, limit: int) -> tuple[list[Link], int]:
    """The dossiers on all pages of a search, ``limit`` at most, and how many there are."""
    return visitor.portal.registry.dossier_page(visitor.firm_id, _wanted(visitor, search), limit=limit)


def rows(visitor: Visitor, links: Sequence[Link]) -> list[Row]:
    """These dossiers as the list shows them."""
    now = visitor.portal.house.now()
    connections = visitor.portal.registry.connections_of(links)
    told = []
    for state in states(visitor.portal.registry, links, visitor.firm_id):
        health, detail = connections[state.link.connection_id].standing(now)
        old = (state.figures_as_of or state.link.linked_at) < now - STALE_AFTER
        told.append(
            Row(state, package(state.link.software), old, health if health in _TOLD and detail != NOT_TRIED else None)
        )
    return told


def result(run: SyncRun | None, visitor: Visitor) -> str:
    """In a few words, what the latest sync came to; empty while there is nothing to tell."""
    t, f = visitor.texts, visitor.formats
    if run is None or run.status == "running":
        return ""
    if run.status == "failed":
        return t.get(f"errors.{run.error_kind}.what", t("errors.error.what"))
    if run.status == "parked":
        return t("dossiers.result.parked", until=f.moment(run.next_retry_at) or t("errors.later"))
    if run.status == "unchanged" or not (run.rows_loaded or run.rows_deleted):
        return t("dossiers.result.unchanged")
    clients = package(run.software).kind == "administrative"
    name = "dossiers.result.clients" if clients else "dossiers.result.synced"
    return t(name, loaded=f.number(run.rows_loaded), deleted=f.number(run.rows_deleted))


_TOLD = ("needs_login", "no_access", "expiring", "agent_offline")


def _wanted(visitor: Visitor, search: Search) -> Wanted:
    return Wanted(
        stale_before=visitor.portal.house.now() - STALE_AFTER,
        search=search.search,
        software=search.software or None,
        shown=search.shown,
        sort=search.sort,
    )
