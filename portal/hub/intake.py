"""Taking in deliveries: announced, sent in chunks, checked as a whole, and only then the one that counts.

Everything here may be said again after a cut line. Calls block (disk, database): the web application runs them in
threads. One process takes in for an installation; a delivery is worked on by one thread at a time.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from agent.protocol import Delivery, File, Standing
from connectors.catalog import package
from foundation.errors import ReportABug
from portal.hub.checking import fault, wrong_resources
from portal.hub.refusals import Quotas, Refused
from registry.store import Agent, AgentDelivery, AgentRequest
from resources.delivery_files import DeliveryFiles
from resources.house import House
from resources.rooms import resources_of

_DAY, _CLEAR_EVERY = timedelta(days=1), timedelta(hours=1)
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_UPDATE = "Bring the service and the hub to one version."


class Intake:
    """The deliveries of one installation."""

    def __init__(self, house: House, quotas: Quotas | None = None) -> None:
        self._house, self._registry = house, house.registry
        self._files = DeliveryFiles(house.home)
        self._quotas = quotas or Quotas()
        self._cleared_at: datetime | None = None
        self._locks = [threading.Lock() for _ in range(64)]

    def announce(self, agent: Agent, told: Delivery) -> Standing:
        """A delivery that is about to come. One that says that nothing changed is accepted with that."""
        with self._held(agent, told.delivery_id):
            known = self._registry.delivery(agent.agent_id, told.delivery_id)
            if known is not None:
                if known.told != msgspec.to_builtins(told):
                    raise Refused(422, "another delivery was announced under this id", "Choose a new id for each.")
                if known.refused:
                    raise Refused(422, known.refused)
                return _standing(known)
            asked = self._request(agent, told)
            self._refuse_over_quota(agent, told)
            self._check_announced(told, asked)
            read_at = told.read_at if told.read_at.tzinfo else told.read_at.replace(tzinfo=UTC)
            size = sum(file.size for file in told.files)
            builtins = msgspec.to_builtins(told)
            begun = self._registry.begin_delivery(
                told.delivery_id, asked.request_id, builtins, size=size, read_at=read_at
            )
            return self._accepted(begun) if told.unchanged else _standing(begun)

    def standing(self, agent: Agent, delivery_id: str) -> Standing:
        """How much of a delivery is here."""
        return _standing(self._delivery(agent, delivery_id))

    def chunk(self, agent: Agent, delivery_id: str, resource: str, offset: int, sha256: str, data: bytes) -> Standing:
        """Stores a chunk as a whole, or not at all."""
        with self._held(agent, delivery_id):
            delivery = self._delivery(agent, delivery_id)
            if delivery.accepted_at is not None:
                return _standing(delivery)
            file = next((each for each in _files(delivery) if each.resource == resource), None)
            if file is None:
                raise Refused(422, "the delivery was announced without this table")
            if hashlib.sha256(data).hexdigest() != sha256.lower():
                raise Refused(422, "the chunk did not come as it was sent", "Send it again.")
            received, end = delivery.received.get(resource, 0), offset + len(data)
            if end > file.size:
                raise Refused(422, "the chunk goes beyond the end of its file")
            if end <= received:
                return _standing(delivery)
            if offset != received:
                raise Refused(409, f"{received} bytes are here", "Go on from there.", standing=_standing(delivery))
            self._files.append(delivery, resource, offset, data)
            return _standing(self._registry.note_received(agent.agent_id, delivery_id, resource, end))

    def finish(self, agent: Agent, delivery_id: str) -> Standing:
        """Checks a delivery that came whole, and makes it the one that counts."""
        with self._held(agent, delivery_id):
            delivery = self._delivery(agent, delivery_id)
            if delivery.accepted_at is not None:
                return _standing(delivery)
            files = _files(delivery)
            if any(delivery.received.get(file.resource, 0) != file.size for file in files):
                raise Refused(409, "not all of it is here", "Send the rest.", standing=_standing(delivery))
            asked = self._registry.agent_request(delivery.request_id)
            if asked is None or not self._registry.may_deliver(agent.agent_id, delivery.request_id):
                raise Refused(403, "the dossier is no longer read by this service")
            known = resources_of(package(asked.software))
            with tempfile.TemporaryDirectory(dir=self._house.home.scratch) as near:
                for file in files:
                    wrong = fault(self._files.find(delivery, file.resource, Path(near)), file, known[file.resource])
                    if wrong:
                        self._registry.refuse_delivery(agent.agent_id, delivery_id, wrong)
                        self._files.drop_incoming(delivery)
                        self._refuse(asked, wrong)
            self._files.keep(delivery, [file.resource for file in files])
            return self._accepted(delivery)

    def clear_stale(self) -> None:
        """Forgets deliveries that came in part and then no further, those of dossiers that are read no more, and what
        is known of long ago; once an hour, however often it is called."""
        now = self._house.now()
        if self._cleared_at is not None and now - self._cleared_at < _CLEAR_EVERY:
            return
        self._cleared_at = now
        for half in self._registry.half_deliveries(now - self._quotas.stale_after):
            with self._lock(half.agent_id, half.delivery_id):
                self._files.drop_incoming(half)
                self._files.drop_kept(half)
                self._registry.forget_delivery(half)
        for unread in self._registry.unlinked_deliveries(now - _DAY):
            self._registry.lose_delivery(unread)
            self._files.drop_kept(unread)
        self._registry.forget_old_deliveries()

    def begin(self) -> None:
        """To be called before the first delivery is taken in: clears away what a crash left."""
        self.clear_stale()
        known = [*self._registry.half_deliveries(self._house.now() + _DAY), *self._registry.kept_deliveries()]
        self._files.drop_strays(known, [agent.agent_id for agent in self._registry.agents()])

    def _accepted(self, delivery: AgentDelivery) -> Standing:
        accepted, replaced = self._registry.accept_delivery(delivery.agent_id, delivery.delivery_id)
        for before in replaced:
            self._files.drop_kept(before)
        return _standing(accepted)

    def _request(self, agent: Agent, told: Delivery) -> AgentRequest:
        """The request that a delivery answers. Raises Refused unless the hub asked this very service for this very
        dossier, in this way."""
        if not _ID.fullmatch(told.delivery_id):
            raise Refused(422, "the id of the delivery is not one", "Use letters, digits, - and _, 100 at most.")
        asked = self._registry.agent_request(told.request_id)
        if asked is None:
            raise Refused(404, "the hub did not ask for this")
        if not self._registry.may_deliver(agent.agent_id, told.request_id):
            raise Refused(403, "the dossier is not one that this service may deliver")
        wanted = asked.wanted
        same = (told.source, told.software, told.external_id) == (asked.source, asked.software, wanted.external_id)
        if not same or (told.since, told.totals_only) != (wanted.since, wanted.totals_only):
            raise Refused(403, "the delivery is of another dossier, or read in another way, than was asked for")
        return asked

    def _refuse_over_quota(self, agent: Agent, told: Delivery) -> None:
        quotas, size = self._quotas, sum(file.size for file in told.files)
        if size > quotas.bytes_in_flight:
            raise Refused(
                413,
                f"the delivery of {size} bytes is larger than the hub takes ({quotas.bytes_in_flight})",
                "Link the dossier from a later date, or raise the hub's quota (grandlivre hub --quota-gb).",
            )
        if self._registry.in_flight(agent.agent_id) + size > quotas.bytes_in_flight:
            raise Refused(
                413,
                "what is under way fills the quota of this service",
                "Finish the deliveries that are under way.",
                retry_after=300,
            )
        if self._registry.deliveries_begun(agent.agent_id, self._house.now() - _DAY) >= quotas.deliveries_a_day:
            raise Refused(
                429, f"{quotas.deliveries_a_day} deliveries were made in a day", "Go on later.", retry_after=3600
            )

    def _check_announced(self, told: Delivery, asked: AgentRequest) -> None:
        if told.unchanged:
            held = self._registry.delivered(asked.wanted)
            if told.files or asked.cursor is None or held is None or held.content.cursor != asked.cursor:
                self._registry.ask_agents([asked.wanted])  # with the cursor of what is held now, or none
                raise Refused(422, "unchanged from what the hub does not hold", "Deliver the dossier as a whole.")
            return
        wrong = wrong_resources(told.files, resources_of(package(asked.software)))
        if wrong is None and any(file.size <= 0 or file.rows < 0 for file in told.files):
            wrong = "it has files without a size"
        if wrong:
            self._refuse(asked, wrong)

    def _refuse(self, asked: AgentRequest, wrong: str) -> None:
        """Refuses a delivery for good, and its request with it: the same would come again."""
        cause = f"the delivery was refused: {wrong}"
        self._registry.refuse_request(asked.request_id, ReportABug.kind, cause, _UPDATE)
        raise Refused(422, wrong, _UPDATE)

    def _delivery(self, agent: Agent, delivery_id: str) -> AgentDelivery:
        found = self._registry.delivery(agent.agent_id, delivery_id)
        if found is None:
            raise Refused(404, "no such delivery was announced", "Announce it.")
        if found.refused:
            raise Refused(422, found.refused, _UPDATE)
        return found

    @contextmanager
    def _held(self, agent: Agent, delivery_id: str) -> Iterator[None]:
        with self._lock(agent.agent_id, delivery_id):
            yield

    def _lock(self, agent_id: str, delivery_id: str) -> threading.Lock:
        return self._locks[hash((agent_id, delivery_id)) % len(self._locks)]


def _files(delivery: AgentDelivery) -> list[File]:
    return msgspec.convert(delivery.told["files"], list[File])


def _standing(delivery: AgentDelivery) -> Standing:
    return Standing(
        delivery_id=delivery.delivery_id,
        received=dict(delivery.received),
        accepted=delivery.accepted_at is not None,
    )
