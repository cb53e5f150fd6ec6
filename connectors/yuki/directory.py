"""Which administrations a key opens, domain by domain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from foundation.errors import AskForAccess, GrandlivreError, ReportABug, WrongInput

from . import resources as r
from .wire import VENDOR, YukiWire

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Administration:
    """An administration as its domain lists it. ``session`` names the session that reaches it: its domain, or "" where
    the key opens only one."""

    row: dict[str, Any]
    session: str

    @property
    def id(self) -> str:
        return self.row["ID"]


class Directory:
    """Lists administrations; ``wire`` gives the wire to a domain ("": where a session begins)."""

    def __init__(self, wire: Callable[[str], YukiWire]) -> None:
        self._wire = wire
        self._found: dict[str, Administration] = {}

    def verify(self) -> None:
        """Proves that the key works: it lists domains, or the administrations of its own."""
        if self._domains() == [""]:
            self._administrations(self._wire(""))

    def all(self) -> Iterator[Administration]:
        """Every administration of every domain. A domain that is refused is left out, unless all are."""
        refusals: list[AskForAccess] = []
        domains, found = self._domains(), False
        for domain in domains:
            try:
                rows = self._administrations(self._wire(domain))
            except AskForAccess as refusal:
                _log.warning("a domain of %s is left out: %s", VENDOR, refusal.cause)
                refusals.append(refusal)
                continue
            found = True
            listed = [Administration(row, domain) for row in rows if row["ID"]]
            self._found |= {each.id.lower(): each for each in listed}
            yield from listed
        if refusals and not found:
            raise refusals[0]

    def find(self, external_id: str, domain: str | None = None) -> Administration:
        """The administration with that id, in ``domain`` (None: in any; what was listed already is not asked again).
        Raises WrongInput when there is none."""
        wanted = external_id.lower()
        if domain is not None:
            candidates = (Administration(row, domain) for row in self._administrations(self._wire(domain)) if row["ID"])
        elif wanted in self._found:
            return self._found[wanted]
        else:
            candidates = self.all()
        for candidate in candidates:
            if candidate.id.lower() == wanted:
                return candidate
        raise WrongInput(
            f"{VENDOR} has no administration {external_id} for this access key",
            next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
        )

    def _domains(self) -> list[str]:
        """The domains to go through; [""] where the key opens one, or may not list them."""
        try:
            found = self._wire("").rows("Accounting", "Domains", "Domain", r.DOMAIN, {}).column("ID").to_pylist()
        except (AskForAccess, ReportABug):
            return [""]
        return found if len(found) > 1 else [""]

    def _administrations(self, wire: YukiWire) -> list[dict[str, Any]]:
        """With the firm's own code of the dossier, where the key may ask for it."""
        operations = ("AdministrationsWithInternalCustomerCode", "Administrations")
        trouble: GrandlivreError | None = None
        for operation in operations:
            try:
                found = wire.rows("Accounting", operation, "Administration", r.ADMINISTRATION, {})
                return found.to_pylist()
            except (AskForAccess, ReportABug) as refusal:
                trouble = refusal
        assert trouble is not None
        raise trouble
