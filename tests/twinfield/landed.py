"""Connects to the Twinfield sandbox, and tells transactions by daybook and number."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.contract import Connector
from connectors.twinfield import Twinfield
from connectors.twinfield.sandbox import TwinfieldSandbox
from tests import landed
from tests.landed import Clock, Landed
from tests.landed import access as access_to

Key = tuple[str, str]


def access(sandbox: TwinfieldSandbox, clock: Clock, **given: Any) -> Any:
    """What a connection to the sandbox is given; settings by name."""
    return access_to("twinfield", sandbox, clock, **given)


def connect(sandbox: TwinfieldSandbox, clock: Clock, **given: Any) -> Twinfield:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Twinfield(access(sandbox, clock, **given))


def read(connector: Connector, previous: Landed | None = None, office: str = "1042", **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on; changes replace transactions, deleted ones go."""
    return landed.read(connector, office, previous, **request)


def transactions(found: Landed) -> dict[Key, list[Decimal]]:
    """Daybook and number to the amounts of its lines."""
    told: dict[Key, list[Decimal]] = {}
    for row in found.tables["lines"].select(["head_code", "head_number", "line_basevaluesigned"]).to_pylist():
        told.setdefault((row["head_code"], row["head_number"]), []).append(row["line_basevaluesigned"])
    return {key: sorted(amounts) for key, amounts in told.items()}


def told_transactions(sandbox: TwinfieldSandbox) -> dict[Key, list[Decimal]]:
    """What the vendor holds, in the form of :func:`transactions`."""
    return {
        (key[0], str(key[1])): sorted(line.amount for line in lines)
        for key, lines in sandbox.vendor.books.transactions.items()
    }
