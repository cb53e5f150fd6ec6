"""Links: which dossier is read from which place in which package, and how."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from foundation.errors import WrongInput
from registry import models
from registry.connections import Connections
from registry.names import RESERVED, did_you_mean, first_free, require_id, slug
from registry.records import Link, record


class Links(Connections):
    """The dossiers and their links. A dossier has one active link, and keeps its id when it moves."""

    def add_link(
        self,
        connection_id: str,
        external_id: str,
        *,
        code: str,
        name: str,
        dossier_id: str | None = None,
        mode: str = "replace",
        transfer_date: date | None = None,
        country: str | None = None,
        currency: str | None = None,
        vat_number: str | None = None,
        wanted_first_sync: bool = True,
    ) -> Link:
        """Links a new dossier to ``external_id`` of the connection.

        Its id is ``dossier_id``, or ``<code>-<name as a slug>`` with a number behind it where that is taken.
        ``transfer_date`` goes with the mode ``from_date`` and with no other. Raises WrongInput when the id is taken,
        or when another dossier is linked to this ``external_id``.
        """
        _require_mode(mode, transfer_date)
        if dossier_id is not None:
            require_id(dossier_id, "a dossier id")
        with self.writing() as session:
            connection = self.connection_row(session, connection_id)
            self._refuse_linked(session, connection_id, external_id)
            row = models.Link(
                dossier_id=self._new_id(session, dossier_id, code, name),
                firm_id=connection.firm_id,
                external_id=external_id,
                code=code,
                name=name,
                mode=mode,
                transfer_date=transfer_date,
                country=country,
                currency=currency,
                vat_number=vat_number,
                wanted_first_sync=wanted_first_sync,
            )
            return self._insert(session, row, connection)

    def relink(
        self,
        dossier_id: str,
        connection_id: str,
        external_id: str,
        *,
        code: str | None = None,
        name: str | None = None,
        mode: str = "replace",
        transfer_date: date | None = None,
        country: str | None = None,
        currency: str | None = None,
        vat_number: str | None = None,
        wanted_first_sync: bool = True,
    ) -> Link:
        """Moves a dossier to another place, package or mode: a new link takes over, the old one is kept, inactive. One
        that was unlinked comes back.

        What is not given stays as the old link had it. Raises WrongInput for a connection of another firm.
        """
        _require_mode(mode, transfer_date)
        with self.writing() as session:
            old = self._latest_row(session, dossier_id) or self.link_row(session, dossier_id)
            connection = self.connection_row(session, connection_id)
            if connection.firm_id != old.firm_id:
                raise WrongInput(
                    f"dossier {dossier_id} is of firm {old.firm_id}, the connection of firm {connection.firm_id}",
                    next_step="Link it there as a new dossier.",
                )
            self._refuse_linked(session, connection_id, external_id, but=dossier_id)
            if old.active:
                old.active, old.unlinked_at, old.wanted_first_sync = False, self.now(), False
            session.flush()  # the old link is out of force before the new one comes in
            row = models.Link(
                dossier_id=dossier_id,
                firm_id=old.firm_id,
                external_id=external_id,
                code=code or old.code,
                name=name or old.name,
                mode=mode,
                transfer_date=transfer_date,
                country=country or old.country,
                currency=currency or old.currency,
                vat_number=vat_number or old.vat_number,
                wanted_first_sync=wanted_first_sync,
            )
            return self._insert(session, row, connection)

    def unlink(self, dossier_id: str) -> None:
        """Ends a dossier's link; the dossier keeps its id, and :meth:`relink` gives it a new one. Raises WrongInput, as
        :meth:`link` does."""
        with self.writing() as session:
            row = self.link_row(session, dossier_id)
            row.active, row.unlinked_at, row.wanted_first_sync = False, self.now(), False

    def link(self, dossier_id: str) -> Link:
        """The active link of a dossier. Raises WrongInput, with near misses, when there is no such dossier."""
        with self.reading() as session:
            return record(Link, self.link_row(session, dossier_id))

    def find_link(self, dossier_id: str) -> Link | None:
        """The active link of a dossier; None when there is none."""
        with self.reading() as session:
            row = session.scalars(
                select(models.Link).where(models.Link.active, models.Link.dossier_id == dossier_id)
            ).first()
            return record(Link, row) if row else None

    def last_link(self, dossier_id: str) -> Link | None:
        """The active link of a dossier, or its last one; None where no dossier ever had the id."""
        with self.reading() as session:
            row = self._latest_row(session, dossier_id)
            return record(Link, row) if row else None

    def proposed_id(self, code: str, name: str) -> str:
        """The id that a new dossier would get."""
        with self.reading() as session:
            return self._new_id(session, None, code, name)

    def links(
        self,
        software: str | None = None,
        firm: str | None = None,
        *,
        connection_id: str | None = None,
        active: bool | None = True,
        wanted_first_sync: bool | None = None,
    ) -> list[Link]:
        """The links, by dossier id. ``active`` None gives those of the past too."""
        query = select(models.Link).join(models.Link.connection)
        query = query.order_by(models.Link.dossier_id, models.Link.linked_at, models.Link.link_id)
        if software is not None:
            query = query.where(models.Connection.software == software)
        if firm is not None:
            query = query.where(models.Link.firm_id == self.firm(firm).firm_id)
        if connection_id is not None:
            query = query.where(models.Link.connection_id == connection_id)
        if active is not None:
            query = query.where(models.Link.active.is_(active))
        if wanted_first_sync is not None:
            query = query.where(models.Link.wanted_first_sync.is_(wanted_first_sync))
        with self.reading() as session:
            return [record(Link, row) for row in session.scalars(query)]

    def dossiers_per_connection(self, firm_id: str) -> dict[str, int]:
        """How many dossiers are in use through each of a firm's connections; those without any are not in it."""
        ours = models.Link.firm_id == firm_id, models.Link.active
        query = select(models.Link.connection_id, func.count()).where(*ours).group_by(models.Link.connection_id)
        with self.reading() as session:
            return dict(session.execute(query).tuples().all())

    def dossier_ids(self, software: str) -> list[str]:
        """The dossiers that are linked in a package: what a night of very many needs to know, and no more."""
        query = select(models.Link.dossier_id).join(models.Link.connection).order_by(models.Link.dossier_id)
        query = query.where(models.Connection.software == software, models.Link.active.is_(True))
        with self.reading() as session:
            return list(session.scalars(query))

    def mark_first_sync_requested(self, dossier_id: str) -> None:
        """The first sync of the dossier's present link was asked for; it is no longer wanted."""
        with self.writing() as session:
            self.link_row(session, dossier_id).wanted_first_sync = False

    def link_row(self, session: Session, dossier_id: str) -> models.Link:
        """The row of the active link, inside the transaction of ``session``; for the other parts of the registry."""
        active = select(models.Link).where(models.Link.active)
        row = session.scalars(active.where(models.Link.dossier_id == dossier_id)).first()
        if row is not None:
            return row
        if (gone := self._latest_row(session, dossier_id)) is not None:
            raise WrongInput(
                f"dossier {dossier_id} is no longer linked; its figures stay in the warehouse",
                next_step=f"Link it again: grandlivre link {gone.connection_id} {gone.external_id} "
                f"--dossier {dossier_id}",
            )
        known = {each.dossier_id: f"{each.code} {each.name}" for each in session.scalars(active)}
        raise WrongInput(
            f"there is no dossier {dossier_id!r}{did_you_mean(dossier_id, known)}",
            next_step="`grandlivre dossiers` shows them all.",
        )

    def _latest_row(self, session: Session, dossier_id: str) -> models.Link | None:
        """The row of the dossier's present link, or of its last one."""
        of_dossier = select(models.Link).where(models.Link.dossier_id == dossier_id)
        return session.scalars(of_dossier.order_by(models.Link.active.desc(), models.Link.unlinked_at.desc())).first()

    def _refuse_linked(self, session: Session, connection_id: str, external_id: str, *, but: str | None = None) -> None:
        linked = select(models.Link.dossier_id).where(
            models.Link.connection_id == connection_id, models.Link.external_id == external_id, models.Link.active
        )
        other = session.scalars(linked).first()
        if other is not None and other != but:
            raise WrongInput(
                f"{external_id!r} of connection {connection_id} is linked already, as dossier {other}",
                next_step=f"Use that dossier: grandlivre sync {other}.",
            )

    def _new_id(self, session: Session, given: str | None, code: str, name: str) -> str:
        parts = dict.fromkeys([slug(code), slug(name)])  # a folder has one name for both
        wanted = given or "-".join(part for part in parts if part) or "dossier"
        alike = select(models.Link.dossier_id).where(models.Link.dossier_id.startswith(wanted, autoescape=True))
        taken = {*session.scalars(alike), *RESERVED}
        if given is not None and given in taken:
            raise WrongInput(
                f"there is a dossier {given} already",
                next_step="Choose another id, or link that dossier anew if it moved.",
            )
        return first_free(wanted, taken)

    def _insert(self, session: Session, row: models.Link, connection: models.Connection) -> Link:
        before = session.scalar(
            select(func.count()).select_from(models.Link).where(models.Link.dossier_id == row.dossier_id)
        )
        row.link_id = f"{row.dossier_id}--{(before or 0) + 1}"
        row.connection_id = connection.id
        row.connection = connection
        row.active, row.linked_at, row.unlinked_at = True, self.now(), None
        session.add(row)
        session.flush()
        return record(Link, row)


def _require_mode(mode: str, transfer_date: date | None) -> None:
    if mode not in models.MODES:
        raise WrongInput(f"there is no mode {mode!r}", next_step=f"Use one of: {', '.join(models.MODES)}.")
    if mode == "from_date" and transfer_date is None:
        raise WrongInput("a link from a date needs the date", next_step="Give the first day of a fiscal year.")
    if mode != "from_date" and transfer_date is not None:
        raise WrongInput(f"a link of mode {mode} takes no date", next_step="Leave it out, or link from that date.")
