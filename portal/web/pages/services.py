"""The services on the firm's own servers: how they are, what they see, and enrolling one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.web.connection_rows import trouble_told
from portal.web.render import page, see
from portal.web.services import command, make_service, new_code, revoke, services
from portal.web.visitor import Connecter, Visitor
from registry.store import Agent

router = APIRouter()
_WRONG = 422


@router.get("/services")
def services_page(request: Request, visitor: Connecter) -> Response:
    """A code that was just made is shown here, this once."""
    made = visitor.remembered().get("enrolment")
    if made:
        visitor.remember(enrolment=None)
    shown = {"name": made["name"], "command": command(visitor, made["code"])} if made else None
    return page(visitor, request, "services.html", rows=services(visitor), made=shown, told=None, name="")


@router.post("/services")
def enrol_service(request: Request, visitor: Connecter, name: Annotated[str, Form()] = "") -> Response:
    try:
        return _show_once(visitor, *make_service(visitor, name))
    except WrongInput as error:
        told = trouble_told(error, visitor.texts)
        rows = services(visitor)
        return page(visitor, request, "services.html", _WRONG, rows=rows, made=None, told=told, name=name)


@router.post("/services/{agent_id}/code")
def another_code(visitor: Connecter, agent_id: str) -> Response:
    return _show_once(visitor, *new_code(visitor, agent_id))


@router.post("/services/{agent_id}/revoke")
def revoke_service(visitor: Connecter, agent_id: str) -> Response:
    revoke(visitor, agent_id)
    return see("/services", said="service_revoked")


def _show_once(visitor: Visitor, agent: Agent, code: Secret) -> Response:
    visitor.remember(enrolment={"name": agent.name, "code": code.reveal()})
    return see("/services")
