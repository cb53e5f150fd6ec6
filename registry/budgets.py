"""Call budgets in the registry's database, shared by every process and machine that uses it.

Each lease is one short transaction over the few rows of a caller; whoever comes second waits for it. A general rate
limiter kept in a database counts calls at fixed rates, a row or a write per call; here limits are learnt from the
vendor's replies, one lease spans windows that other callers share in part, and calls are leased in blocks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from foundation import allowance
from foundation.allowance import (
    LEASE_CALLS,
    LEASE_TIME,
    SCOPES,
    Bucket,
    Buckets,
    Caller,
    Claim,
    Key,
    Lease,
    Scope,
    Settlement,
)
from registry import models
from registry.database import Database
from registry.records import CallBudget


class BudgetLedger:
    """The ledger of call budgets (:class:`foundation.allowance.Ledger`) in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, caller: Caller, settlement: Settlement, now: datetime) -> Lease | datetime:
        """A lease of at least one call; or, with nothing taken, when to ask again. Raises Busy when the database stays
        locked."""
        if not (caller.limits or settlement.told):
            with self._database.reading() as session:
                if session.scalars(_rows(caller)).first() is None:
                    return Lease(LEASE_CALLS, now + LEASE_TIME)  # nothing is counted, nothing to write
        with self._database.writing() as session:
            buckets = _Shelf(session, caller, settlement)
            answer = allowance.take(buckets.opened, caller, settlement, now)
            buckets.put_back()
        return answer

    def leave(self, caller: Caller, settlement: Settlement, now: datetime) -> None:
        """Takes back what is left of a lease."""
        with self._database.writing() as session:
            buckets = _Shelf(session, caller, settlement)
            allowance.leave(buckets.opened, caller, settlement, now)
            buckets.put_back()

    def standing(self) -> list[CallBudget]:
        """What is left now in each window that holds calls back, by connection."""
        now = self._database.now()
        order = (models.CallBudget.connection_id, models.CallBudget.scope, models.CallBudget.subject)
        with self._database.reading() as session:
            rows = session.scalars(select(models.CallBudget).order_by(*order, models.CallBudget.window)).all()
        return [budget for row in rows if (budget := _standing(row, now))]


class _Shelf:
    """The buckets of a caller, locked for the transaction; rows for what is missing are made first, so that two who
    come at once meet on them."""

    def __init__(self, session: Session, caller: Caller, settlement: Settlement) -> None:
        named: set[Key] = {(limit.scope, limit.window) for limit in caller.limits}
        named |= {(caller.scope(window.name), window.name) for window, _ in settlement.told}
        rows = session.scalars(_rows(caller).with_for_update()).all()
        missing = named - {(row.scope, row.window) for row in rows}
        if missing:
            _insert(session, [_blank(caller, scope, window) for scope, window in sorted(missing)])
            rows = session.scalars(_rows(caller).with_for_update()).all()
        self._caller = caller
        self._rows: dict[Key, models.CallBudget] = {(_scope(row.scope), row.window): row for row in rows}
        self.opened: Buckets = {key: _bucket(row) for key, row in self._rows.items()}

    def put_back(self) -> None:
        for key, bucket in self.opened.items():
            row = self._rows[key]
            row.connection_id = self._caller.connection
            row.allowed, row.calls_left, row.resets_at = bucket.allowed, bucket.left, bucket.resets_at
            row.length_seconds = None if bucket.length is None else int(bucket.length.total_seconds())
            row.turn, row.told = bucket.turn, bucket.told
            row.claims = {name: _packed(claim) for name, claim in bucket.claims.items()}


def _rows(caller: Caller) -> Any:
    """Always in one order: locks taken in different orders could wait for each other."""
    places = [_place(caller, scope) for scope in SCOPES]
    order = (models.CallBudget.place, models.CallBudget.window)
    return select(models.CallBudget).where(models.CallBudget.place.in_(places)).order_by(*order)


def _place(caller: Caller, scope: Scope) -> str:
    return json.dumps([caller.app, scope, caller.subject(scope)])


def _blank(caller: Caller, scope: Scope, window: str) -> dict[str, Any]:
    return {
        "place": _place(caller, scope),
        "window": window,
        "software": caller.software,
        "connection_id": caller.connection,
        "scope": scope,
        "subject": caller.subject(scope),
        "turn": 0,
        "told": False,
        "claims": {},
    }


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(models.CallBudget).on_conflict_do_nothing(), rows)


def _scope(text: str) -> Scope:
    return next(scope for scope in SCOPES if scope == text)


def _bucket(row: models.CallBudget) -> Bucket:
    return Bucket(
        scope=_scope(row.scope),
        window=row.window,
        allowed=row.allowed,
        length=None if row.length_seconds is None else timedelta(seconds=row.length_seconds),
        left=row.calls_left,
        resets_at=row.resets_at,
        turn=row.turn,
        told=row.told,
        claims={name: _unpacked(fields) for name, fields in row.claims.items()},
    )


def _packed(claim: Claim) -> dict[str, Any]:
    return asdict(claim) | {"seen_at": claim.seen_at and claim.seen_at.isoformat()}


def _unpacked(fields: dict[str, Any]) -> Claim:
    seen = fields["seen_at"]
    return Claim(fields["taken"], fields["expected"], datetime.fromisoformat(seen) if seen else None)


def _standing(row: models.CallBudget, now: datetime) -> CallBudget | None:
    bucket = _bucket(row)
    bucket.turn_over(now)
    if bucket.left is None:
        return None
    return CallBudget(
        connection_id=row.connection_id,
        software=row.software,
        scope=row.scope,
        subject=row.subject,
        window=row.window,
        allowed=bucket.allowed,
        left=max(0, bucket.left),
        resets_at=bucket.resets_at,
        source="vendor" if row.told else "declared",
        sharing=sum(claim.is_present(now) for claim in bucket.claims.values()),
    )
