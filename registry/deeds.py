"""The audit trail: who did what, to which connection, dossier or person, and when."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from foundation.secrets import redact
from registry import portal_models as models
from registry.connections import Connections
from registry.portal_records import Deed, User
from registry.records import record

_LONGEST = 500


class Deeds(Connections):
    """The deeds of the people of all firms."""

    def note_deed(
        self, user: User, what: str, subject: str | None = None, details: Mapping[str, str] | None = None
    ) -> None:
        """Notes what a person did. ``details`` are short texts, and never secrets."""
        self._note(user.firm_id, user.user_id, user.name, what, subject, details)

    def note_operator_deed(
        self, firm_id: str, who: str, what: str, subject: str | None = None, details: Mapping[str, str] | None = None
    ) -> None:
        """Notes what was done for a firm at the command line, by ``who`` as the machine knows them."""
        self._note(firm_id, None, who, what, subject, details)

    def deeds(
        self, firm_id: str, *, subject: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[Deed]:
        """A firm's deeds, the latest first; to one ``subject``, or older than the deed ``before``, when asked."""
        query = select(models.Deed).where(models.Deed.firm_id == firm_id)
        if subject is not None:
            query = query.where(models.Deed.subject == subject)
        if before is not None:
            query = query.where(models.Deed.id < before)
        with self.reading() as session:
            return [record(Deed, row) for row in session.scalars(query.order_by(models.Deed.id.desc()).limit(limit))]

    def _note(
        self,
        firm_id: str,
        user_id: str | None,
        who: str,
        what: str,
        subject: str | None,
        details: Mapping[str, str] | None,
    ) -> None:
        with self.writing() as session:
            session.add(
                models.Deed(
                    firm_id=firm_id,
                    user_id=user_id,
                    who=who,
                    at=self.now(),
                    what=what,
                    subject=subject,
                    details={name: redact(str(text))[:_LONGEST] for name, text in (details or {}).items()},
                )
            )
