"""Odoo's JSON-RPC: every call goes to one address; faults come with status 200."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.http import NotAnAnswer, Reply

from .faults import refuse
from .rpc import Rpc
from .transport import call_decoded, decoded

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class _Data(msgspec.Struct):
    name: str = ""
    message: str = ""


class _Fault(msgspec.Struct):
    message: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


class _Envelope(msgspec.Struct):
    jsonrpc: str
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Fault | None = None


_envelope = msgspec.json.Decoder(_Envelope).decode


class JsonRpc(Rpc):
    """See :class:`connectors.odoo.transport.Transport`."""

    def ask(self, service: str, method: str, arguments: Sequence[Any]) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}).encode()
        return call_decoded(self.client, f"{self.database.base_url}/jsonrpc", _HEADERS, body, _result)


def _result(reply: Reply) -> Any:
    """The result of an answer; None for a method that returns nothing, whose answer has neither result nor error."""
    try:
        told = _envelope(reply.body)
    except msgspec.MsgspecError as error:
        raise NotAnAnswer(f"no JSON-RPC: {error}") from None
    if told.error:
        refuse(told.error.data.name, told.error.data.message or told.error.message)
    return decoded(told.result)
