"""What a service says of itself, and what it is told to do: enrol, renew a token, report, ask for requests, refuse."""

from __future__ import annotations

from datetime import UTC, timedelta

import msgspec

from agent.protocol import Enrolled, Enrolment, Refusal, Report, Reported, Request, Requests
from foundation.errors import AskForAccess
from portal.hub.refusals import Refused
from registry.agents import token_is_old
from registry.store import Agent, AgentRequest, AgentSource
from resources.house import House

REPORT_EVERY = timedelta(minutes=2)
RENEW_AFTER = timedelta(days=30)
_SOURCES, _DOSSIERS, _YEARS = 50, 50_000, 200


class Services:
    """The services of one installation. Calls block: the web application runs them in threads."""

    def __init__(self, house: House) -> None:
        self._house, self._registry = house, house.registry

    def authenticate(self, token: str) -> Agent:
        """The service of a token. Raises Refused for one that is unknown or revoked."""
        agent = self._registry.agent_of_token(token)
        if agent is None:
            raise Refused(
                401, "the token is unknown or revoked", "Ask an administrator of the hub for a code, and enrol again."
            )
        return agent

    def enrol(self, told: Enrolment) -> Enrolled:
        try:
            agent, token = self._registry.enrol_agent(
                told.code, host=told.host, system=told.system, version=told.version
            )
        except AskForAccess as error:
            raise Refused(403, error.cause, error.next_step) from None
        return Enrolled(agent_id=agent.agent_id, token=token.reveal())

    def renew(self, agent: Agent) -> Enrolled:
        return Enrolled(agent_id=agent.agent_id, token=self._registry.renew_agent_token(agent.agent_id).reveal())

    def report(self, agent: Agent, told: Report) -> Reported:
        """Keeps a report; a source of a package that the hub does not know is kept, too."""
        names = [source.name for source in told.sources]
        dossiers = [dossier for source in told.sources for dossier in source.dossiers]
        if len(names) > _SOURCES or len(set(names)) < len(names):
            raise Refused(422, f"a report has at most {_SOURCES} sources, each with a name of its own")
        if len(dossiers) > _DOSSIERS or any(len(dossier.years) > _YEARS for dossier in dossiers):
            raise Refused(413, f"a report has at most {_DOSSIERS} dossiers of {_YEARS} years")
        started = told.started_at if told.started_at.tzinfo else told.started_at.replace(tzinfo=UTC)
        names_of = ("version", "host", "system", "spool_bytes", "free_bytes", "last_error")
        facts = {"started_at": started, **{name: getattr(told, name) for name in names_of}}
        sources = [
            AgentSource(agent.agent_id, each.name, each.software, each.trouble, msgspec.to_builtins(each.dossiers))
            for each in told.sources
        ]
        self._registry.note_report(agent.agent_id, facts, sources)
        renew = token_is_old(agent, self._house.now(), RENEW_AFTER)
        return Reported(next_in_seconds=REPORT_EVERY.total_seconds(), renew_token=renew)

    def requests(self, agent: Agent) -> Requests:
        """What the service should read now."""
        return Requests(requests=[_told(each) for each in self._registry.open_requests(agent.agent_id)])

    def refuse(self, agent: Agent, request_id: str, told: Refusal) -> None:
        asked = self._registry.agent_request(request_id)
        if asked is None:
            raise Refused(404, "the hub did not ask for this")
        if asked.wanted.agent_id != agent.agent_id:
            raise Refused(403, "the request is not one of this service")
        self._registry.refuse_request(request_id, told.kind[:40], told.cause, told.next_step)


def _told(asked: AgentRequest) -> Request:
    return Request(
        request_id=asked.request_id,
        source=asked.source,
        software=asked.software,
        external_id=asked.wanted.external_id,
        since=asked.wanted.since,
        totals_only=asked.wanted.totals_only,
        cursor=dict(asked.cursor) if asked.cursor is not None else None,
        urgent=asked.urgent,
    )
