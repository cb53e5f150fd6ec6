"""On-premise services as people see them: how they are, what each sees, and how one is enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.catalog import PACKAGES
from connectors.package import Package
from foundation.secrets import Secret
from portal.web.visitor import Visitor
from registry.store import Agent

_HUB = "https://HUB"


@dataclass(frozen=True)
class Source:
    """A place that a service reads: ``name`` is its own word for it; ``package`` that of the package, as people know
    it."""

    name: str
    software: str
    package: str
    dossiers: int
    trouble: str | None


@dataclass(frozen=True)
class Service:
    """A service of the firm. ``health`` is ok, agent_offline, not_enrolled or revoked."""

    agent: Agent
    health: str
    seen_at: datetime | None
    sources: Sequence[Source]


def services(visitor: Visitor) -> list[Service]:
    """The firm's services, those that were revoked last."""
    registry = visitor.portal.registry
    ours = [agent for agent in registry.agents() if agent.firm_id == visitor.firm_id]
    rows = [Service(each, each.health(registry.now()), each.seen_at, _sources(visitor, each)) for each in ours]
    return sorted(rows, key=lambda row: row.health == "revoked")


def readers(visitor: Visitor, row: Package) -> list[tuple[Service, Source]]:
    """The services that read a package, each with the source in which they do."""
    return [
        (service, source)
        for service in services(visitor)
        if service.health != "revoked"
        for source in service.sources
        if source.software == row.slug
    ]


def make_service(visitor: Visitor, name: str) -> tuple[Agent, Secret]:
    """A new service of the firm, and the code with which it enrols, once. Raises WrongInput for what is no name."""
    made = visitor.portal.registry.add_agent(visitor.firm_id, name, created_by=visitor.user.name)
    visitor.note("made_service", made.agent_id, name=made.name)
    return made, visitor.portal.registry.new_agent_code(made.agent_id)


def new_code(visitor: Visitor, agent_id: str) -> tuple[Agent, Secret]:
    """Another code for a service of the firm: its code was too old, or it moves to a new server."""
    found = visitor.agent(agent_id)
    code = visitor.portal.registry.new_agent_code(agent_id)
    visitor.note("gave_code", agent_id, name=found.name)
    return found, code


def revoke(visitor: Visitor, agent_id: str) -> Agent:
    """Ends a service of the firm for good; what it delivered stays."""
    found = visitor.agent(agent_id)
    visitor.portal.registry.revoke_agent(agent_id)
    visitor.note("revoked_service", agent_id, name=found.name)
    return found


def command(visitor: Visitor, code: str) -> str:
    """What is typed on the firm's server to enrol the service."""
    return f"grandlivre-agent enrol --hub {visitor.portal.settings.hub_url or _HUB} --code {code}"


def _sources(visitor: Visitor, agent: Agent) -> list[Source]:
    found = []
    for each in visitor.portal.registry.agent_sources(agent.agent_id):
        known = PACKAGES.get(each.software)
        name = known.name if known else each.software
        found.append(Source(each.name, each.software, name, len(each.dossiers), each.trouble))
    return found
