"""Connects to the e-conomic sandbox, and tells entries by their numbers."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from connectors.budgets import Budgets
from connectors.contract import Batch, Checkpoint, ExtractRequest
from connectors.e_conomic import Economic
from connectors.e_conomic.sandbox import EconomicSandbox
from tests import landed
from tests.landed import Clock, Landed, access

SOFTWARE, AGREEMENT = "e_conomic", "700123"


def connect(sandbox: EconomicSandbox, clock: Clock, *, budgets: Budgets | None = None, **secrets: str) -> Economic:
    """A connector for the sandbox, with the clock's time and sleep; ``secrets`` stand in for the sandbox's own."""
    return Economic(access(SOFTWARE, sandbox, clock, secrets=secrets, budgets=budgets))


def read(connector: Economic, previous: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    return landed.read(connector, AGREEMENT, previous, **request)


def numbers(found: Landed) -> list[int]:
    """Every entry number once, ascending."""
    return sorted(set(found.tables["entries"].column("entryNumber").to_pylist()))


def read_until_cut(
    connector: Economic, error: type[Exception], **request: Any
) -> tuple[dict[str, Any], list[pa.Table]]:
    """The state of the last checkpoint and the entries before it, of a read that ends in ``error``."""
    state, rows, kept = None, [], []
    try:
        for event in connector.extract(ExtractRequest(AGREEMENT, **request)):
            if isinstance(event, Batch) and event.resource == "entries":
                rows.append(pa.table(event.rows) if isinstance(event.rows, pa.RecordBatch) else event.rows)
            elif isinstance(event, Checkpoint):
                state, kept = json.loads(json.dumps(event.state)), list(rows)
    except error:
        assert state is not None
        return state, kept
    raise AssertionError("the read was not cut short")
