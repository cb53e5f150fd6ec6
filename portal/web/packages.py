"""The packages as people choose them: how each is connected, who may do it, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from connectors.catalog import PACKAGES, package
from connectors.package import AGENT, SOURCE, Field, Package
from foundation.errors import WrongInput
from portal.operations.connections import PATHS, plain
from portal.web.errors import NotFound
from portal.web.permissions import Permission
from portal.web.texts import Texts

Group = Literal["firm_redirect", "firm_form", "dossier", "support", "on_premise"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""How packages are connected, in the order in which people are shown them."""
APP_FIELDS = frozenset(
    {
        "base_url",
        "authorize_url",
        "token_url",
        "redirect_uri",
        "client_id",
        "client_secret",
        "scope",
        "app_secret_token",
    }
)
"""What belongs to the firm's app at a vendor, and not to one dossier's consent: given once, it serves them all."""
_PERMISSIONS = {
    "firm": Permission.connect,
    "on_premise": Permission.connect,
    "support": Permission.set_up,
    "dossier": Permission.link,
}
_BY_SERVICE = (AGENT, SOURCE)
_LATER = frozenset({"authorize_url", "token_url", "redirect_uri", "refresh_token", "scope", "resource_map", "root"})
"""What most people leave alone, also where the package has no default for it."""


@dataclass(frozen=True)
class FormField:
    """A field of a package's form. ``required`` and ``optional`` are both false where one of several will do. ``more``:
    it stands under "more settings"; ``choices`` are its only values; ``help`` is the catalog's, in English."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool
    optional: bool
    default: str
    more: bool
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{'secret' if self.secret else 'set'}.{self.name}"


def known_package(slug: str) -> Package:
    """The package of an address. Raises NotFound for one that is not in the catalog."""
    try:
        return package(slug)
    except WrongInput as error:
        raise NotFound(error.cause, next_step=error.next_step) from None


def permission_for(row: Package) -> Permission:
    """What a person must be allowed to connect the package, and to renew its connections."""
    return _PERMISSIONS[row.level]


def group_of(row: Package) -> Group:
    """How the package is connected."""
    if row.level == "firm":
        return "firm_redirect" if by_sign_in(row) else "firm_form"
    return row.level


def by_sign_in(row: Package) -> bool:
    """Whether a person usually signs in at the package, in place of typing all that it wants."""
    return row.asks_consent({field.name: field.default for field in row.settings if field.default})


def found_packages(search: str) -> dict[Group, list[Package]]:
    """The packages whose name, slug or country holds ``search``, by group; groups without any are left out."""
    wanted = plain(search.strip())
    found: dict[Group, list[Package]] = {group: [] for group in GROUPS}
    for row in PACKAGES.values():
        if wanted in plain(f"{row.name} {row.slug}"):
            found[group_of(row)].append(row)
    return {group: rows for group, rows in found.items() if rows}


def form_fields(row: Package, texts: Texts, *, paths: bool = True) -> list[FormField]:
    """What the form of a package asks for: its own fields and no others, the usual ones first. ``paths``: also
    folders and files of this machine. Who reads it on a firm's server is chosen in a form of its own."""
    found = [
        _form_field(row, each, texts)
        for each in row.fields
        if each.name not in _BY_SERVICE and (paths or each.name not in PATHS)
    ]
    return sorted(found, key=lambda each: each.more)


def label_of(name: str, texts: Texts) -> str:
    """What people call a field; its own name where there is no better word."""
    return texts.get(f"packages.field.{name}", name.replace("_", " ").capitalize())


def labels(names: Iterable[str], texts: Texts) -> str:
    return ", ".join(label_of(name, texts) for name in names)


def needs(row: Package, texts: Texts) -> str:
    """What is needed to connect the package, in a sentence."""
    group = group_of(row)
    name = f"{group}_form" if group == "dossier" and not by_sign_in(row) else group
    return texts(f"packages.needs.{name}", fields=labels(_wanted(row), texts), package=row.name)


def _wanted(row: Package) -> Iterator[str]:
    """The fields that a person has to have at hand."""
    alone = not any(_always(each) for each in row.fields)  # where any of several ways will do, tell them all
    for each in row.fields:
        if (_always(each) or (alone and not each.default)) and each.name not in _LATER:
            yield each.name


def _always(field: Field) -> bool:
    return not field.default and (field.required or bool(field.unless))


def _must(field: Field) -> bool:
    """Whether the form cannot do without it; a service that reads the package in its place has another form."""
    return field.required or (bool(field.unless) and set(field.unless) <= {AGENT})


def _form_field(row: Package, field: Field, texts: Texts) -> FormField:
    chooses, value = row.consent_when or ("", "")
    choices = (field.default or "", value) if field.name == chooses else ()
    ways = not any(_always(each) for each in row.fields)
    usual = bool(choices) or _always(field) or ((field.secret or ways) and not field.default and _is_cloud(row))
    return FormField(
        name=field.name,
        label=label_of(field.name, texts),
        help=field.help,
        secret=field.secret,
        required=_must(field),
        optional=not (_must(field) or field.unless or choices),
        default=field.default or "",
        more=field.name != "root" and not (usual and field.name not in _LATER),
        choices=choices,
    )


def _is_cloud(row: Package) -> bool:
    return row.level != "on_premise"
