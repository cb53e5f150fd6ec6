"""Brings a spooled delivery to the hub, in chunks, from where the hub says that it stands."""

from __future__ import annotations

from agent.clock import Clock
from agent.hub import Hub
from agent.protocol import CHUNK, Delivery, Standing
from agent.reading import Stopped
from agent.spool import Spool
from agent.troubles import HubDown, Refused

_MOST_ROUNDS = 3
"""How often files are sent again because the hub lost some of them meanwhile."""


def upload(hub: Hub, spool: Spool, delivery: Delivery, clock: Clock) -> None:
    """Returns once the hub keeps all of it; it leaves the spool then. What is cut short goes on at the next call.

    Raises HubDown, NoRoom, and Refused where the hub will not have it.
    """
    standing = hub.offer(delivery)
    for _ in range(_MOST_ROUNDS):
        if standing.accepted:
            break
        for file in delivery.files:
            standing = _send_file(hub, spool, delivery, file.resource, file.size, standing, clock)
            if standing.accepted:
                break
        if not standing.accepted:
            standing = hub.finish(delivery.delivery_id)
    if not standing.accepted:
        raise HubDown("the hub has all of a delivery and does not take it", resume_in=60)
    spool.drop(delivery.delivery_id)


def _send_file(
    hub: Hub, spool: Spool, delivery: Delivery, resource: str, size: int, standing: Standing, clock: Clock
) -> Standing:
    stuck = 0
    with spool.file(delivery, resource).open("rb") as stream:
        while not standing.accepted and (offset := standing.received.get(resource, 0)) < size:
            if clock.stopped:
                raise Stopped
            stream.seek(offset)
            chunk = stream.read(min(CHUNK, size - offset))
            if not chunk:
                raise Refused("a file of the spool is shorter than it was", 422)
            standing = hub.put(delivery.delivery_id, resource, offset, chunk)
            stuck = stuck + 1 if standing.received.get(resource, 0) <= offset else 0
            if stuck >= _MOST_ROUNDS:
                raise HubDown("the hub does not get on with a delivery", resume_in=60)
        if standing.received.get(resource, 0) > size:
            raise Refused("the hub holds more of a file than there is", 422)
    return standing
