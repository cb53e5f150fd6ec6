"""AFAS's REST interface: addresses, filters, pages, the size of an answer, and refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa

from connectors.budgets import PATIENCE_SECONDS
from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape, concatenated, numbered_pages
from foundation.errors import AskForAccess, Busy, GrandlivreError, ReportABug, VendorDown, WrongInput

from .inferred import CELLS, COLUMNS_ASSUMED, NO_SUCH_FIELD, NOT_ALLOWED, READ_ANEW, SHIFTED, SMALLEST_TAKE, TOO_MUCH
from .sources import Source

VENDOR = "AFAS"
EQUALS, AT_LEAST, ABOVE = "1", "2", "4"
Where = Sequence[Sequence[tuple[str, str, str]]]
"""A filter: any of the groups, of each all conditions: field, operator, value."""
Key = tuple[Any, ...]


class TooMuch(VendorDown):
    """An answer of that size is not made."""


class Shifted(Busy):
    """Rows moved while they were read page by page: some may have been skipped."""


class AfasWire:
    """Reads an environment's GetConnectors as Arrow rows, under our names of fields."""

    def __init__(self, base_url: str, client: HttpClient, integration_id: str = "") -> None:
        base = base_url.rstrip("/")
        self._root = base if base.lower().endswith("/profitrestservices") else f"{base}/ProfitRestServices"
        self._headers = {"Accept": "application/json", "Accept-Language": "en-us"}
        if integration_id:
            self._headers["IntegrationId"] = integration_id
        self._columns: dict[str, int] = {}
        self.client = client

    def table(self, source: Source, where: Where = ()) -> pa.Table:
        """Every row of a small connector at once; from the beginning again when rows shift meanwhile."""
        for _ in range(READ_ANEW):
            try:
                return concatenated(list(self.rows(source, where)), source.schema)
            except Shifted:
                continue
        raise Busy(f"{SHIFTED} ({source.connector})")

    def rows(self, source: Source, where: Where = (), done: int = 0, last: Key = ()) -> Iterator[pa.RecordBatch]:
        """The rows after the first ``done`` ones, of which ``last`` is the key of the last, page by page.

        A page begins with the last row of the one before: where it is another, rows were booked or deleted before it,
        and Shifted is raised. A page that is too much for the vendor is asked for in smaller ones.
        """
        decoder = PageDecoder(pa.schema([f.with_name(source.name(f.name)) for f in source.schema]), PageShape("rows"))
        take = max((CELLS - 1) // self._columns.get(source.connector, COLUMNS_ASSUMED), SMALLEST_TAKE)
        while True:
            try:
                for page in self._pages(source, where, decoder, max(done - 1, 0), take):
                    rows = page.rename_columns(source.schema.names)
                    if done:
                        if not rows.num_rows or key_at(source, rows, 0) != last:
                            raise Shifted(SHIFTED)
                        rows = rows.slice(1)
                    if rows.num_rows:
                        done, last = done + rows.num_rows, key_at(source, rows, rows.num_rows - 1)
                        yield rows
                return
            except TooMuch:
                if take <= SMALLEST_TAKE:
                    raise
                take = max(take // 2, SMALLEST_TAKE)

    def fields(self, source: Source) -> frozenset[str]:
        """The ids of a connector's fields, which also tell how many rows an answer can hold from then on."""
        told = self._document(f"metainfo/get/{source.connector}")
        found = frozenset(str(each.get("id")) for each in told.get("fields") or [])
        if found:
            self._columns[source.connector] = len(found)
        return found

    def connectors(self) -> frozenset[str]:
        """The ids of the GetConnectors that the App Connector holds."""
        told = self._document("metainfo")
        return frozenset(str(each.get("id")) for each in told.get("getConnectors") or [])

    def _pages(
        self, source: Source, where: Where, decoder: PageDecoder, start: int, take: int
    ) -> Iterator[pa.RecordBatch]:
        query = _query(source, where)

        def address(page: int) -> str:
            return f"{self._root}/connectors/{source.connector}?{query}skip={start + page * (take - 1)}&take={take}"

        return numbered_pages(self._fetch, address, decoder, take, first=0)

    def _document(self, path: str) -> dict[str, Any]:
        try:
            found = msgspec.json.decode(self._fetch(f"{self._root}/{path}"))
        except msgspec.DecodeError:
            raise VendorDown(f"{VENDOR} tells nothing readable about {path}") from None
        if not isinstance(found, dict):
            raise ReportABug(f"{VENDOR} tells no document about {path}")
        return found

    def _fetch(self, url: str) -> bytes:
        return with_zeros(self.client.call("GET", url, headers=self._headers, check=_check_document).body)


def key_at(source: Source, rows: pa.RecordBatch, position: int) -> Key:
    """The values by which rows are ordered, of one row."""
    return tuple(rows.column(name)[position].as_py() for name in source.order)


def with_zeros(body: bytes) -> bytes:
    """``body`` with ``-.5`` written ``-0.5``: before Profit 7 numbers could come so, which is no JSON."""
    if not any(sign in body for sign in _PERHAPS_NO_ZERO):  # hardly ever, and looking for it closely takes long
        return body
    return _NO_ZERO.sub(rb"\g<1>0", body)


def _query(source: Source, where: Where) -> str:
    """Filter and order as a query, up to ``skip`` and ``take``; the comma means AND, the semicolon OR."""
    options = {"orderbyfieldids": ",".join(map(source.name, source.order))}
    if where:
        options["filterfieldids"] = ";".join(",".join(source.name(name) for name, _, _ in group) for group in where)
        options["filtervalues"] = ";".join(",".join(value for _, _, value in group) for group in where)
        options["operatortypes"] = ";".join(",".join(kind for _, kind, _ in group) for group in where)
    return "".join(f"{name}={quote(value, safe=',;:')}&" for name, value in options.items())


def _explain(reply: Reply) -> str:
    """The vendor's own words: ``externalMessage`` of its error document."""
    return str(_error(reply).get("externalMessage") or "")


def _error(reply: Reply) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(reply: Reply) -> GrandlivreError | None:
    """What the vendor refuses for good. A functional error comes with 500 and only its message tells which."""
    text = _explain(reply)
    low = text.lower()
    if reply.status == 503:
        return _maintenance(_error(reply).get("retry_after"))
    if reply.status == 403:
        return AskForAccess(
            f"{VENDOR} refuses this server's address" + (f" ({text})" if text else ""),
            next_step="Add the server's IP address to the App Connector, or allow all.",
        )
    if any(known in low for known in NOT_ALLOWED):
        return AskForAccess(
            f"{VENDOR} refuses: {text.rstrip('.')}",
            next_step="Add the GetConnector to the App Connector, or ask AFAS why it is blocked.",
        )
    if any(known in low for known in NO_SUCH_FIELD):
        return WrongInput(
            f"{VENDOR} refuses: {text.rstrip('.')}",
            next_step="Name the field as your GetConnector does: --set connectors=ROLE.FIELD=FIELD.",
        )
    if any(known in low for known in TOO_MUCH):
        return TooMuch(f"{VENDOR} cannot make so large an answer ({text})")
    return None


def _maintenance(seconds: Any) -> GrandlivreError | None:
    """For maintenance that is not sat out. ``seconds`` is ``retry_after`` of the document."""
    if isinstance(seconds, int) and seconds > PATIENCE_SECONDS:
        return VendorDown(f"{VENDOR} is under maintenance for another {seconds // 60 + 1} minutes")
    return None


def _check_document(reply: Reply) -> None:
    ends = reply.body[:64].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] + reply.body[-64:].rstrip()[-1:]
    if ends != b"{}":
        raise NotAnAnswer("not a whole JSON document")


_PERHAPS_NO_ZERO = (b":.", b":-.", b": .", b": -.")
_NO_ZERO = re.compile(rb'((?<!\\)": ?-?)(?=\.\d)')
WAYS = VendorWays(VENDOR, explain=_explain, refusal=_refusal)
