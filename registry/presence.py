"""How a firm's people are let in, and when each was last seen."""

from __future__ import annotations

from sqlalchemy import func, select

from registry import portal_models as models
from registry.access import Access
from registry.portal_records import Presence, User
from registry.records import record


class Presences(Access):
    """The presence of the people of all firms."""

    def presences(self, firm_id: str) -> list[Presence]:
        """A firm's people, by name. Who signed out was last seen at their last deed."""
        keys, deeds = models.AccessKey, models.Deed
        users = select(models.User).where(models.User.firm_id == firm_id).order_by(models.User.name)
        seen = select(keys.user_id, func.max(keys.seen_at)).where(keys.use != "invitation").group_by(keys.user_id)
        acted = select(deeds.user_id, func.max(deeds.at)).where(deeds.firm_id == firm_id).group_by(deeds.user_id)
        invited = (
            select(keys.user_id, func.max(keys.expires_at))
            .where(keys.use == "invitation", keys.expires_at > self.now())
            .group_by(keys.user_id)
        )
        with self.reading() as session:
            rows = list(session.scalars(users))
            by_key, by_deed, until = ({row[0]: row[1] for row in session.execute(q)} for q in (seen, acted, invited))
            return [
                Presence(
                    user=record(User, row),
                    has_password=row.password_hash is not None,
                    last_seen=max((m[row.user_id] for m in (by_key, by_deed) if row.user_id in m), default=None),
                    invited_until=until.get(row.user_id),
                )
                for row in rows
            ]
