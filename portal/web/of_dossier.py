"""What the pages about a dossier's figures share: its head, long lists in pages, and figures that are made again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from connectors.catalog import package
from foundation.errors import Wait
from portal.web.dossier_state import DossierState, states
from portal.web.render import page
from portal.web.syncs import launch
from portal.web.visitor import Visitor
from registry.store import Link

ROWS = 200
"""Rows of a table that are told at once."""
_STARTING = timedelta(minutes=1)


@dataclass(frozen=True)
class Paging:
    """Where somebody is in a long list: page ``number`` from 1, of ``last``; None where only ``more`` is known."""

    number: int
    more: bool
    address: str
    last: int | None = None

    @property
    def offset(self) -> int:
        return (self.number - 1) * ROWS

    def to(self, number: int) -> str:
        """The address of another page of the list."""
        return f"{self.address}{'&' if '?' in self.address else '?'}page={number}"


def paging(request: Request, number: int, total: int) -> Paging:
    """The place ``number`` in a list of ``total`` rows; one beyond the end is the last."""
    last = max(1, -(-total // ROWS))
    place = min(number, last)
    return Paging(place, place < last, _address(request), last)


def open_paging(request: Request, number: int, found: int) -> Paging:
    """The place ``number`` in a list that nobody counted, of which one row more than a page was asked for."""
    return Paging(number, found > ROWS, _address(request))


def _address(request: Request) -> str:
    others = [(name, value) for name, value in request.query_params.multi_items() if name not in ("page", "said")]
    return request.url.path + (f"?{urlencode(others)}" if others else "")


def dossier_page(
    visitor: Visitor, request: Request, template: str, link: Link, status: int = 200, **values: Any
) -> Response:
    """A page of a dossier; its template has ``state``, ``link``, ``software`` (the package's name) and ``client_list``
    beside ``values``."""
    return page(
        visitor,
        request,
        template,
        status,
        state=state_of(visitor, link),
        link=link,
        software=package(link.software).name,
        client_list=is_client_list(link),
        **values,
    )


def state_of(visitor: Visitor, link: Link) -> DossierState:
    [state] = states(visitor.portal.registry, [link], visitor.firm_id)
    return state


def is_client_list(link: Link) -> bool:
    """Whether there are no books behind a link, but the client list of an administrative package."""
    return package(link.software).kind == "administrative"


def make_again(visitor: Visitor, link: Link) -> bool:
    """Has the figures made again from what was landed, which asks nothing of the package.

    False where that must wait for the next sync: because nothing was landed yet, or Dagster does not answer.

    A sync that was asked for and has not begun yet will see what was changed since.
    """
    state = state_of(visitor, link)
    if state.figures_as_of is None:
        return False
    asked_at = state.progress.asked_at if state.progress else None
    if state.status == "asked" and asked_at and visitor.portal.registry.now() - asked_at < _STARTING:
        return True
    try:
        launch(visitor, [link], from_landing=True)
    except Wait:
        return False
    return True
