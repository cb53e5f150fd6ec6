"""What a connection takes, and consent by redirect, over the JSON API."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from connectors.catalog import PACKAGES
from connectors.package import Package
from portal.web.api.connections import Given
from portal.web.connecting import new_draft, renewal
from portal.web.consenting import address_of, begin, finished, pending, taken
from portal.web.packages import by_sign_in, group_of, known_package, needs, permission_for
from portal.web.permissions import roles_with
from portal.web.visitor import Linker, Viewer, Visitor

router = APIRouter(tags=["connections"])


class PackageField(BaseModel):
    """A setting or a secret of a package, under the vendor's own name."""

    name: str
    secret: bool
    required: bool
    default: str | None
    help: str
    unless: list[str] = Field(description="needed, too, unless one of these settings is given")


class PackageTold(BaseModel):
    """A package of the catalog."""

    software: str
    name: str
    level: str = Field(description="firm, dossier, support or on_premise")
    group: str = Field(description="how it is connected: firm_redirect, firm_form, dossier, support or on_premise")
    kind: str
    transport: str
    contract: str = Field(description="documented, public code or reconstructed")
    available: bool
    capabilities: list[str]
    country: str | None
    note: str
    sign_in: bool = Field(description="whether a person usually signs in at the package")
    needs: str = Field(description="what is needed, in the language of the person")
    roles: list[str] = Field(description="who may connect it")
    fields: list[PackageField]


class ConsentAsked(Given):
    """A sign-in to ask for: for a new connection to ``software``, or to renew ``connection_id``."""

    software: str | None = None
    connection_id: str | None = None
    name: str | None = None
    firm_app: bool = False


class ConsentBegun(BaseModel):
    """Where the person signs in, and where the package sends the browser then. ``state`` names the sign-in."""

    state: str
    address: str
    redirect_uri: str


class ConsentAnswer(BaseModel):
    """The whole address that the browser ended at."""

    address: str


class ConsentGiven(BaseModel):
    connection_id: str


@router.get("/packages")
def list_packages(visitor: Viewer) -> list[PackageTold]:
    """All packages, with what a connection to each takes."""
    return [_told(visitor, row) for row in PACKAGES.values()]


@router.post("/consents", status_code=201)
def ask_consent(visitor: Linker, asked: ConsentAsked) -> ConsentBegun:
    """Begins a sign-in by redirect. The answer counts only with the same session or token, and within the hour."""
    secrets = asked.secret_texts()
    if asked.connection_id is not None:
        draft = renewal(visitor, visitor.connection(asked.connection_id), asked.settings, secrets)
    else:
        row = known_package(asked.software or "")
        draft = new_draft(visitor, row, asked.name, asked.settings, secrets, own_app=asked.firm_app)
    state = begin(visitor, draft)
    under_way = pending(visitor, state)
    return ConsentBegun(
        state=state, address=address_of(visitor, under_way), redirect_uri=under_way.question.redirect_uri
    )


@router.post("/consents/answer")
def answer_consent(visitor: Linker, answer: ConsentAnswer) -> ConsentGiven:
    """Ends a sign-in: makes or renews its connection, if it proves to work."""
    return ConsentGiven(connection_id=finished(visitor, taken(visitor, answer.address), answer.address).id)


def _told(visitor: Visitor, row: Package) -> PackageTold:
    return PackageTold(
        software=row.slug,
        name=row.name,
        level=row.level,
        group=group_of(row),
        kind=row.kind,
        transport=row.transport,
        contract=row.contract,
        available=row.available,
        capabilities=sorted(row.capabilities),
        country=row.country,
        note=row.note,
        sign_in=by_sign_in(row),
        needs=needs(row, visitor.texts),
        roles=roles_with(permission_for(row)),
        fields=[
            PackageField(
                name=each.name,
                secret=each.secret,
                required=each.required,
                default=each.default,
                help=each.help,
                unless=list(each.unless),
            )
            for each in row.fields
        ],
    )
