"""On-premise services over the JSON API."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from foundation.secrets import Secret
from portal.web.services import Service, command, make_service, new_code, revoke, services
from portal.web.visitor import Connecter, Visitor
from registry.store import Agent

router = APIRouter(tags=["services"])


class SourceTold(BaseModel):
    """A place that a service reads."""

    name: str
    software: str
    dossiers: int
    trouble: str | None


class ServiceTold(BaseModel):
    """A service on one of the firm's servers."""

    id: str
    name: str
    health: str = Field(description="ok, agent_offline, not_enrolled or revoked")
    host: str | None
    version: str | None
    last_seen: datetime | None
    sources: list[SourceTold]


class NewService(BaseModel):
    name: str


class Enrolment(BaseModel):
    """How a service enrols: the code works once, within a day, and is told this once."""

    id: str
    code: str
    command: str


@router.get("/services")
def list_services(visitor: Connecter) -> list[ServiceTold]:
    """The firm's services, and what each sees."""
    return [_told(each) for each in services(visitor)]


@router.post("/services", status_code=201)
def add_service(visitor: Connecter, given: NewService) -> Enrolment:
    """Makes a service, and a code with which it enrols."""
    return _enrolment(visitor, *make_service(visitor, given.name))


@router.post("/services/{agent_id}/code", status_code=201)
def another_code(visitor: Connecter, agent_id: str) -> Enrolment:
    """Another code: the one before was too old, or the service moves to a new server."""
    return _enrolment(visitor, *new_code(visitor, agent_id))


@router.delete("/services/{agent_id}", status_code=204)
def revoke_service(visitor: Connecter, agent_id: str) -> None:
    """Ends a service for good; what it delivered stays."""
    revoke(visitor, agent_id)


def _enrolment(visitor: Visitor, agent: Agent, code: Secret) -> Enrolment:
    return Enrolment(id=agent.agent_id, code=code.reveal(), command=command(visitor, code.reveal()))


def _told(row: Service) -> ServiceTold:
    return ServiceTold(
        id=row.agent.agent_id,
        name=row.agent.name,
        health=row.health,
        host=row.agent.host,
        version=row.agent.version,
        last_seen=row.seen_at,
        sources=[
            SourceTold(name=each.name, software=each.software, dossiers=each.dossiers, trouble=each.trouble)
            for each in row.sources
        ],
    )
