"""How fast somebody may try passwords.

Tries are counted per address that was typed, whether or not somebody has it, and per network that they come from.
After some failures each further one doubles a wait, in which no password is even looked at.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from datetime import timedelta
from functools import partial

from fastapi import Request

from foundation.errors import Wait
from portal.web.settings import PortalSettings
from registry.store import Registry

FREE = 5
"""Failures of one address without a wait."""
FREE_OF_NETWORK = 20
"""The same of one network: a whole office may stand behind one address."""
_FIRST, _LONGEST = timedelta(seconds=15), timedelta(minutes=15)
_DOUBLINGS = 10
_NONE = timedelta(0)


def wait_left(free: int, failures: int, since: timedelta) -> timedelta:
    """What is left of the wait after so many failures, the last of them ``since`` ago; zero or less when it is over.

    ``free`` of them bring none; then the wait doubles, up to a quarter of an hour.
    """
    if failures < free:
        return _NONE
    return min(_FIRST * 2 ** min(failures - free, _DOUBLINGS), _LONGEST) - since


class TooManyTries(Wait):
    """Passwords are tried too fast; nothing was looked at."""

    kind = "too_many_tries"

    def __init__(self, left: timedelta) -> None:
        self.seconds = math.ceil(left.total_seconds())
        super().__init__(
            f"there were too many failed tries: the next one is looked at in {self.seconds} s",
            next_step="Wait so long, then try again; an administrator can send a new invitation.",
        )


class Tries:
    """The tries to prove by a password who somebody is, from where a request comes."""

    def __init__(self, registry: Registry, settings: PortalSettings, request: Request, email: str) -> None:
        self._registry = registry
        typed = hashlib.sha256(email.strip().lower().encode()).hexdigest()  # people type passwords there, too
        network = network_of(request, behind_proxy=settings.behind_proxy)
        self._sources = {
            f"address:{typed}": partial(wait_left, FREE),
            f"network:{network}": partial(wait_left, FREE_OF_NETWORK),
        }

    def begin(self) -> None:
        """Counts a try. Raises TooManyTries while a wait is not over."""
        left = self._registry.try_sign_in(self._sources)
        if left > _NONE:
            raise TooManyTries(left)

    def good(self) -> None:
        """It was them: the counts begin anew."""
        self._registry.forget_sign_ins(*self._sources)


def network_of(request: Request, *, behind_proxy: bool) -> str:
    """Where a request comes from: an IPv4 address, or the /64 of an IPv6 address, which is one subscriber.

    Behind a proxy it is the last address of ``X-Forwarded-For``: that one the proxy wrote itself.
    """
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if behind_proxy else ""
    try:
        address = ipaddress.ip_address(told or (request.client.host if request.client else ""))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
