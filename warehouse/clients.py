"""A client list on the bench: values in one form, what stands compared with what is told.

``books.clients`` comes from the package's room; the rows that shall stand, the changes and the checks are made by
``sql/clients.sql`` and loaded by :meth:`warehouse.contract.Store.load`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute

from warehouse import client_values, scripts
from warehouse.bench import Workbench
from warehouse.loading import naive_utc

pc: Any = pyarrow.compute
_TEXTS = (
    "external_id",
    "code",
    "vat_number",
    "enterprise_number",
    "country",
    "language",
    "fiscal_year_end",
    "told_number",
    "told_year_end",
)
_VALUES = pa.schema([*((name, pa.string()) for name in _TEXTS), ("valid", pa.bool_())])


class Owner(NamedTuple):
    """Whose clients they are: the linked list (its dossier id), the firm, the connection and the package."""

    list_id: str
    firm_id: str
    connection_id: str
    software: str


@lru_cache(maxsize=1)
def version() -> str:
    """A fingerprint of how values are brought into one form: lists are made again when it changes."""
    text = files("warehouse").joinpath("client_values.py").read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def listed(stood: pa.Table) -> int:
    """How many of the clients that stand are still listed."""
    return pc.sum(pc.not_equal(stood.column("status"), "removed")).as_py() or 0


def prepare(bench: Workbench, owner: Owner, stood: pa.Table, *, cause: str, moment: datetime) -> None:
    """Makes ``work.clients``, ``work.client_changes`` and ``work.check_results`` of ``books.clients``.

    ``stood`` are the rows of ``ledger.clients`` that stand for the list; ``cause`` is why clients may differ from them
    (see ``Workbench.check``); ``moment`` is when a client that is no longer listed was found so.
    """
    for name, value in (*owner._asdict().items(), ("cause", cause)):
        bench.db.execute(f"SET VARIABLE {name} = ?", [value])
    bench.db.execute("SET VARIABLE moment = ?::TIMESTAMP", [naive_utc(moment)])
    told = bench.db.execute(
        "SELECT external_id, code, vat_number, enterprise_number, country, language, fiscal_year_end FROM books.clients"
    ).fetchall()
    bench.table("client_values", pa.Table.from_pylist([_values(*row) for row in told], schema=_VALUES))
    bench.table("stood", stood)
    scripts.run(bench.db, "clients")


def _values(
    external_id: str,
    code: str | None,
    vat: str | None,
    enterprise: str | None,
    country: str | None,
    language: str | None,
    year_end: str | None,
) -> dict[str, Any]:
    place = client_values.country(country)
    numbers = client_values.numbers(vat, enterprise, place)
    return {
        "external_id": external_id,
        "code": code,
        "vat_number": numbers.vat_number,
        "enterprise_number": numbers.enterprise_number,
        "country": place,
        "language": client_values.language(language),
        "fiscal_year_end": client_values.year_end(year_end),
        "told_number": " ".join(filter(None, (enterprise, vat))),
        "told_year_end": year_end,
        "valid": numbers.valid,
    }
