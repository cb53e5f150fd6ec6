"""What the service and the hub say to each other: JSON over HTTPS, always asked by the service.

========  ==================================  =======================  ==========================================
method    path below ``/agent/v1``            body                     answer
========  ==================================  =======================  ==========================================
POST      ``/enrol``                          :class:`Enrolment`       :class:`Enrolled`; 403 for a used or old code
POST      ``/token``                          nothing                  :class:`Enrolled`, with a new token
POST      ``/report``                         :class:`Report`          :class:`Reported`
GET       ``/requests?wait=SECONDS``          nothing                  :class:`Requests`, at once when there are any
POST      ``/requests/<request_id>/refusal``  :class:`Refusal`         204
POST      ``/deliveries``                     :class:`Delivery`        :class:`Standing`
GET       ``/deliveries/<delivery_id>``       nothing                  :class:`Standing`
PUT       ``/deliveries/<id>/<resource>``     bytes of the file        :class:`Standing`
POST      ``/deliveries/<id>/finish``         nothing                  :class:`Standing` with ``accepted``
========  ==================================  =======================  ==========================================

Every call but ``/enrol`` carries ``Authorization: Bearer <token>`` and :data:`PROTOCOL_HEADER`. A chunk carries
:data:`OFFSET_HEADER` (where it begins) and :data:`DIGEST_HEADER` (its SHA-256, in hexadecimal); it is stored as a whole
or not at all, and a chunk that is there already is answered as if it had just come. A file is taken when its size and
SHA-256 are those of the delivery. All of it may be said again after a cut line: the same delivery id means the same
delivery. Trouble is answered as :class:`Trouble` with a status: 401 token unknown or revoked, 403 not this service's,
404 unknown, 409 not at that offset (the :class:`Standing` tells which), 413 more than the quota, 422 refused for good
(digest, schema, unknown resource), 426 a protocol that the hub does not speak, 429 and 503 later (``Retry-After``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

PROTOCOL = 1
PREFIX = "/agent/v1"
PROTOCOL_HEADER = "Grandlivre-Protocol"
OFFSET_HEADER = "Grandlivre-Offset"
DIGEST_HEADER = "Grandlivre-Sha256"
CHUNK = 1 << 20
"""The most bytes of one chunk."""


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What either side says. Unknown fields are ignored: the other side may be newer."""


class Enrolment(Message, frozen=True, kw_only=True):
    """A one-time ``code`` that an administrator was shown, and the server that uses it."""

    code: str
    host: str
    system: str
    version: str


class Enrolled(Message, frozen=True, kw_only=True):
    """A service's id and its token; the token is told once, and the one before stops working when this one is used."""

    agent_id: str
    token: str


class Year(Message, frozen=True, kw_only=True):
    """A fiscal year of a dossier, ``end`` inclusive."""

    label: str
    start: date
    end: date
    closed: bool | None = None


class Dossier(Message, frozen=True, kw_only=True):
    """A dossier that the service sees. ``external_id`` is its folder name, or what the package calls it by."""

    external_id: str
    code: str
    name: str
    vat_number: str | None = None
    currency: str | None = None
    country: str | None = None
    years: list[Year] = []


class Source(Message, frozen=True, kw_only=True):
    """A place that the service is configured to read: ``name`` is the service's own, ``software`` one of the catalog.

    ``trouble`` says in a person's words why it cannot be read now; its dossiers are then those seen last.
    """

    name: str
    software: str
    dossiers: list[Dossier] = []
    trouble: str | None = None


class Report(Message, frozen=True, kw_only=True):
    """How the service fares. Bytes of the spool and of what is free on its disk."""

    version: str
    host: str
    system: str
    started_at: datetime
    sources: list[Source] = []
    spool_bytes: int = 0
    free_bytes: int = 0
    last_error: str | None = None


class Reported(Message, frozen=True, kw_only=True):
    """The hub's answer to a report: when to report next, and whether to ask for a new token now."""

    next_in_seconds: float
    renew_token: bool = False


class Request(Message, frozen=True, kw_only=True):
    """A dossier that the hub wants read: everything, or lines from ``since`` on.

    ``cursor`` is that of the delivery which the hub holds, so that an unchanged dossier is only confirmed. ``urgent``:
    a person waits for it.
    """

    request_id: str
    source: str
    software: str
    external_id: str
    since: date | None = None
    totals_only: bool = False
    cursor: dict[str, Any] | None = None
    urgent: bool = False


class Requests(Message, frozen=True, kw_only=True):
    requests: list[Request] = []


class Refusal(Message, frozen=True, kw_only=True):
    """Why a request could not be met: a ``kind`` of :mod:`foundation.errors`, its cause, and what to do."""

    kind: str
    cause: str
    next_step: str


class File(Message, frozen=True, kw_only=True):
    """A Parquet file of one resource: ``size`` in bytes, ``sha256`` in hexadecimal."""

    resource: str
    rows: int
    size: int
    sha256: str


class Remark(Message, frozen=True, kw_only=True):
    """A note of the reading (:class:`connectors.contract.Note`)."""

    code: str
    message: str
    count: int = 1


class Delivery(Message, frozen=True, kw_only=True):
    """A dossier as it was read, whole. ``delivery_id`` is chosen by the service, once, and kept over retries, restarts.

    There is no delivery of changes: no package that is read on a firm's own server tells which rows changed and which
    went (their rows of the catalog say ``full read``), so there would be nothing to merge. What did not change since a
    cursor is confirmed without files.
    ``unchanged``: nothing differs from the request's cursor, and there are no files. ``stated`` are counts that the
    package announced, ``cursor`` where its change feed stands, ``read_at`` (UTC) when the reading began.
    """

    delivery_id: str
    request_id: str
    source: str
    software: str
    external_id: str
    read_at: datetime
    since: date | None = None
    totals_only: bool = False
    cursor: dict[str, Any] | None = None
    unchanged: bool = False
    stated: dict[str, int] = {}
    remarks: list[Remark] = []
    files: list[File] = []


class Standing(Message, frozen=True, kw_only=True):
    """How much of a delivery has come: bytes per resource. ``accepted`` once all of it was checked and is kept."""

    delivery_id: str
    received: dict[str, int] = {}
    accepted: bool = False


class Trouble(Message, frozen=True, kw_only=True):
    """Why a call was refused, and what the people of the server can do about it."""

    cause: str
    next_step: str = ""
