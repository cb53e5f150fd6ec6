"""What Odoo's two older protocols share (14 to 21): every call carries database, user and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.http import HttpClient
from foundation.errors import ReportABug

from .faults import meaning
from .transport import Database, Domain


class Rpc:
    """See :class:`connectors.odoo.transport.Transport`. A protocol adds how a service is asked."""

    formatted_groups = False

    def __init__(self, database: Database, client: HttpClient) -> None:
        self.database = database
        self.client = client
        self._user: int | None = None

    def call(self, model: str, method: str, domain: Domain | None, parameters: Mapping[str, Any]) -> Any:
        positional = [] if domain is None else [domain]
        login = [self.database.name, self._signed_in(), self.database.api_key.reveal()]
        return self.ask("object", "execute_kw", [*login, model, method, positional, dict(parameters)])

    def ask(self, service: str, method: str, arguments: Sequence[Any]) -> Any:
        """What a service's method returns. Raises what its fault means."""
        raise NotImplementedError

    def _signed_in(self) -> int:
        """The user's id; a wrong key is answered by false, without a fault."""
        if self._user is None:
            told = self.database
            found = self.ask("common", "authenticate", [told.name, told.username, told.api_key.reveal(), {}])
            if not found:
                raise meaning("AccessDenied", "") or ReportABug("a refusal without a meaning")
            self._user = int(found)
        return self._user
