"""The sandbox's socket: HTTP/1.1 on 127.0.0.1, with the faults that a network and a vendor have."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from .knobs import Fault
from .limits import window_headers
from .queries import Answer
from .vendor import Vendor

_HTML = b"<!DOCTYPE html><html><head><title>Exact Online</title></head><body>We will be back soon.</body></html>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # a client that is turned away comes back after a second

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    @property
    def vendor(self) -> Vendor:
        return cast(_Server, self.server).vendor

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_POST(self) -> None:
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _serve(self, method: str, body: bytes) -> None:
        vendor = self.vendor
        if vendor.knobs.latency:
            time.sleep(vendor.knobs.latency)
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = next((fault for fault in vendor.knobs.faults if fault.strikes(self.path)), None)
        if fault and fault.kind == "401":
            vendor.desk.void_access_token()
            fault = None
        answer = vendor.get(self.path, headers) if method == "GET" else vendor.post(self.path, headers, body)
        self._send(self._spoil(answer, fault), fault)

    def _spoil(self, answer: Answer, fault: Fault | None) -> Answer:
        now = self.vendor.now()
        match fault.kind if fault else "":
            case "500":
                return Answer(500, b'{"error":{"code":"","message":{"lang":"","value":"Internal error"}}}')
            case "503":
                return Answer(503, _HTML, "text/html", {"Retry-After": "2"})
            case "429_minute":
                soon = now + timedelta(seconds=20)
                return Answer(429, headers=window_headers("X-RateLimit-Minutely-", 60, 0, soon))
            case "429_day":
                return Answer(429, headers=window_headers("X-RateLimit-", 5000, 0, now + timedelta(hours=7)))
            case "429_bare":
                return Answer(429)
            case "html":
                return Answer(200, _HTML, "text/html; charset=utf-8")
            case "redirect":
                moved = b"<html><head><title>Object moved</title></head></html>"
                return Answer(302, moved, "text/html", {"Location": "/docs/Login.aspx"})
            case "truncated":
                return Answer(200, answer.body[: len(answer.body) // 2], headers=answer.headers)
            case "empty":
                return Answer(200, b'{"d":{"results":[]}}', headers=answer.headers)
            case _:
                return answer

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        if fault and fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response_only(answer.status)
        self.send_header("Date", format_datetime(self.vendor.now(), usegmt=True))
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in (answer.headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if fault and fault.kind == "cut":
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self.close_connection = True
        elif fault and fault.kind == "slow":
            for position in range(len(answer.body)):
                self.wfile.write(answer.body[position : position + 1])
                self.wfile.flush()
                time.sleep(self.vendor.knobs.trickle)
        else:
            self.wfile.write(answer.body)


@contextmanager
def serve(vendor: Vendor) -> Iterator[str]:
    """Serves ``vendor`` on a free port; yields its base address."""
    server = _Server(vendor)
    vendor.pager.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vendor.pager.base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
