"""Every route that the portal has, with what it needs, and a call of it that is complete: for what must hold of all."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import requests
from fastapi import FastAPI, params
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from portal.web.permissions import Permission
from portal.web.visitor import csrf_of
from tests.web.stage import Stage

PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/oidc"),
    ("GET", "/sign-in/oidc/back"),
    ("GET", "/invitation/{key}"),
    ("POST", "/invitation/{key}"),
    ("GET", "/setup/{code}"),
    ("POST", "/setup/{code}"),
    ("POST", "/language"),
}
"""What is answered to somebody who is not signed in."""
SAFE = ("GET", "HEAD")
KINDS = {
    "dossier_id": ("dossier_id", "dossier", "dossiers", "dossier_ids"),
    "connection_id": ("connection_id", "connection", "connections", "connection_ids"),
    "agent_id": ("agent_id", "agent", "agents"),
    "user_id": ("user_id", "person"),
    "token_id": ("token_id",),
}
"""What belongs to one firm, by the names of parameters and fields that name it."""
NAMED = {name: kind for kind, names in KINDS.items() for name in names}
SAMPLES: dict[str, Any] = {"language": "en", "role": "analyst", "active": True}
"""Values of fields for which a value of their type is not enough."""


@dataclass(frozen=True)
class Route:
    """One route, for one method."""

    method: str
    path: str
    template: str
    permissions: frozenset[Permission]
    dependant: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        return (self.method, self.path) in PUBLIC

    @property
    def api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def own(self) -> set[str]:
        """The kinds of things of one firm that its path names."""
        return {NAMED[p.alias] for p in self.dependant.path_params if p.alias in NAMED}

    @property
    def told(self) -> set[str]:
        """The kinds that its query, form or body names."""
        return {NAMED[name] for name in self._fields() if name in NAMED}

    def _fields(self) -> Iterator[str]:
        for place in (*self.dependant.query_params, *self.dependant.body_params):
            kind = place.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from kind.model_fields
            else:
                yield place.alias

    def call(
        self, session: requests.Session, address: str, ids: Mapping[str, str], **headers: str
    ) -> requests.Response:
        """Calls it with all that it asks for; ``ids`` by kind, where not given an unknown one."""
        told = {name: ids.get(kind, "unknown-thing") for name, kind in NAMED.items()}
        path = self.template.format_map(_Unknown(told))
        query = {p.alias: sample(p.alias, p.field_info.annotation, told) for p in self._asked("query_params", told)}
        form, json = {}, None
        for place in self._asked("body_params", told):
            value = sample(place.alias, place.field_info.annotation, told)
            if isinstance(place.field_info, params.Form):
                form[place.alias] = value if isinstance(value, list) else _typed(value)
            else:
                json = value
        body: dict[str, Any] = {"json": json} if json is not None else {"data": form} if form else {}
        return session.request(
            self.method, address + path, params=query, headers=headers, timeout=60, allow_redirects=False, **body
        )

    def _asked(self, place: str, told: Mapping[str, str]) -> list[Any]:
        return [p for p in getattr(self.dependant, place) if p.field_info.is_required() or p.alias in told]


class _Unknown(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "unknown-thing"


def routes(app: FastAPI) -> list[Route]:
    """Every route of the application, but that of the files of pages."""
    return [
        Route(
            method,
            str(context.path),
            str(context.path_format),
            frozenset(_permissions(context.dependant)),
            context.dependant,
        )
        for context in iter_route_contexts(app.routes)
        if context.path != "/static"
        for method in sorted(context.methods or {"ANY"})
        if method not in ("HEAD", "OPTIONS")
    ]


def _permissions(dependant: Any) -> Iterator[Permission]:
    for each in dependant.dependencies:
        found = getattr(each.call, "permission", None)
        if found is not None:
            yield found
        yield from _permissions(each)


def browser_of(stage: Stage, role: str, firm: str) -> tuple[requests.Session, str]:
    """A client in which somebody is signed in, and what its forms bring back."""
    user = stage.people[firm, role]
    key = stage.house.registry.give_key(user.user_id, "session", timedelta(hours=1)).reveal()
    session = requests.Session()
    session.trust_env = False
    session.cookies.set(stage.settings.session_cookie, key)
    return session, csrf_of(key)


def sample(name: str, kind: Any, told: Mapping[str, str]) -> Any:
    """A value for a field."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return sample(name, inside[0], told)
    if origin in (Union, types.UnionType):
        return sample(name, next(each for each in inside if each is not type(None)), told)
    if origin in (list, tuple, set, frozenset):
        return [sample(name, inside[0], told)] if inside else []
    if name in told:
        return told[name]
    if name in SAMPLES:
        return SAMPLES[name]
    if origin is Literal:
        return inside[0]
    if origin is dict or kind is dict:
        return {}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        wanted = {n: f for n, f in kind.model_fields.items() if f.is_required() or n in told}
        return {n: sample(n, f.annotation, told) for n, f in wanted.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    plain: dict[Any, Any] = {bool: True, int: 1, date: "2025-01-01", datetime: "2025-01-01T00:00:00Z", Decimal: "1.00"}
    return plain.get(kind, "unknown-thing")


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
