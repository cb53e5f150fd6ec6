"""The one small interface behind which Odoo's three protocols stand, and the choice between them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from connectors.http import HttpClient, NotAnAnswer, Reply
from foundation.secrets import Secret

PROTOCOLS = ("auto", "json-2", "json-rpc", "xml-rpc")
Domain = Sequence[Any]
"""A condition in Odoo's prefix notation: ``["|", ["date", "<", "2025-01-01"], ["move_id", "=", 7]]``."""

_decode = msgspec.json.Decoder(float_hook=str).decode


@dataclass(frozen=True)
class Database:
    """Where to call, and as whom."""

    base_url: str
    name: str
    username: str
    api_key: Secret


class Transport(Protocol):
    """Calls methods of Odoo's models.

    ``formatted_groups`` tells whether sums are asked of ``formatted_read_group`` or of its predecessor ``read_group``.
    """

    formatted_groups: bool

    def call(self, model: str, method: str, domain: Domain | None, parameters: Mapping[str, Any]) -> Any:
        """What the method returns, with decimal numbers as text and Odoo's ``false`` as False. ``domain`` is its
        first parameter, where it has one: its name differs between versions.

        Raises the error tree for Odoo's exceptions (see :mod:`connectors.odoo.faults`).
        """
        ...


def call_decoded(
    client: HttpClient, url: str, headers: Mapping[str, str], body: bytes, read: Callable[[Reply], Any]
) -> Any:
    """Posts ``body`` and gives what ``read`` makes of the answer; the call is made again when it raises NotAnAnswer."""
    found: list[Any] = []
    client.call("POST", url, headers=headers, data=body, check=lambda reply: found.append(read(reply)))
    return found[-1]


def decoded(body: bytes | msgspec.Raw) -> Any:
    """A JSON document with decimal numbers as text. Raises NotAnAnswer when it is none."""
    collecting = gc.isenabled()
    gc.disable()  # a page is a hundred thousand lists, none of them garbage: looking at them takes longer than decoding
    try:
        return _decode(body)
    except msgspec.DecodeError as error:
        raise NotAnAnswer(f"not JSON: {error}") from None
    finally:
        if collecting:
            gc.enable()
