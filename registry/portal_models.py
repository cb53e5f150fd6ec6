"""The tables of the portal: people and their sessions, what they did, and what is seen of a sync while it runs.

Session and token secrets are kept as SHA-256 alone: they are random, and long enough that nothing slower is needed.
Passwords are kept as argon2 hashes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models import Base, Connection, Firm

ROLES = ("administrator", "accountant", "support", "analyst")


class User(Base):
    """A person of one firm. ``email`` is unique in any case of letters and kept in lower case; ``subject`` is who the
    person is at the identity provider that the firm signs in with."""

    __tablename__ = "users"
    __table_args__ = (
        Index("one_user_per_email", "email", unique=True),
        Index("one_user_per_subject", "issuer", "subject", unique=True),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    firm_id: Mapped[str] = mapped_column(ForeignKey(Firm.firm_id), index=True)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str | None]
    password_hash: Mapped[str | None]
    issuer: Mapped[str | None]
    subject: Mapped[str | None]
    active: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None]


class AccessKey(Base):
    """A secret that a person, or a program in a person's name, is let in by. ``use`` is ``session`` (a browser),
    ``token`` (a program) or ``invitation`` (used once, to choose a password). ``notes`` is what must be remembered
    between two pages, sealed with the vault."""

    __tablename__ = "access_keys"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.user_id), index=True)
    use: Mapped[str]
    name: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    notes: Mapped[str | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SignInAttempt(Base):
    """Failed sign-ins of late, by what they have in common (an e-mail address, a network address)."""

    __tablename__ = "sign_in_attempts"

    source: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]


class Deed(Base):
    """What a person did. Rows are never changed: they are the audit trail. ``what`` is a key of the portal's texts,
    ``subject`` the connection, dossier or person that it was done to; ``details`` never hold a secret."""

    __tablename__ = "deeds"
    __table_args__ = (Index(None, "firm_id", "id"), Index(None, "firm_id", "subject"))

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[str] = mapped_column(ForeignKey(Firm.firm_id))
    user_id: Mapped[str | None]
    who: Mapped[str]
    at: Mapped[datetime]
    what: Mapped[str]
    subject: Mapped[str | None]
    details: Mapped[dict[str, Any]]


class SyncProgress(Base):
    """How far the sync of a dossier is that was asked for last. ``stage`` is ``asked`` until it starts; ``waits_until``
    is when a wait for a vendor's budget ends."""

    __tablename__ = "sync_progress"

    dossier_id: Mapped[str] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str | None]
    dagster_run_id: Mapped[str | None]
    sync_id: Mapped[str | None]
    stage: Mapped[str]
    rows: Mapped[int] = mapped_column(BigInteger)
    waits_until: Mapped[datetime | None]
    at: Mapped[datetime]


class DossierList(Base):
    """The dossiers that a connection could see when it was last asked."""

    __tablename__ = "dossier_lists"

    connection_id: Mapped[str] = mapped_column(ForeignKey(Connection.id, ondelete="CASCADE"), primary_key=True)
    dossiers: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    at: Mapped[datetime]
