"""Brings a spooled delivery to the hub, in chunks, from where the hub says that it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from agent.clock import Clock
from agent.hub import Hub
from agent.protocol import CHUNK, Delivery, File, Standing
from agent.reading import Stopped
from agent.spool import Spool
from agent.troubles import HubDown, Refused

_MOST_ROUNDS = 3
"""How often files are sent again because the hub lost some of them meanwhile."""


class Interrupted(Exception):
    """Something else comes first; what is left of the delivery is sent afterwards."""


def upload(
    hub: Hub,
    spool: Spool,
    delivery: Delivery,
    clock: Clock,
    chunk_bytes: int = CHUNK,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Returns once the hub keeps all of it; it leaves the spool then. What is cut short goes on at the next call.

    ``interrupted`` is asked before every chunk. Raises Interrupted where it says so, Stopped where the service ends,
    HubDown, NoRoom, Refused where the hub will not have it, and OSError where the spool is damaged.
    """

    def goes_on() -> None:
        if clock.stopped:
            raise Stopped
        if interrupted():
            raise Interrupted

    for attempt in range(1, _MOST_ROUNDS + 1):
        standing = hub.offer(delivery)
        try:
            if _brought(hub, spool, delivery, standing, goes_on, chunk_bytes):
                spool.drop(delivery.delivery_id)
                return
        except Refused as error:
            if error.status != 404 or attempt == _MOST_ROUNDS:
                raise  # 404: the hub has forgotten what it was offered; it is offered anew
    raise HubDown("the hub has all of a delivery and does not take it", resume_in=60)


def _brought(
    hub: Hub, spool: Spool, delivery: Delivery, standing: Standing, goes_on: Callable[[], None], chunk_bytes: int
) -> bool:
    for file in delivery.files:
        if standing.accepted:
            return True
        with spool.file(delivery, file.resource).open("rb") as stream:
            standing = _send_file(hub, stream, file, standing, goes_on, chunk_bytes)
    return standing.accepted or hub.finish(delivery.delivery_id).accepted


def _send_file(
    hub: Hub, stream: BinaryIO, file: File, standing: Standing, goes_on: Callable[[], None], chunk_bytes: int
) -> Standing:
    stuck = 0
    while not standing.accepted and (offset := standing.received.get(file.resource, 0)) < file.size:
        goes_on()
        stream.seek(offset)
        chunk = stream.read(min(chunk_bytes, file.size - offset))
        if not chunk:
            raise OSError(f"{stream.name} is shorter than it was")
        try:
            standing = hub.put(standing.delivery_id, file.resource, offset, chunk)
        except Refused as error:
            if error.status != 422:
                raise
            # It did not come as it was sent, so it goes once more. What is refused for good is told when it is offered.
        stuck = stuck + 1 if standing.received.get(file.resource, 0) <= offset else 0
        if stuck >= _MOST_ROUNDS:
            raise HubDown("the hub does not get on with a delivery", resume_in=60)
    if standing.received.get(file.resource, 0) > file.size:
        raise Refused("the hub holds more of a file than there is", 422)
    return standing
