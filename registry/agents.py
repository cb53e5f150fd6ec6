"""On-premise services: they enrol with a one-time code, prove themselves with a token, and report what they see.

A token is ``<agent id>.<random>``. When it is renewed the one before stays valid until the new one is first used, so
that an answer that was lost costs nothing. Only hashes are kept, and they are compared in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from foundation.errors import AskForAccess, WrongInput
from foundation.secrets import Secret, redact
from registry import agent_models as models
from registry.agent_records import Agent, AgentSource
from registry.connections import Connections
from registry.models import Connection
from registry.names import did_you_mean, first_free, slug
from registry.records import record

CODE_VALID = timedelta(days=1)
_SEEN_JUST_NOW = timedelta(seconds=30)
_LONGEST_TEXT = 2000


class Agents(Connections):
    """The services of all firms."""

    def add_agent(self, firm: str, name: str, *, created_by: str | None = None) -> Agent:
        """A new service of ``firm`` (made when new); it enrols with a code of :meth:`new_agent_code`."""
        wanted = slug(name)
        if not wanted:
            raise WrongInput(f"{name!r} cannot name a service", next_step="Use a name with letters or digits.")
        owner = self.ensure_firm(firm)
        with self.writing() as session:
            alike = select(models.Agent.agent_id).where(models.Agent.agent_id.startswith(wanted, autoescape=True))
            row = models.Agent(
                agent_id=first_free(wanted, set(session.scalars(alike))),
                firm_id=owner.firm_id,
                name=name.strip(),
                created_at=self.now(),
                created_by=created_by,
            )
            session.add(row)
            return record(Agent, row)

    def new_agent_code(self, agent_id: str) -> Secret:
        """A code with which the service enrols, once, within a day. Codes before it that nobody used are void."""
        code = base64.b32encode(secrets.token_bytes(15)).decode()
        with self.writing() as session:
            row = self._living(session, agent_id)
            unused = models.AgentCode.agent_id == row.agent_id, models.AgentCode.used_at.is_(None)
            session.execute(delete(models.AgentCode).where(*unused))
            session.add(
                models.AgentCode(code_hash=_hash(code), agent_id=row.agent_id, expires_at=self.now() + CODE_VALID)
            )
        return Secret("-".join(code[start : start + 6] for start in range(0, len(code), 6)))

    def enrol_agent(self, code: str, *, host: str, system: str, version: str) -> tuple[Agent, Secret]:
        """The service of a code, and its token. Raises AskForAccess for a code that is unknown, used or old.

        A service that enrols again, on a new server, gets a new token; the one before stops working at once.
        """
        plain = code.replace("-", "").replace(" ", "").upper()
        with self.writing() as session:
            found = session.get(models.AgentCode, _hash(plain), with_for_update=True)
            row = session.get(models.Agent, found.agent_id) if found else None
            if found is None or row is None or row.revoked_at or found.used_at or found.expires_at <= self.now():
                raise AskForAccess(
                    "the code is not known, was used already, or is too old",
                    next_step="Ask an administrator of the hub for another one (grandlivre agent code ID).",
                )
            token = _new_token(row.agent_id)
            found.used_at = row.enrolled_at = row.token_at = row.seen_at = self.now()
            row.token_hash, row.next_token_hash = _hash(token), None
            row.host, row.system, row.version = (_cut(text) for text in (host, system, version))
            return record(Agent, row), Secret(token)

    def renew_agent_token(self, agent_id: str) -> Secret:
        """A new token for a service. The present one works until the new one is first used."""
        token = _new_token(agent_id)
        with self.writing() as session:
            self._living(session, agent_id).next_token_hash = _hash(token)
        return Secret(token)

    def agent_of_token(self, token: str) -> Agent | None:
        """The service that a token proves, heard of just now; None for a token that is not, or no longer, valid."""
        agent_id, given = token.rpartition(".")[0], _hash(token)
        with self.reading() as session:
            row = session.get(models.Agent, agent_id)
            present, following = (row.token_hash, row.next_token_hash) if row else (None, None)
            # Both comparisons are always made, and take as long for an unknown service.
            is_present, is_following = _same(given, present), _same(given, following)
            if row is None or row.revoked_at is not None or not (is_present or is_following):
                return None
            heard = row.seen_at is not None and self.now() - row.seen_at < _SEEN_JUST_NOW
            if heard and not is_following:
                return record(Agent, row)
        with self.writing() as session:
            row = session.get(models.Agent, agent_id, with_for_update=True)
            if row is None or row.revoked_at is not None:
                return None
            if _same(given, row.next_token_hash):
                row.token_hash, row.next_token_hash, row.token_at = row.next_token_hash, None, self.now()
            elif not _same(given, row.token_hash):
                return None
            row.seen_at = self.now()
            return record(Agent, row)

    def revoke_agent(self, agent_id: str) -> Agent:
        """Ends a service for good: its tokens and codes stop working at once."""
        with self.writing() as session:
            row = self._agent_row(session, agent_id)
            row.revoked_at = row.revoked_at or self.now()
            row.token_hash = row.next_token_hash = None
            session.execute(delete(models.AgentCode).where(models.AgentCode.agent_id == agent_id))
            return record(Agent, row)

    def note_report(self, agent_id: str, told: Mapping[str, Any], sources: Iterable[AgentSource]) -> None:
        """Keeps a service's report in the place of the one before: ``told`` has version, host, system, started_at,
        spool_bytes, free_bytes and last_error. Its connections are no longer offline."""
        with self.writing() as session:
            row = self._living(session, agent_id)
            row.seen_at, row.started_at = self.now(), told["started_at"]
            row.version, row.host, row.system = (_cut(told[name]) for name in ("version", "host", "system"))
            row.spool_bytes, row.free_bytes = told["spool_bytes"], told["free_bytes"]
            row.last_error = _cut(redact(told["last_error"])) if told["last_error"] else None
            known = {each.name: each for each in session.scalars(_sources_of(agent_id))}
            for source in sources:
                place = known.pop(source.name, None)
                if place is None:
                    place = models.AgentSource(agent_id=agent_id, name=source.name)
                    session.add(place)
                place.software = source.software
                place.trouble = _cut(redact(source.trouble)) if source.trouble else None
                place.dossiers = list(source.dossiers)
            for gone in known.values():
                session.delete(gone)
            offline = select(Connection).where(Connection.firm_id == row.firm_id, Connection.health == "agent_offline")
            for connection in session.scalars(offline):
                if connection.settings.get("agent") == agent_id:
                    connection.health, connection.health_detail, connection.health_at = "ok", None, self.now()

    def agent(self, agent_id: str) -> Agent:
        """One service. Raises WrongInput, with near misses, when there is none."""
        with self.reading() as session:
            return record(Agent, self._agent_row(session, agent_id))

    def agents(self) -> list[Agent]:
        """Every service, by id."""
        with self.reading() as session:
            return [record(Agent, row) for row in session.scalars(select(models.Agent).order_by(models.Agent.agent_id))]

    def agent_sources(self, agent_id: str) -> list[AgentSource]:
        """The places that a service reads, by name, as of its last report."""
        with self.reading() as session:
            rows = session.scalars(_sources_of(agent_id).order_by(models.AgentSource.name))
            return [record(AgentSource, row) for row in rows]

    def _living(self, session: Session, agent_id: str) -> models.Agent:
        row = self._agent_row(session, agent_id)
        if row.revoked_at is not None:
            raise WrongInput(
                f"the service {agent_id} was revoked", next_step="Make another one: grandlivre agent add --firm FIRM."
            )
        return row

    def _agent_row(self, session: Session, agent_id: str) -> models.Agent:
        row = session.get(models.Agent, agent_id)
        if row is not None:
            return row
        known = {each.agent_id: each.name for each in session.scalars(select(models.Agent))}
        raise WrongInput(
            f"there is no on-premise service {agent_id!r}{did_you_mean(agent_id, known)}",
            next_step="`grandlivre agents` shows them all.",
        )


def token_is_old(agent: Agent, now: datetime, after: timedelta) -> bool:
    """Whether a service should ask for a new token."""
    return agent.token_at is not None and now - agent.token_at > after


def _sources_of(agent_id: str) -> Any:
    return select(models.AgentSource).where(models.AgentSource.agent_id == agent_id)


def _new_token(agent_id: str) -> str:
    return f"{agent_id}.{secrets.token_urlsafe(32)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _same(given: str, kept: str | None) -> bool:
    return hmac.compare_digest(given, kept or "-" * len(given)) and kept is not None


def _cut(text: str) -> str:
    return text[:_LONGEST_TEXT]
