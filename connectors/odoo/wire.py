"""Questions to one company of an Odoo database, whatever the protocol: rows by id, ids, counts, sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from connectors.json_pages import concatenated
from foundation.errors import VendorDown

from .faults import VENDOR
from .inferred import IDS_AT_ONCE, ROWS_AT_ONCE
from .resources import SUMS
from .transport import Domain, Transport
from .values import batch


@dataclass(frozen=True)
class PageSizes:
    """How many records, and how many bare ids, are asked for at once."""

    rows: int = ROWS_AT_ONCE
    ids: int = IDS_AT_ONCE


class OdooWire:
    """Calls with one context: the companies that may be seen, the language, and archived records among the others."""

    def __init__(self, transport: Transport, context: Mapping[str, Any], sizes: PageSizes) -> None:
        self._transport = transport
        self._context = dict(context)
        self._sizes = sizes

    def in_english(self) -> OdooWire:
        """The same questions, with names in the language that all versions come with."""
        return OdooWire(self._transport, {**self._context, "lang": "en_US"}, self._sizes)

    def rows(
        self, model: str, domain: Domain, schema: pa.Schema, names: Sequence[str] = (), after: int = 0
    ) -> Iterator[pa.RecordBatch]:
        """Records by id, page by page, in ``schema``; those with an id up to ``after`` are left out. ``names`` are the
        fields that this version has, by default all of the schema's. While a page is used, the next is fetched.

        A page begins behind the last id of the one before, so that nothing shifts when records come or go meanwhile.
        Raises VendorDown when ids do not grow.
        """
        fields = [*(names or schema.names)]

        def fetch(last: int) -> list[dict[str, Any]]:
            wanted = [*domain, ["id", ">", last]]
            return self._ask(model, "search_read", wanted, fields=fields, order="id", limit=self._sizes.rows)

        with ThreadPoolExecutor(1, thread_name_prefix="next-page") as ahead:
            found = fetch(after)
            while found:
                last = int(found[-1]["id"])
                if last <= after:
                    raise VendorDown(f"{VENDOR} tells its records in no order")
                after = last
                coming = ahead.submit(fetch, after) if len(found) >= self._sizes.rows else None
                yield batch(found, schema)
                found = coming.result() if coming else []

    def table(self, model: str, domain: Domain, schema: pa.Schema, names: Sequence[str] = ()) -> pa.Table:
        """All records of a small model at once."""
        return concatenated(list(self.rows(model, domain, schema, names)), schema)

    def first(self, model: str, domain: Domain, field: str, order: str) -> Any:
        """A field of the first record in that order; None without any."""
        found = self._ask(model, "search_read", domain, fields=[field], order=order, limit=1)
        return (found[0][field] or None) if found else None

    def ids(self, model: str, domain: Domain) -> Iterator[pa.Array]:
        """The ids of records, growing."""
        last = 0
        while True:
            found = self._ask(model, "search", [*domain, ["id", ">", last]], order="id", limit=self._sizes.ids)
            yield pa.array(found, pa.int64())
            if len(found) < self._sizes.ids:
                return
            last = found[-1]

    def count(self, model: str, domain: Domain) -> int:
        return int(self._ask(model, "search_count", domain))

    def fields(self, model: str, names: Sequence[str]) -> list[str]:
        """Those of the fields that this version (and the modules that are installed) has, in the order given."""
        known = self._ask(model, "fields_get", None, allfields=[*names], attributes=["type"])
        return [name for name in names if name in known]

    def groups(self, model: str, domain: Domain, field: str) -> list[int]:
        """The ids to which records point with a relation."""
        if self._transport.formatted_groups:
            found = self._ask(model, "formatted_read_group", domain, groupby=[field], aggregates=[])
        else:
            found = self._ask(model, "read_group", domain, fields=[field], groupby=[field], lazy=False)
        return [int(row[field][0]) for row in found if row[field]]

    def sums(self, model: str, domain: Domain, by: str = "") -> pa.Table:
        """Debit, credit and balance per account; ``by`` ("month" or "day") also per month or day.

        ``day`` is then the first of the month, or the day itself.
        """
        groups = ["account_id", *([f"date:{by}"] if by else [])]
        if self._transport.formatted_groups:
            sums = [f"{name}:sum" for name in ("debit", "credit", "balance")]
            found = self._ask(model, "formatted_read_group", domain, groupby=groups, aggregates=sums)
            rows = [{name.removesuffix(":sum"): value for name, value in row.items()} for row in found]
        else:
            fields = ["debit", "credit", "balance"]
            rows = self._ask(model, "read_group", domain, fields=fields, groupby=groups, lazy=False)
        told = [{**row, "day": _first_day(row, groups[-1])} for row in rows] if by else rows
        return pa.Table.from_batches([batch(told, SUMS)])

    def _ask(self, model: str, method: str, domain: Domain | None, **parameters: Any) -> Any:
        return self._transport.call(model, method, domain, {**parameters, "context": self._context})


def _first_day(row: Mapping[str, Any], group: str) -> str:
    """The first day of a group of dates: told beside its label, or as the bounds of the group."""
    if isinstance(row[group], list):
        return row[group][0]
    return next(iter(row["__range"].values()))["from"]
