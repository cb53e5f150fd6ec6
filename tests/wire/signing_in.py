"""A vendor with nothing but a sign-in: its consent page, its token call, and one address that tells who calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from connectors.sandbox.consent import TokenDesk


@dataclass
class Vendor:
    """What is served: ``lose`` drops so many next answers of the token call on their way."""

    desk: TokenDesk
    base_url: str = ""
    lose: int = 0
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(desk: TokenDesk) -> Iterator[Vendor]:
    """Serves ``desk`` at ``/authorize``, ``/token`` and ``/me`` (the callback fields of the caller's consent)."""
    vendor = Vendor(desk)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            vendor.asked.append(path)
            if path == "/authorize":
                self._send(*desk.authorize(query))
                return
            grant = desk.grant_of(self.headers.get("Authorization", "").removeprefix("Bearer "))
            self._send(200, {}, json.dumps(grant.callback).encode()) if grant else self._send(401, {}, b"")

        def do_POST(self) -> None:
            vendor.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = desk.token(self.headers.get("Content-Type", ""), dict(self.headers), body)
            if vendor.lose:
                vendor.lose -= 1
                self.close_connection = True
                return
            self._send(status, {"Content-Type": "application/json"}, answer)

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        vendor.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield vendor
        finally:
            server.shutdown()
