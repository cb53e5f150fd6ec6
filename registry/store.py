"""The registry, opened: the one door through which everything above this floor comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType

from foundation.home import Home
from registry.agent_deliveries import AgentDeliveries
from registry.agent_records import Agent, AgentDelivery, AgentRequest, AgentSource, Delivered, Wanted
from registry.budgets import BudgetLedger
from registry.database import open_engine, utc_now
from registry.deeds import Deeds
from registry.dossier_pages import DossierPages
from registry.mapping import MappingRules
from registry.portal_records import AccessKey, Deed, DossierList, Presence, SyncProgress, User
from registry.presence import Presences
from registry.records import (
    CallBudget,
    Connection,
    Firm,
    FiscalYear,
    Link,
    MappingRule,
    StaleDossier,
    SyncRun,
    YearOverride,
)
from registry.tokens import ConnectionTokens
from registry.upgrade import upgrade
from registry.vault import Vault
from registry.watching import Watching
from registry.years import Years

__all__ = [
    "AccessKey",
    "Agent",
    "AgentDelivery",
    "AgentRequest",
    "AgentSource",
    "CallBudget",
    "Connection",
    "Deed",
    "Delivered",
    "DossierList",
    "Firm",
    "FiscalYear",
    "Link",
    "MappingRule",
    "Presence",
    "Registry",
    "StaleDossier",
    "SyncProgress",
    "SyncRun",
    "User",
    "Wanted",
    "YearOverride",
]


class Registry(Years, MappingRules, DossierPages, AgentDeliveries, Presences, Deeds, Watching):
    """All that the registry of one installation knows: firms and people, connections and links, years, rules and runs.

    Threads may share one; processes open their own. Answers are plain values, cut loose from the database.
    """

    @classmethod
    def open(
        cls,
        home: Home,
        *,
        vault: Vault | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> Registry:
        """Opens the registry of ``home``, made or upgraded when needed; also by several processes at once."""
        home.create()
        engine = open_engine(home)
        try:
            upgrade(engine, home)
        except BaseException:
            engine.dispose()
            raise
        return cls(home, engine, vault or Vault.of(home), now)

    def tokens(self, connection_id: str) -> ConnectionTokens:
        """The rotating tokens of a connection."""
        return ConnectionTokens(self, connection_id)

    @property
    def budgets(self) -> BudgetLedger:
        """The vendors' call budgets."""
        return BudgetLedger(self)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()
