"""Keys that people are let in by: a browser's session, a program's token, an invitation to choose a password.

A key is random and told once; only its SHA-256 is kept. It opens one firm, in one role: those of its person, as they
are at that moment.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from foundation.secrets import Secret
from registry import portal_models as models
from registry.people import People
from registry.portal_records import AccessKey, User
from registry.records import record

_SEEN_JUST_NOW = timedelta(minutes=1)


class Access(People):
    """The keys of all people."""

    def give_key(self, user_id: str, use: str, valid: timedelta, name: str | None = None) -> Secret:
        """A new key of a person, for a ``session``, a ``token`` or an ``invitation``. Nobody can tell it again."""
        key = secrets.token_urlsafe(32)
        with self.writing() as session:
            self._user_row(session, user_id)
            now = self.now()
            session.execute(delete(models.AccessKey).where(models.AccessKey.expires_at <= now))
            session.add(
                models.AccessKey(
                    key_hash=_hash(key),
                    user_id=user_id,
                    use=use,
                    name=name,
                    created_at=now,
                    seen_at=now,
                    expires_at=now + valid,
                )
            )
        return Secret(key)

    def key(self, text: str, use: str, *, idle: timedelta | None = None) -> AccessKey | None:
        """The key, seen just now; None for one that is not, or no longer, valid: expired, of another use, of a person
        who left, or not seen for as long as ``idle``."""
        with self.reading() as session:
            row = session.get(models.AccessKey, _hash(text))
            if row is None or row.use != use or row.expires_at <= self.now() or not row.user.active:
                return None
            if idle is not None and self.now() - row.seen_at > idle:
                return None
            found = _key(row)
        if self.now() - found.seen_at > _SEEN_JUST_NOW:
            with self.writing() as session:
                row = session.get(models.AccessKey, found.key_hash)
                if row is None:
                    return None
                row.seen_at = self.now()
        return found

    def keys_of(self, user_id: str, use: str) -> list[AccessKey]:
        """A person's keys of one use, the newest first."""
        query = select(models.AccessKey).where(models.AccessKey.user_id == user_id, models.AccessKey.use == use)
        with self.reading() as session:
            rows = session.scalars(query.order_by(models.AccessKey.created_at.desc()))
            return [_key(row) for row in rows if row.expires_at > self.now()]

    def end_key(self, key_hash: str) -> None:
        """Lets nobody in by this key any more; of one that is not there, nothing is said."""
        with self.writing() as session:
            session.execute(delete(models.AccessKey).where(models.AccessKey.key_hash == key_hash))

    def end_keys(self, user_id: str, use: str, *, but: str | None = None) -> None:
        """Ends a person's keys of one use, but the one with the hash ``but``."""
        theirs = (
            models.AccessKey.user_id == user_id,
            models.AccessKey.use == use,
            models.AccessKey.key_hash != (but or ""),
        )
        with self.writing() as session:
            session.execute(delete(models.AccessKey).where(*theirs))

    def keep_notes(self, key_hash: str, notes: Mapping[str, Any] | None) -> None:
        """Keeps what must be remembered between two pages of a session, sealed: it may hold what nobody may see."""
        with self.writing() as session:
            row = session.get(models.AccessKey, key_hash, with_for_update=True)
            if row is not None:
                self._create_vault(session)
                row.notes = self.vault.seal(Secret(json.dumps(notes))) if notes else None

    def notes(self, key_hash: str) -> dict[str, Any]:
        """What :meth:`keep_notes` kept; nothing for a session that is over."""
        with self.reading() as session:
            row = session.get(models.AccessKey, key_hash)
            sealed = row.notes if row else None
        return json.loads(self.vault.unseal(sealed, "a session").reveal()) if sealed else {}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key(row: models.AccessKey) -> AccessKey:
    return AccessKey(
        key_hash=row.key_hash,
        use=row.use,
        name=row.name,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        user=record(User, row.user),
    )
