"""A sandbox's socket: HTTP/1.1 on 127.0.0.1, with the faults that a network and a vendor have."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from connectors.sandbox.vendor import HTML, Answer, Fault, Request, Vendor


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
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _serve(self) -> None:
        vendor = self.vendor
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if vendor.knobs.latency:
            time.sleep(vendor.knobs.latency)
        asked = self.path + body.decode("utf-8", errors="replace")
        with vendor.lock:
            fault = next((fault for fault in vendor.knobs.faults if fault.strikes(asked)), None)
        if fault and fault.kind == "401":
            vendor.forget_sign_in()
            fault = None
        answer = vendor.answer(Request(self.command, self.path, headers, body))
        self._send(_spoilt(vendor, answer, fault), fault)

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


def _spoilt(vendor: Vendor, answer: Answer, fault: Fault | None) -> Answer:
    match fault.kind if fault else "":
        case "500" | "503" | "429_minute" | "429_day" | "429_bare" as kind:
            return vendor.refuse(kind)
        case "html":
            return Answer(200, HTML, "text/html; charset=utf-8")
        case "redirect":
            moved = b"<html><head><title>Object moved</title></head></html>"
            return Answer(302, moved, "text/html", {"Location": "/sign-in"})
        case "truncated":
            return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.content_type, answer.headers)
        case "empty":
            return vendor.emptied(answer)
        case _:
            return answer


@contextmanager
def serve(vendor: Vendor) -> Iterator[str]:
    """Serves ``vendor`` on a free port; yields its base address, which it knows as ``base_url`` from then on."""
    server = _Server(vendor)
    vendor.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vendor.base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
