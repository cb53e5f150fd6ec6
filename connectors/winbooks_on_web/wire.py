"""WinBooks on Web's REST interface: lists of a folder, criteria in windows, parts that ``ContinuePath`` leads on to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape
from foundation.errors import AskForAccess, GrandlivreError, SignInAgain, VendorDown, WrongInput

from .criteria import Criteria
from .inferred import OBJECTS, WINDOW
from .objects import Row, joined
from .signing import ExchangeSigner

VENDOR = "WinBooks on Web"
REFUSALS = (AskForAccess, WrongInput)
"""What a question becomes that the vendor does not answer, although the folder is there."""
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
_WORDS = ("Message", "message", "ExceptionMessage", "error_description", "error")
_OWN_WAY = frozenset({401, 408, 425, 429})  # of other meaning than that a question is refused


class WowWire:
    """Reads one folder. ``names`` are lists that are called otherwise in addresses than the entity."""

    def __init__(
        self, base: str, folder: str, client: HttpClient, signer: ExchangeSigner, names: Mapping[str, str] = OBJECTS
    ) -> None:
        self._root = f"{base}/app"
        self._folder = folder
        self._client = client
        self._signer = signer
        self._names = names

    def objects(self, entity: str, level: int = 1) -> list[Row]:
        """Every object of a small list, with what it holds down to ``level``."""
        return joined(self._parts("GET", f"{self._list(entity)}?maxLevel={level}", b"", _listed))

    def values(self, asked: Criteria) -> list[Any]:
        """What projections give: an array per row; plain values where one property alone is asked for."""
        return joined(self._execute(asked, _listed))

    def first(self, asked: Criteria) -> Row | None:
        """The first object that is found."""
        found = joined(self._execute(asked, _listed))
        return found[0] if found and isinstance(found[0], dict) else None

    def rows(self, asked: Criteria, schema: pa.Schema, after: str = "") -> Iterator[pa.RecordBatch]:
        """What is found behind the id ``after``, in the order of ids. ``schema`` has an Id; numbers come exact. While
        one window is used, the next is asked for already."""
        decoder = PageDecoder(schema, PageShape(""))

        def window(key: str) -> pa.RecordBatch:
            return _whole(list(self._execute(asked.behind(key, WINDOW), _decoded(decoder))), schema)

        return self._windows(window, lambda rows: rows.column("Id")[-1].as_py(), after)

    def ids(self, asked: Criteria) -> Iterator[list[str]]:
        """The first property of what is found, which is the id, window by window."""

        def window(key: str) -> list[str]:
            return [str(row[0]) for row in self.values(asked.behind(key, WINDOW))]

        return self._windows(window, lambda keys: keys[-1], "")

    def _windows(self, window: Callable[[str], Any], last: Callable[[Any], str], after: str) -> Iterator[Any]:
        with ThreadPoolExecutor(1, thread_name_prefix="next-window") as ahead:
            rows = window(after)
            while len(rows):
                reached = last(rows)
                if reached == after:
                    raise VendorDown(f"{VENDOR} tells the same lines again and again")
                coming = ahead.submit(window, reached) if len(rows) >= WINDOW else None
                yield rows
                if coming is None:
                    return
                after, rows = reached, coming.result()

    def _execute(self, asked: Criteria, read: Callable[[bytes], Any]) -> Iterator[Any]:
        address = f"{self._list(asked.entity)}/ExecuteCriteria?maxLevel=1"
        return self._parts("POST", address, asked.document(), read)

    def _list(self, entity: str) -> str:
        return f"{self._root}/{self._names.get(entity, f'{entity}s')}/Folder/{quote(self._folder, safe='')}"

    def _parts(self, method: str, address: str, body: bytes, read: Callable[[bytes], Any]) -> Iterator[Any]:
        """What ``read`` makes of every part of an answer. The same call leads on, with the path that the part before
        told."""
        path, seen = "", set[str]()
        while True:
            found: list[Any] = []

            def check(reply: Reply, found: list[Any] = found) -> None:
                try:
                    found.append(read(reply.body))
                except ValueError as error:
                    raise NotAnAnswer("not a whole JSON document") from error

            reply = self._call(method, address, body, {"ContinuePath": path} if path else {}, check)
            yield found[-1]
            path = reply.headers.get("continuepath", "")
            if not path:
                return
            if path in seen:
                raise VendorDown("the parts of an answer run in a circle")
            seen.add(path)

    def _call(
        self, method: str, address: str, body: bytes, headers: Mapping[str, str], check: Callable[[Reply], None]
    ) -> Reply:
        given = self._signer.given
        try:
            return self._client.call(method, address, headers={**_JSON, **headers}, data=body or None, check=check)
        except SignInAgain:
            if self._signer.given == given:
                raise
            # The token is good, it was given a moment ago: what it does not open is the folder.
            raise AskForAccess(
                f"{VENDOR} does not open the folder {self._folder!r}",
                next_step="Check its code, and that the user of the exchange token has a right to it.",
            ) from None


def ways(folder: str = "") -> VendorWays:
    """How the vendor refuses; what its error bodies hold is not public."""

    def refusal(reply: Reply) -> GrandlivreError | None:
        if not 400 <= reply.status < 500 or reply.status in _OWN_WAY or not folder:
            return None
        said = _said(reply)
        told = f"error {reply.status}" + (f", {said}" if said else "")
        if reply.status == 403:
            return AskForAccess(
                f"{VENDOR} gives no access to the folder {folder!r} ({told})",
                next_step="Ask the administrator of the licence to give the user of the exchange token a right to it.",
            )
        return WrongInput(
            f"{VENDOR} has no folder {folder!r}, or does not answer this question of it ({told})",
            next_step="Check the folder's code, as it stands in WinBooks on Web, and base_url.",
        )

    return VendorWays(VENDOR, explain=_said, refusal=refusal)


def _said(reply: Reply) -> str:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        return ""
    told = [str(found[name]) for name in _WORDS if found.get(name)] if isinstance(found, dict) else []
    return told[0][:200] if told else ""


def _listed(body: bytes) -> list[Any]:
    """A list of objects or arrays; numbers that are no whole ones stay text, so that they stay exact."""
    try:
        found = _LIST.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, list):
        raise ValueError("no list in the answer")
    return found


def _decoded(decoder: PageDecoder) -> Callable[[bytes], pa.RecordBatch]:
    return lambda body: decoder.decode(body).rows


def _whole(parts: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """The rows of a window. One that came in parts is put together object by object."""
    if len(parts) == 1:
        return parts[0]
    return pa.RecordBatch.from_pylist(joined(part.to_pylist() for part in parts), schema=schema)


_LIST = msgspec.json.Decoder(float_hook=str)
