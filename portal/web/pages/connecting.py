"""Adding a synchronisation: choose the package, give what it asks for, and renew it when it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from connectors.package import AGENT, SOURCE, Package
from foundation.errors import GrandlivreError
from foundation.secrets import Secret
from portal.web.connecting import Draft, firm_app, keep, new_draft, renewal
from portal.web.connection_rows import connection_row, people_who, trouble_told
from portal.web.consenting import begin
from portal.web.errors import STATUS, NotAllowed, NotFound
from portal.web.packages import (
    APP_FIELDS,
    FormField,
    by_sign_in,
    form_fields,
    found_packages,
    group_of,
    known_package,
    needs,
    permission_for,
)
from portal.web.render import page, see
from portal.web.services import readers
from portal.web.visitor import Linker, Visitor

router = APIRouter()
LINK = "link"
_READER = "reader"


async def typed(request: Request) -> dict[str, str]:
    """What was typed into a form whose fields are those of a package."""
    return {name: text for name, text in (await request.form()).items() if isinstance(text, str)}


Typed = Annotated[dict[str, str], Depends(typed)]


@router.get("/connections/new")
def packages_page(request: Request, visitor: Linker, search: str = "", then: str = "") -> Response:
    return page(
        visitor,
        request,
        "packages.html",
        groups=found_packages(search),
        search=search,
        then=_then(then),
        needs=lambda row: needs(row, visitor.texts),
        allowed=lambda row: visitor.may(permission_for(row)),
        administrators=people_who(visitor),
    )


@router.get("/connections/new/{slug}")
def new_connection_page(request: Request, visitor: Linker, slug: str, then: str = "") -> Response:
    return _form(request, visitor, known_package(slug), then=_then(then))


@router.post("/connections/new/{slug}")
def new_connection(request: Request, visitor: Linker, slug: str, form: Typed) -> Response:
    row = known_package(slug)
    visitor.need(permission_for(row))
    then, own_app = _then(form.get("then", "")), form.get("app") == "firm"
    settings, secrets = _given(row, form)
    try:
        draft = new_draft(visitor, row, form.get("name"), settings, secrets, own_app=own_app, then=then)
        return _onward(visitor, draft)
    except (NotFound, NotAllowed):
        raise
    except GrandlivreError as error:
        return _form(request, visitor, row, error, form, then=then)


@router.get("/connections/{connection_id}/reconnect")
def reconnect_page(request: Request, visitor: Linker, connection_id: str) -> Response:
    return _renewal(request, visitor, connection_id)


@router.post("/connections/{connection_id}/reconnect")
def reconnect(request: Request, visitor: Linker, connection_id: str, form: Typed) -> Response:
    found = connection_row(visitor, connection_id)
    settings, secrets = _given(found.row, form)
    try:
        return _onward(visitor, renewal(visitor, found.connection, settings, secrets))
    except (NotFound, NotAllowed):
        raise
    except GrandlivreError as error:
        return _renewal(request, visitor, connection_id, error, form)


def after(draft: Draft, connection_id: str) -> Response:
    """Where a person goes on to who connected, or renewed, a package."""
    if draft.then == LINK:
        return see(f"/dossiers/new?connection={connection_id}")
    return see(f"/connections/{connection_id}", said="reconnected" if draft.connection_id else "connected")


def _onward(visitor: Visitor, draft: Draft) -> Response:
    """To the package's sign-in by way of a page of ours, for browsers follow no form to elsewhere; or, where there is
    none, to the connection that was made."""
    if draft.asks_consent:
        return see(f"/connections/consent/{begin(visitor, draft)}")
    return after(draft, keep(visitor, draft).id)


def _given(row: Package, form: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Secret]]:
    """The settings and secrets of a form; those that stand empty are told as empty."""
    settings = {each.name: form[f"set.{each.name}"].strip() for each in row.settings if f"set.{each.name}" in form}
    secrets = {each.name: Secret(form.get(f"secret.{each.name}", "").strip()) for each in row.secrets}
    if _READER in form:
        settings[AGENT], _, settings[SOURCE] = form[_READER].partition("/")
    elif row.takes_agent:
        settings[AGENT] = settings[SOURCE] = ""
    return settings, secrets


def _form(
    request: Request,
    visitor: Visitor,
    row: Package,
    error: GrandlivreError | None = None,
    typed: Mapping[str, str] | None = None,
    *,
    then: str | None,
) -> Response:
    if row.level == "support" and not visitor.may(permission_for(row)):
        people = people_who(visitor, "support") or people_who(visitor)
        return page(visitor, request, "connect_request.html", row=row, people=people)
    visitor.need(permission_for(row))
    app = firm_app(visitor, row)
    fields = form_fields(row, visitor.texts, paths=visitor.may("connect"))
    return page(
        visitor,
        request,
        "connect.html",
        STATUS.get(error.kind, 500) if error else 200,
        **_shared(visitor, row, fields, error, typed or {}),
        then=then,
        app=app,
        own=[each for each in fields if each.name not in APP_FIELDS and not each.more],
    )


def _renewal(
    request: Request,
    visitor: Visitor,
    connection_id: str,
    error: GrandlivreError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    found = connection_row(visitor, connection_id)
    row, settings = found.row, found.connection.settings
    visitor.need(permission_for(row))
    # Who links a dossier may sign in to it again; what the firm's app is set to is not theirs to see.
    sees = visitor.may("connect") or row.level == "support"
    fields = form_fields(row, visitor.texts, paths=visitor.may("connect")) if sees or not by_sign_in(row) else []
    fields = [each for each in fields if sees or each.secret]
    typed = {**{f"set.{name}": value for name, value in settings.items()}, **(typed or {})}
    status = STATUS.get(error.kind, 500) if error else 200
    shared = _shared(visitor, row, fields, error, typed, reader=f"{settings.get(AGENT)}/{settings.get(SOURCE)}")
    shared["signs_in"] = row.asks_consent(settings)  # as it was connected, which may not be the usual way
    return page(visitor, request, "reconnect.html", status, **shared, found=found)


def _shared(
    visitor: Visitor,
    row: Package,
    fields: list[FormField],
    error: GrandlivreError | None,
    typed: Mapping[str, str],
    reader: str = "",
) -> dict[str, Any]:
    """What both forms have. Of what was typed no secret goes back to the page."""
    return {
        "row": row,
        "group": group_of(row),
        "signs_in": by_sign_in(row),
        "fields": fields,
        "typed": {name: text for name, text in typed.items() if not name.startswith("secret.")},
        "told": trouble_told(error, visitor.texts) if error else None,
        "readers": readers(visitor, row) if row.takes_agent else [],
        "reader": typed.get(_READER, reader),
        "consent_url": visitor.portal.settings.consent_url,
        "needs": needs(row, visitor.texts),
    }


def _then(text: str) -> str | None:
    return LINK if text == LINK else None
