"""The vendor's names of types, and its ids."""

from __future__ import annotations

import hashlib

_KINDS = {
    name: position
    for position, name in enumerate(
        ("BookYear", "BookPeriod", "GLAccount", "Journal", "Customer", "Supplier", "GLTransHeader", "GLTrans"), start=1
    )
}
_NAMESPACES = {"Customer": "Common", "Supplier": "Common"}


def entity_type(name: str) -> str:
    return f"Winbooks.TORM.OM.{_NAMESPACES.get(name, 'Accounting')}.{name}, Winbooks.TORM.OM"


def guid(name: str, number: int) -> str:
    """An id. Its first digits follow no order, as those of real ones."""
    scattered = hashlib.sha256(f"{name}{number}".encode()).hexdigest()[:8]
    return f"{scattered}-{_KINDS[name]:04x}-4000-8000-{number:012x}"


def sort_key(key: str) -> tuple[str, ...]:
    """The order of ids in the vendor's database: the last digits count first (as in SQL Server)."""
    return tuple(reversed(key.split("-")))
