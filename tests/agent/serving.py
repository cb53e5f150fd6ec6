"""The socket of :class:`tests.agent.hub.TestHub`: HTTP/1.1 on 127.0.0.1, with or without TLS."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from tests.agent.hub import Answer, TestHub, trouble


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: TestHub

    def do_GET(self) -> None:
        hub, path = self.hub, self.path
        if path.startswith("http://"):  # asked as a proxy
            hub.proxied += 1
            path = path.partition("//")[2].partition("/")[2].join(("/", ""))
        asked = f"{self.command} {path}"
        fault = hub.fault(asked)
        kind = fault.kind if fault else ""
        length = int(self.headers.get("Content-Length") or 0)
        if kind == "down":
            return self._hang_up()
        body = self.rfile.read(length // 2 if kind == "cut" else length)
        if kind == "cut":
            return self._hang_up()
        with hub.lock:
            hub.calls.append(asked)
        if fault and fault.seconds:
            time.sleep(fault.seconds)
        if fault and kind.isdigit():
            more = {"Retry_After": fault.retry_after} if fault.retry_after else {}
            answer = trouble(int(kind), f"a planted {kind}", **more)
        else:
            answer = hub.handle(self.command, path, {k.lower(): v for k, v in self.headers.items()}, body)
        if kind == "lost":
            return self._hang_up()
        if kind == "redirect":
            answer = Answer(302, None, {"Location": f"{hub.url}/elsewhere"})
        if kind == "proxy":
            answer = Answer(403, None)
        self._answer(answer, b"<html>Sign in to the wireless network</html>" if kind == "html" else None)

    do_POST = do_PUT = do_GET

    def _answer(self, answer: Answer, instead: bytes | None) -> None:
        content = instead or (msgspec.json.encode(answer.body) if answer.body is not None else b"")
        self.send_response_only(200 if instead else answer.status)
        moment = datetime.fromtimestamp(time.time() + self.hub.clock_ahead, UTC)
        self.send_header("Date", format_datetime(moment, usegmt=True))
        for name, text in answer.headers.items():
            self.send_header(name, text)
        if answer.status != 204 or instead:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int, hub: TestHub) -> None:
        self.lines: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), type("Handler", (_Handler,), {"hub": hub}))

    def process_request(self, request: Any, client_address: Any) -> None:
        self.lines.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """A hub that is away hangs up on those that it was speaking with, too."""
        super().server_close()
        for line in self.lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


@contextmanager
def serving(hub: TestHub, port: int = 0, certificate: Path | None = None) -> Iterator[TestHub]:
    """Serves ``hub``, with TLS where there is a ``certificate`` (with its key in the same file)."""
    server = _Server(port, hub)
    scheme = "http"
    if certificate:
        scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hub.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
