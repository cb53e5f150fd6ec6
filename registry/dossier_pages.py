"""A firm's dossiers a page at a time: searched, filtered and sorted by the database, whatever their number.

The latest runs of a dossier are found by the index of its runs, one dossier at a time, so that neither a page nor a
filter looks through years of runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, or_, select, text, union_all

from registry import models
from registry.names import plain
from registry.records import NOT_TRIED, Connection, Link, SyncRun, record
from registry.sync_runs import FROM_LANDING, SyncRuns, first_id

SORTS = ("name", "code", "software", "age")
SHOWN = ("all", "attention", "failed", "stale")
_AT_ONCE = 500


@dataclass(frozen=True)
class Wanted:
    """Which dossiers of a firm, and in which order.

    ``search`` is part of a name, code, id or VAT number, accents and case aside. ``shown`` is ``failed`` (the latest
    sync failed), ``stale`` (figures older than ``stale_before``, or none while the link is older), ``attention``
    (either, or the connection lets nobody in) or ``all``. ``sort`` ``age`` has the oldest figures first.
    """

    stale_before: datetime
    search: str = ""
    software: str | None = None
    shown: str = "all"
    sort: str = "name"

    @property
    def is_narrow(self) -> bool:
        return bool(self.search.strip() or self.shown != "all")


class LatestRuns(NamedTuple):
    """Of a dossier the latest run, and the latest that asked the package and left the figures good."""

    last: SyncRun | None = None
    good: SyncRun | None = None


class DossierPages(SyncRuns):
    """Dossiers as people look for them."""

    def dossier_page(self, firm_id: str, wanted: Wanted, *, offset: int = 0, limit: int = 50) -> tuple[list[Link], int]:
        """The links from ``offset`` on, ``limit`` at most, and how many there are in all."""
        total = self._wanted(select(func.count()), firm_id, wanted).scalar_subquery()
        # Of what is searched for there is one look, which counts too; all that there is is counted by itself, sooner.
        counted = func.count().over() if wanted.is_narrow else total
        query = self._wanted(select(models.Link.link_id, counted), firm_id, wanted).order_by(*self._order(wanted.sort))
        with self.reading() as session:
            found = session.execute(query.limit(limit).offset(offset)).all()
            if not found:
                return [], (session.scalar(select(total)) or 0) if offset else 0
            rows = session.execute(_LINK.where(_LINKS.c.link_id.in_([row[0] for row in found])))
            links = {row.link_id: record(Link, row) for row in rows}
        return [links[row[0]] for row in found], int(found[0][1])

    def softwares(self, firm_id: str) -> list[str]:
        """The packages that a firm has a connection to, by slug."""
        query = select(models.Connection.software).where(models.Connection.firm_id == firm_id).distinct()
        with self.reading() as session:
            return sorted(session.scalars(query))

    def connections_in_use(self, firm_id: str) -> dict[str, int]:
        """How many dossiers are read through each connection of a firm that has any, by its id."""
        ours = select(models.Link.connection_id, func.count()).where(models.Link.firm_id == firm_id, models.Link.active)
        with self.reading() as session:
            return {each: int(count) for each, count in session.execute(ours.group_by(models.Link.connection_id))}

    def runs_of(self, dossier_ids: Collection[str]) -> dict[str, LatestRuns]:
        """The latest runs of each of these dossiers that has any."""
        ids = list(dossier_ids)
        last: dict[str, SyncRun] = {}
        good: dict[str, SyncRun] = {}
        with self.reading() as session:
            for start in range(0, len(ids), _AT_ONCE):
                part = ids[start : start + _AT_ONCE]
                here = (models.Link.dossier_id.in_(part), models.Link.active)
                chosen = union_all(select(_latest_run()).where(*here), select(_good_run()).where(*here))
                for row in session.execute(select(_RUNS).where(_RUNS.c.sync_id.in_(chosen)).order_by(_RUNS.c.sync_id)):
                    run = last[row.dossier_id] = record(SyncRun, row)  # the latest comes last
                    if run.status in models.GOOD and run.trigger != FROM_LANDING:
                        good[row.dossier_id] = run
        return {dossier_id: LatestRuns(run, good.get(dossier_id)) for dossier_id, run in last.items()}

    def linked_at(self, connection_id: str, external_ids: Collection[str]) -> dict[str, str]:
        """Which of these places in a package are linked, and the dossier id of each."""
        query = select(models.Link.external_id, models.Link.dossier_id).where(
            models.Link.connection_id == connection_id,
            models.Link.external_id.in_(list(external_ids)),
            models.Link.active,
        )
        with self.reading() as session:
            return {row.external_id: row.dossier_id for row in session.execute(query)}

    def unlinked_from(self, connection_id: str, external_id: str) -> str | None:
        """The dossier that was read from this place last and is linked nowhere now; None where there is none."""
        here = select(models.Link.dossier_id).where(
            models.Link.connection_id == connection_id,
            models.Link.external_id == external_id,
            models.Link.dossier_id.not_in(select(models.Link.dossier_id).where(models.Link.active)),
        )
        with self.reading() as session:
            return session.scalars(here.order_by(models.Link.unlinked_at.desc())).first()

    def connections_of(self, links: Sequence[Link]) -> dict[str, Connection]:
        """The connections of these links, by id."""
        query = select(models.Connection).where(models.Connection.id.in_({link.connection_id for link in links}))
        with self.reading() as session:
            return {row.id: record(Connection, row) for row in session.scalars(query)}

    def _wanted(self, query: Select[Any], firm_id: str, wanted: Wanted) -> Select[Any]:
        """``query`` over the firm's dossiers that are wanted."""
        query = query.select_from(models.Link).where(models.Link.firm_id == firm_id, models.Link.active)
        if wanted.software or wanted.sort == "software" or wanted.shown == "attention":
            query = query.join(models.Connection, models.Connection.id == models.Link.connection_id)
        if wanted.software:
            query = query.where(models.Connection.software == wanted.software)
        if typed := plain(wanted.search.strip()):
            query = query.where(self._plain(_SEARCHED).contains(typed, autoescape=True))
        condition = _condition(wanted)
        return query if condition is None else query.where(condition)

    def _order(self, sort: str) -> list[ColumnElement[Any]]:
        name, last = self._plain(models.Link.name), models.Link.dossier_id.asc()
        match sort:
            case "code":
                return [models.Link.code.asc(), last]
            case "software":
                return [models.Connection.software.asc(), name.asc(), last]
            case "age":
                return [_good_run().asc().nulls_first(), last]  # ids of runs sort by time
        return [name.asc(), last]

    def _plain(self, told: Any) -> ColumnElement[str]:
        """The text without accents and case, as :func:`registry.names.plain` makes it."""
        if self._engine.dialect.name == "sqlite":
            return case((told.op("GLOB")("*[^ -~]*"), func.plain(told)), else_=func.lower(told))  # few have accents
        bare = func.regexp_replace(func.normalize(told, text("NFKD")), "[\u0300-\u036f]", "", "g")
        return func.replace(func.lower(bare), "ß", "ss")


_LINKS = models.Link.__table__
_LINK = select(_LINKS, models.Connection.software).join(
    models.Connection, models.Connection.id == _LINKS.c.connection_id
)
_RUNS = models.SyncRun.__table__
_OTHERS = models.SyncRun.__table__.alias("others")
_SEARCHED = (
    models.Link.name
    + " "
    + models.Link.code
    + " "
    + models.Link.dossier_id
    + " "
    + models.Link.external_id
    + " "
    + func.coalesce(models.Link.vat_number, "")
)
_SHUT = ("needs_login", "no_access")


def _latest_run() -> ScalarSelect[str]:
    """The id of the latest run of a link's dossier."""
    query = select(func.max(_OTHERS.c.sync_id)).where(_OTHERS.c.dossier_id == models.Link.dossier_id)
    return query.correlate(models.Link).scalar_subquery()


def _good_run() -> ScalarSelect[str]:
    """The id of the latest run of a link's dossier that asked the package and left the figures good."""
    query = select(_OTHERS.c.sync_id).where(
        _OTHERS.c.dossier_id == models.Link.dossier_id,
        _OTHERS.c.status.in_(models.GOOD),
        _OTHERS.c.trigger != FROM_LANDING,
    )
    return query.order_by(_OTHERS.c.sync_id.desc()).limit(1).correlate(models.Link).scalar_subquery()


def _condition(wanted: Wanted) -> ColumnElement[bool] | None:
    of_link = select(_OTHERS.c.status).where(_OTHERS.c.dossier_id == models.Link.dossier_id).correlate(models.Link)
    failed = of_link.order_by(_OTHERS.c.sync_id.desc()).limit(1).scalar_subquery() == "failed"
    lately = of_link.where(  # an id is never earlier than its start, and it has an index
        _OTHERS.c.sync_id >= first_id(wanted.stale_before),
        _OTHERS.c.started_at >= wanted.stale_before,
        _OTHERS.c.status.in_(models.GOOD),
        _OTHERS.c.trigger != FROM_LANDING,
    )
    old = and_(models.Link.linked_at < wanted.stale_before, ~lately.exists())
    shut = and_(models.Connection.health.in_(_SHUT), func.coalesce(models.Connection.health_detail, "") != NOT_TRIED)
    return {"failed": failed, "stale": old, "attention": or_(shut, failed, old)}.get(wanted.shown)
