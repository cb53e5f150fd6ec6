"""Connections over the JSON API: listed, made, proven, renewed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.web.connecting import keep, new_draft, renewal
from portal.web.connection_rows import ConnectionRow, check_now, connection_row, connection_rows, remove, rename
from portal.web.packages import known_package
from portal.web.visitor import Connecter, Linker, Viewer, Visitor

router = APIRouter(tags=["connections"])
_BY_CONSENT = "Ask for a sign-in with POST /consents, or give the secret refresh_token of a consent."


class ConnectionTold(BaseModel):
    """A connection. Of settings, detail, lapse and dossiers nothing is told to those who may not connect packages;
    secrets are told to nobody."""

    id: str
    software: str
    package: str
    name: str
    level: str
    health: str = Field(description="ok, expiring, needs_login, no_access, rate_limited, vendor_down or agent_offline")
    health_detail: str | None = None
    health_at: datetime | None = None
    expires_at: datetime | None = Field(None, description="when the consent lapses, where that is known")
    dossiers: int | None = Field(None, description="dossiers in use through it")
    settings: dict[str, str] | None = None


class Given(BaseModel):
    """Settings and secrets under the package's own names (see GET /packages)."""

    settings: dict[str, str] = {}
    secrets: dict[str, SecretStr] = {}

    def secret_texts(self) -> dict[str, Secret]:
        return {name: Secret(text.get_secret_value().strip()) for name, text in self.secrets.items()}


class NewConnection(Given):
    """A connection to make. ``firm_app``: with the app that the firm has at the vendor already."""

    software: str
    name: str | None = None
    firm_app: bool = False


class NewName(BaseModel):
    name: str


@router.get("/connections")
def list_connections(visitor: Viewer) -> list[ConnectionTold]:
    """The firm's connections, those that need somebody first."""
    return [_told(visitor, row) for row in connection_rows(visitor)]


@router.get("/connections/{connection_id}")
def get_connection(visitor: Viewer, connection_id: str) -> ConnectionTold:
    """One connection of the firm, with its settings."""
    row = connection_row(visitor, connection_id)
    told = _told(visitor, row)
    return told.model_copy(update={"settings": dict(row.connection.settings)}) if visitor.may("connect") else told


@router.post("/connections", status_code=201)
def make_connection(visitor: Linker, given: NewConnection) -> ConnectionTold:
    """Makes a connection if it proves to work. Where the package asks for a sign-in, see POST /consents."""
    row = known_package(given.software)
    draft = new_draft(visitor, row, given.name, given.settings, given.secret_texts(), own_app=given.firm_app)
    if draft.asks_consent:
        raise WrongInput(f"{row.name} asks for the consent of a person", next_step=_BY_CONSENT)
    return _told(visitor, connection_row(visitor, keep(visitor, draft).id))


@router.post("/connections/{connection_id}/verify")
def verify_connection(visitor: Linker, connection_id: str) -> ConnectionTold:
    """Proves that a connection works. What the package said otherwise is the error, and the health from then on."""
    return _told(visitor, connection_row(visitor, check_now(visitor, connection_id).id))


@router.post("/connections/{connection_id}/reconnect")
def reconnect(visitor: Linker, connection_id: str, given: Given) -> ConnectionTold:
    """Gives a connection other settings and secrets; its dossiers stay linked, and what does not work is not kept."""
    found = visitor.connection(connection_id)
    draft = renewal(visitor, found, given.settings, given.secret_texts())
    if draft.asks_consent:
        raise WrongInput(f"{draft.row.name} asks for the consent of a person", next_step=_BY_CONSENT)
    return _told(visitor, connection_row(visitor, keep(visitor, draft).id))


@router.patch("/connections/{connection_id}")
def rename_connection(visitor: Connecter, connection_id: str, given: NewName) -> ConnectionTold:
    """Gives a connection another name."""
    return _told(visitor, connection_row(visitor, rename(visitor, connection_id, given.name).id))


@router.delete("/connections/{connection_id}", status_code=204)
def remove_connection(visitor: Connecter, connection_id: str) -> None:
    """Forgets a connection and its secrets; one that dossiers are, or were, linked through is kept."""
    remove(visitor, connection_id)


def _told(visitor: Visitor, row: ConnectionRow) -> ConnectionTold:
    more: Mapping[str, object] = {}
    if visitor.may("connect"):
        more = {
            "health_detail": row.detail,
            "health_at": row.connection.health_at,
            "expires_at": row.lapses_at,
            "dossiers": row.dossiers,
        }
    return ConnectionTold.model_validate(
        {
            "id": row.connection.id,
            "software": row.row.slug,
            "package": row.row.name,
            "name": row.connection.name,
            "level": row.row.level,
            "health": row.health,
            **more,
        }
    )
