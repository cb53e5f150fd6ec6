"""The Exact Online sandbox as a fast server: every answer is made once and then replayed from memory.

Run as a process of its own (``python -m benchmarks.exact_server LINES``), so that its work is not counted as ours. It
prints a line of JSON: its address, the credentials, and how many ledger lines it tells.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from connectors.exact_online.sandbox import ExactSandbox, open_sandbox
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Answer

LINES_PER_ENTRY = 42 * 2.5  # 42 months, 2.5 lines an entry


class Replay(BaseHTTPRequestHandler):
    """Answers GETs from memory, by path; the first of each comes from the sandbox."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 20
    sandbox: ExactSandbox
    kept: dict[str, Answer]
    base_url: str

    def do_GET(self) -> None:
        if self.path not in self.kept:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = self.sandbox.vendor.get(self.path, headers)
            if answer.status == 200:
                body = answer.body.replace(self.sandbox.settings["base_url"].encode(), self.base_url.encode())
                answer = replace(answer, body=body)
                self.kept[self.path] = answer
        else:
            answer = self.kept[self.path]
        self._send(answer)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path not in self.kept:  # one consent serves every contender
            self.kept[self.path] = self.sandbox.vendor.post(self.path, headers, body)
        self._send(self.kept[self.path])

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in (answer.headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: this is a stopwatch's other end."""


def main(lines: int) -> None:
    """Serves a company of about ``lines`` ledger lines until standard input closes."""
    company = Company("BE", 0, max(6, round(lines / LINES_PER_ENTRY)))
    with open_sandbox("exact_online_be", company) as sandbox:
        Replay.sandbox, Replay.kept = sandbox, {}
        server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
        server.daemon_threads = True
        Replay.base_url = f"http://127.0.0.1:{server.server_port}"
        told = {
            "base_url": Replay.base_url,
            "settings": {**sandbox.settings, "base_url": Replay.base_url},
            "secrets": sandbox.secrets,
            "external_id": sandbox.external_id,
            "lines": len(company.lines),
        }
        print(json.dumps(told), flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
