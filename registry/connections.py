"""Firms and their connections: settings in the open, secrets sealed, health as last seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from foundation.errors import GrandlivreError, ReportABug, WrongInput
from foundation.secrets import Secret, redact
from registry import models
from registry.database import Database
from registry.names import did_you_mean, first_free, require_id, slug
from registry.records import NOT_TRIED, Connection, Firm, record

# A consent's tokens rotate: they live with the tokens from the start, so that no stale copy can ever be used.
_ROTATING = ("refresh_token", "access_token", "expires_at", "issued_at", "consent_expires_at")
_LONGEST_TEXT, _LONGEST_NAME = 4000, 200
_SEEN_JUST_NOW = timedelta(minutes=1)


class Connections(Database):
    """Firms, connections, secrets and health."""

    def ensure_firm(self, name_or_slug: str) -> Firm:
        """The firm of that name or slug, made when there is none. Two names with one slug are one firm."""
        firm_id = slug(name_or_slug, longest=120)
        if not firm_id:
            raise WrongInput(f"{name_or_slug!r} cannot name a firm", next_step="Use a name with letters or digits.")
        with self.writing() as session:
            row = session.get(models.Firm, firm_id)
            if row is None:
                row = models.Firm(firm_id=firm_id, name=name_or_slug.strip(), created_at=self.now())
                session.add(row)
            return record(Firm, row)

    def firm(self, name_or_slug: str) -> Firm:
        """The firm of that name or slug. Raises WrongInput, with near misses, when there is none."""
        with self.reading() as session:
            row = session.get(models.Firm, slug(name_or_slug, longest=120))
            if row is not None:
                return record(Firm, row)
            known = {firm.firm_id: firm.name for firm in session.scalars(select(models.Firm))}
        raise WrongInput(
            f"there is no firm {name_or_slug!r}{did_you_mean(name_or_slug, known)}",
            next_step="`grandlivre connections` shows the firms.",
        )

    def firms(self) -> list[Firm]:
        """Every firm, by name."""
        with self.reading() as session:
            return [record(Firm, row) for row in session.scalars(select(models.Firm).order_by(models.Firm.name))]

    def add_connection(
        self,
        software: str,
        firm: str,
        name: str | None = None,
        settings: Mapping[str, str] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        *,
        created_by: str | None = None,
    ) -> Connection:
        """Keeps a new connection of ``firm`` (made when new) to the package ``software`` (a slug).

        A ``refresh_token`` or ``access_token`` among the secrets goes to the connection's tokens. Until
        :meth:`set_health` says otherwise the health is ``needs_login``: nobody has tried the connection yet.
        """
        require_id(software, "a package")
        owner = self.ensure_firm(firm)
        with self.writing() as session:
            self._create_vault(session)
            wanted = f"{software}-{owner.firm_id[:40].rstrip('-')}"
            alike = select(models.Connection.id).where(models.Connection.id.startswith(wanted, autoescape=True))
            row = models.Connection(
                id=first_free(wanted, set(session.scalars(alike))),
                firm_id=owner.firm_id,
                software=software,
                name=name or owner.name,
                settings=dict(settings or {}),
                health="needs_login",
                health_detail=NOT_TRIED,
                health_at=self.now(),
                created_at=self.now(),
                created_by=created_by,
            )
            self._seal(row, secrets or {})
            session.add(row)
            return record(Connection, row)

    def remove_connection(self, connection_id: str) -> None:
        """Forgets a connection and its secrets. Raises WrongInput when a dossier is, or was, linked to it."""
        with self.writing() as session:
            row = self.connection_row(session, connection_id)
            used = select(models.Link.dossier_id).where(models.Link.connection_id == connection_id)
            dossier = session.scalars(used).first()
            if dossier is not None:
                raise WrongInput(
                    f"connection {connection_id} is that of dossier {dossier}",
                    next_step="Connections with dossiers are kept.",
                )
            session.delete(row)

    def connection(self, connection_id: str) -> Connection:
        """One connection. Raises WrongInput, with near misses, when there is none."""
        with self.reading() as session:
            return record(Connection, self.connection_row(session, connection_id))

    def find_connection(self, connection_id: str) -> Connection | None:
        """One connection; None when there is none."""
        with self.reading() as session:
            row = session.get(models.Connection, connection_id)
            return record(Connection, row) if row else None

    def connections(self, firm: str | None = None, software: str | None = None) -> list[Connection]:
        """The connections, by id; of one firm (name or slug) or one package when asked."""
        query = select(models.Connection).order_by(models.Connection.id)
        if firm is not None:
            query = query.where(models.Connection.firm_id == self.firm(firm).firm_id)
        if software is not None:
            query = query.where(models.Connection.software == software)
        with self.reading() as session:
            return [record(Connection, row) for row in session.scalars(query)]

    def secrets(self, connection_id: str) -> dict[str, Secret]:
        """The secrets by the vendor's own names, without the rotating tokens (see :mod:`registry.tokens`)."""
        with self.reading() as session:
            sealed = self.connection_row(session, connection_id).sealed_secrets
        return self.vault.unseal_all(sealed, f"connection {connection_id}")

    def replace_secrets(
        self,
        connection_id: str,
        secrets: Mapping[str, Secret],
        *,
        settings: Mapping[str, str] | None = None,
        keep_tokens: bool = False,
    ) -> Connection:
        """Puts other secrets (and settings, when given) in the place of all present ones.

        The tokens of the consent before are forgotten too, unless ``keep_tokens`` says that the consent goes on: then
        they stay as they are, until there is a ``refresh_token`` among ``secrets``. Waits for a renewal of tokens that
        is under way, which would otherwise write the old consent's over the new; so not to be called while holding the
        connection.
        """
        self.connection(connection_id)
        with self.locks.connection(connection_id, timeout=120), self.writing() as session:
            row = self.connection_row(session, connection_id)
            self._seal(row, secrets, keep_tokens=keep_tokens and not secrets.get("refresh_token"))
            if settings is not None:
                row.settings = dict(settings)
            return record(Connection, row)

    def rename_connection(self, connection_id: str, name: str) -> Connection:
        """Calls a connection ``name`` from now on; its id stays. Raises WrongInput for an empty name."""
        if not name.strip():
            raise WrongInput("a connection needs a name", next_step="Give one.")
        with self.writing() as session:
            row = self.connection_row(session, connection_id)
            row.name = name.strip()[:_LONGEST_NAME]
            return record(Connection, row)

    def set_health(
        self, connection_id: str, health: str, detail: str | None = None, expires_at: datetime | None = None
    ) -> None:
        """Notes the health just seen (one of :data:`registry.models.HEALTH`).

        ``expires_at``, when the consent lapses, stays as it was when it is not given.
        """
        if health not in models.HEALTH:
            raise ReportABug(f"{health!r} is not a health of connections")
        with self.reading() as session:
            row = self.connection_row(session, connection_id)
            known = row.health == health and row.health_detail is None and detail is None and expires_at is None
            if known and self.now() - row.health_at < _SEEN_JUST_NOW:
                return  # as after each dossier of a night: a write would cost every one of them a wait for the disk
        with self.writing() as session:
            row = self.connection_row(session, connection_id)
            row.health, row.health_at = health, self.now()
            row.health_detail = self._clean(detail, row) if detail else None
            row.expires_at = expires_at or row.expires_at

    def rotate_vault(self) -> int:
        """Puts a new key in front of the vault's source and seals everything anew with it; returns how many rows.

        In the environment, people put the new key in front first. Safe while syncs run, and safe to repeat after a
        crash: old keys stay readable, and whatever is written from now on is sealed with the new one.
        """
        with self.writing() as session:
            self._create_vault(session)
        self.vault.renew()
        with self.writing() as session:
            rows = session.scalars(select(models.Connection).with_for_update()).all()
            for row in rows:
                subject = f"connection {row.id}"
                row.sealed_secrets = self.vault.reseal(row.sealed_secrets, subject)
                if row.sealed_tokens is not None:
                    row.sealed_tokens = self.vault.reseal(row.sealed_tokens, subject)
            return len(rows)

    def connection_row(self, session: Session, connection_id: str) -> models.Connection:
        """The row itself, inside the transaction of ``session``; for the other parts of the registry."""
        row = session.get(models.Connection, connection_id)
        if row is not None:
            return row
        known = {each.id: each.name for each in session.scalars(select(models.Connection))}
        raise WrongInput(
            f"there is no connection {connection_id!r}{did_you_mean(connection_id, known)}",
            next_step="`grandlivre connections` shows them all.",
        )

    def _create_vault(self, session: Session) -> None:
        """Makes the first key before the first connection. Later, a missing key is a lost key: not to be replaced."""
        if not session.scalar(select(func.count()).select_from(models.Connection)):
            self.vault.create()

    def _seal(self, row: models.Connection, secrets: Mapping[str, Secret], *, keep_tokens: bool = False) -> None:
        rotating = {name: secrets[name].reveal() for name in _ROTATING if secrets.get(name)}
        row.sealed_secrets = self.vault.seal_all({name: s for name, s in secrets.items() if name not in _ROTATING})
        if not keep_tokens:
            self.seal_tokens(row, rotating)

    def seal_tokens(self, row: models.Connection, fields: Mapping[str, Any]) -> None:
        """Puts ``fields`` (that JSON can hold) in the place of the connection's tokens, with the end of its consent."""
        row.sealed_tokens = self.vault.seal(Secret(json.dumps(dict(fields)))) if fields else None
        lapses = fields.get("consent_expires_at")
        row.expires_at = datetime.fromisoformat(lapses) if lapses else None

    def _clean(self, text: str, row: models.Connection) -> str:
        """``text`` without what looks like a secret, nor any secret of this very connection."""
        for value in sorted(self._values(row), key=len, reverse=True):
            text = text.replace(value, "***")
        return redact(text)[:_LONGEST_TEXT]

    def _values(self, row: models.Connection) -> set[str]:
        try:
            values: list[Any] = [s.reveal() for s in self.vault.unseal_all(row.sealed_secrets, row.id).values()]
            if row.sealed_tokens is not None:
                tokens = json.loads(self.vault.unseal(row.sealed_tokens, row.id).reveal())
                values += [value for name, value in tokens.items() if not name.endswith("_at")]
        except GrandlivreError:
            return set()  # without the key there is nothing to compare with
        return {value for value in values if isinstance(value, str) and len(value) >= 4}
