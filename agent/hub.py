"""Calls to the hub, as :mod:`agent.protocol` has them. One try each: who calls decides when to try again.

Certificates are verified, always; redirects are not followed, so that the token is told to nobody else; proxies are
those of the environment (``HTTPS_PROXY``, ``NO_PROXY``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import requests

from agent import machine, protocol, troubles
from agent.tokens import TokenFile
from agent.troubles import HubDown
from foundation.errors import AskForAccess

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
_Answer = TypeVar("_Answer", bound=protocol.Message)


class Hub:
    """One thread's line to the hub. ``clock_difference`` is how many seconds this server's clock is ahead, as of the
    last answer."""

    def __init__(
        self,
        address: str,
        tokens: TokenFile,
        *,
        ca_file: Path | None = None,
        session: requests.Session | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._address = address
        self._tokens = tokens
        self._verify = str(ca_file) if ca_file else True
        self._session = session or requests.Session()
        self._now = now
        self.clock_difference: float | None = None

    def reach(self) -> None:
        """Asks without a token. Raises HubDown where nothing answers, or with a certificate that is not trusted."""
        self._send("GET", "/requests?wait=0", {}, b"", READ_SECONDS)

    def enrol(self, code: str) -> str:
        """Uses up a one-time code and keeps the token; returns the service's id. AskForAccess: the code is old."""
        body = protocol.Enrolment(
            code=code, host=machine.host(), system=machine.system(), version=machine.service_version()
        )
        response = self._send("POST", "/enrol", {}, msgspec.json.encode(body), READ_SECONDS)
        if response.status_code == 403:
            raise AskForAccess(
                "the hub does not take this code: it was used, or is too old",
                next_step="Ask for another one on the hub: grandlivre agent code ID.",
            )
        enrolled = self._understood(response, protocol.Enrolled)
        self._tokens.save(self._address, enrolled.agent_id, enrolled.token)
        return enrolled.agent_id

    def renew(self) -> None:
        """Asks for a new token and keeps it before it is used; until then the one before stands."""
        enrolled = self._call("POST", "/token", protocol.Enrolled)
        self._tokens.save(self._address, enrolled.agent_id, enrolled.token)

    def report(self, report: protocol.Report) -> protocol.Reported:
        return self._call("POST", "/report", protocol.Reported, report)

    def requests(self, wait: float) -> list[protocol.Request]:
        """What the hub wants read; waits up to ``wait`` seconds for it."""
        path = f"/requests?wait={int(wait)}"
        return self._call("GET", path, protocol.Requests, timeout=wait + READ_SECONDS).requests

    def refuse(self, request_id: str, refusal: protocol.Refusal) -> None:
        self._call("POST", f"/requests/{_part(request_id)}/refusal", None, refusal)

    def offer(self, delivery: protocol.Delivery) -> protocol.Standing:
        return self._call("POST", "/deliveries", protocol.Standing, delivery)

    def put(self, delivery_id: str, resource: str, offset: int, chunk: bytes) -> protocol.Standing:
        """Sends one chunk. Where the hub wants another one, its standing says which."""
        headers = {
            protocol.OFFSET_HEADER: str(offset),
            protocol.DIGEST_HEADER: hashlib.sha256(chunk).hexdigest(),
            "Content-Type": "application/octet-stream",
        }
        response = self._signed("PUT", f"/deliveries/{_part(delivery_id)}/{_part(resource)}", chunk, headers=headers)
        if response.status_code == 409:
            return self._call("GET", f"/deliveries/{_part(delivery_id)}", protocol.Standing)
        return self._understood(response, protocol.Standing)

    def finish(self, delivery_id: str) -> protocol.Standing:
        response = self._signed("POST", f"/deliveries/{_part(delivery_id)}/finish", b"")
        if response.status_code == 409:
            return self._call("GET", f"/deliveries/{_part(delivery_id)}", protocol.Standing)
        return self._understood(response, protocol.Standing)

    def close(self) -> None:
        self._session.close()

    def _call(
        self,
        method: str,
        path: str,
        answer: type[_Answer] | None,
        body: protocol.Message | None = None,
        *,
        timeout: float = READ_SECONDS,
    ) -> Any:
        content = msgspec.json.encode(body) if body is not None else b""
        return self._understood(self._signed(method, path, content, timeout=timeout), answer)

    def _signed(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = READ_SECONDS,
    ) -> requests.Response:
        """Sends a call with the token; once more where it was refused and another one has been kept meanwhile."""
        used = self._tokens.read(self._address).token
        response = self._send(method, path, _bearer(used.reveal(), headers), body, timeout)
        if response.status_code == 401:
            kept = self._tokens.read(self._address).token
            if kept != used:
                response = self._send(method, path, _bearer(kept.reveal(), headers), body, timeout)
        return response

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> requests.Response:
        named = {
            "Accept": "application/json",
            "User-Agent": f"grandlivre-agent/{machine.service_version()}",
            protocol.PROTOCOL_HEADER: str(protocol.PROTOCOL),
            **({"Content-Type": "application/json"} if body else {}),
        }
        try:
            response = self._session.request(
                method,
                f"{self._address}{protocol.PREFIX}{path}",
                headers={**named, **headers},
                data=body or None,
                auth=_as_signed,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, timeout),
                verify=self._verify,
            )
        except (requests.RequestException, OSError) as error:
            raise troubles.of_the_line(error, self._address) from None
        self.clock_difference = troubles.clock_difference(response, self._now())
        return response

    def _understood(self, response: requests.Response, answer: type[_Answer] | None) -> Any:
        status = response.status_code
        if not 200 <= status < 300:
            raise troubles.of(response, self._address, self._now())
        if answer is None:
            return None
        try:
            return msgspec.json.decode(response.content, type=answer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise HubDown(
                f"{self._address} answers something else than the hub does",
                next_step="Check the address of the hub, and what stands between it and this server.",
            ) from None


def _bearer(token: str, headers: Mapping[str, str] | None) -> dict[str, str]:
    return {**(headers or {}), "Authorization": f"Bearer {token}"}


def _as_signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the token as it is; without this, a .netrc file would replace it."""
    return request


def _part(text: str) -> str:
    """One part of a path, whatever stands in it."""
    return quote(text, safe="")
