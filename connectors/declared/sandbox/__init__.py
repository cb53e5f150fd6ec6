"""Horus and WingsOnline on a local socket, and Cegid as the files that its dossiers come from.

Cegid's other way, Loop, is :func:`open_loop`; the files that Horus and WingsOnline may be read from, in place of their
interfaces, are :func:`open_files`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.drop_folder import sandbox as drop_folder
from connectors.sandbox.company import Company
from connectors.sandbox.server import serve
from connectors.sandbox.vendor import Fault

from . import horus, loop, wingsonline
from .knobs import Knobs
from .rest import RestVendor

__all__ = ["DeclaredSandbox", "Fault", "Knobs", "open_loop", "open_sandbox"]


class DeclaredSandbox:
    """A running vendor. ``vendor`` and ``knobs`` are for tests that break things."""

    left_behind: frozenset[str] = frozenset({"contract_unverified"})

    def __init__(
        self, vendor: RestVendor, external_id: str, tells: frozenset[str], settings: dict[str, str], **secrets: str
    ) -> None:
        self.vendor = vendor
        self.external_id = external_id
        self.tells = tells
        self.settings = {"base_url": vendor.base_url, **settings}
        self.secrets = dict(secrets)

    @property
    def knobs(self) -> Knobs:
        return self.vendor.knobs

    @property
    def calls(self) -> int:
        return len(self.vendor.requests)

    def show(self, company: Company) -> None:
        with self.vendor.lock:
            self.vendor.show(company)


def _utc() -> datetime:
    return datetime.now(UTC)


def open_sandbox(software: str, company: Company, folder: Path, **options: Any) -> AbstractContextManager[Any]:
    """The package on a free port; Cegid as FEC files below ``folder``."""
    if software == "cegid":
        return drop_folder.open_sandbox(software, company, folder)
    return (_open_horus if software == "horus" else _open_wings)(company, **options)


@contextmanager
def _open_horus(
    company: Company, *, knobs: Knobs | None = None, now: Callable[[], datetime] = _utc
) -> Iterator[DeclaredSandbox]:
    vendor = horus.Horus(company, knobs or Knobs(), now)
    with serve(vendor) as base:
        settings = {
            "authorize_url": f"{base}/oauth2/authorize",
            "token_url": f"{base}/oauth2/token",
            "client_id": vendor.desk.client_id,
            **horus.SETTINGS,
        }
        secrets = {"client_secret": vendor.desk.client_secret, "refresh_token": vendor.desk.refresh_token}
        yield DeclaredSandbox(vendor, horus.FOLDER, horus.TELLS, settings, **secrets)


@contextmanager
def _open_wings(
    company: Company, *, knobs: Knobs | None = None, now: Callable[[], datetime] = _utc
) -> Iterator[DeclaredSandbox]:
    vendor = wingsonline.Wings(company, knobs or Knobs(), now)
    with serve(vendor):
        settings = {"username": wingsonline.USERNAME, "root_path": wingsonline.ROOT_PATH, **wingsonline.SETTINGS}
        yield DeclaredSandbox(vendor, wingsonline.FOLDER, wingsonline.TELLS, settings, password=wingsonline.PASSWORD)


@contextmanager
def open_loop(
    company: Company, folder: Path, *, knobs: Knobs | None = None, now: Callable[[], datetime] = _utc
) -> Iterator[DeclaredSandbox]:
    """Cegid Loop on a free port; its events are pushed below ``folder``."""
    vendor = loop.Loop(company, knobs or Knobs(), now, folder / "sink")
    with serve(vendor):
        settings = {"client_id": loop.KEY, "sink": str(vendor.sink)}
        secrets = {"client_secret": loop.SECRET, "subscription_key": loop.SUBSCRIPTION}
        yield DeclaredSandbox(vendor, loop.DOSSIER, loop.TELLS, settings, **secrets)
