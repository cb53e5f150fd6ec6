"""How fresh a sync wants what the on-premise service reads: a person's, of now; the night's, of this night."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from resources.delivered import WAIT, Freshness

ARRIVED = "arrived"
"""The trigger of a sync that loads what a service has delivered."""
UNATTENDED = frozenset({"nightly", "retry", "resume", ARRIVED})
"""Triggers behind which there is nobody who waits: these never try a connection that was refused."""
CUT_OFF = time(0, tzinfo=ZoneInfo("Europe/Brussels"))
"""When the night begins for the services: what is read from then on is this night's."""


def cut_off(now: datetime) -> datetime:
    """When the present night began, or the last one did; in UTC."""
    local = now.astimezone(CUT_OFF.tzinfo)
    return datetime.combine(local.date(), CUT_OFF).astimezone(now.tzinfo)


def freshness(trigger: str, started: datetime) -> Freshness:
    """What a sync of that trigger, begun then, wants. Only a person's waits: the night has others to sync."""
    if trigger == ARRIVED:
        return Freshness()
    if trigger in UNATTENDED:
        return Freshness(since=cut_off(started))
    return Freshness(since=started, wait=WAIT, urgent=True)
