"""A package's sandbox as a fast server: every answer is made once and then replayed from memory.

Run as a process of its own (``python -m benchmarks.package_server SLUG LINES``), so that its work is not counted as
ours. It prints a line of JSON: its address, settings and secrets, and how many ledger lines it tells. Whoever begins
calls ``/asked`` first: it tells what was asked since the one before began, so that a bare download can ask the same.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from connectors.catalog import package
from connectors.sandbox.server import serve
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from connectors.sandbox.vendor import Answer, Request, Vendor, json_answer

LINES_PER_ENTRY = 42 * 2.5  # 42 months, 2.5 lines an entry


class Replay(Vendor):
    """Answers from memory; the first answer to each question comes from the sandbox. One that is asked again before
    somebody else begins is another question: two sign-ins are two sessions."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._vendor: Vendor = cast(Any, sandbox).vendor
        self._kept: dict[tuple[str, str, bytes], list[Answer]] = defaultdict(list)
        self._heard: Counter[tuple[str, str, bytes]] = Counter()
        self._asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        if request.path == "/asked":
            asked, self._asked = self._asked, []
            self._heard.clear()
            return json_answer(200, [_as_json(each) for each in asked])
        self._asked.append(request)
        key = (request.method, request.target, request.body)
        kept = self._kept[key]
        if self._heard[key] == len(kept):
            answer = self._vendor.answer(request)
            if answer.status >= 300:
                return answer
            ours, theirs = self.base_url.encode(), self._vendor.base_url.encode()
            kept.append(replace(answer, body=answer.body.replace(theirs, ours)))
        self._heard[key] += 1
        return kept[self._heard[key] - 1]


def _as_json(request: Request) -> dict[str, Any]:
    body = base64.b64encode(request.body).decode()
    headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
    return {"method": request.method, "target": request.target, "headers": headers, "body": body}


def main(slug: str, lines: int) -> None:
    """Serves a company of about ``lines`` ledger lines until standard input closes."""
    row = package(slug)
    company = company_of(row, entries_per_month=max(6, round(lines / LINES_PER_ENTRY)))
    with tempfile.TemporaryDirectory() as folder, open_sandbox(row, company, Path(folder)) as sandbox:
        replay = Replay(sandbox)
        with serve(replay) as base_url:
            theirs = cast(Any, sandbox).vendor.base_url
            told = {
                "software": slug,
                "base_url": base_url,
                "settings": {name: value.replace(theirs, base_url) for name, value in sandbox.settings.items()},
                "secrets": sandbox.secrets,
                "external_id": sandbox.external_id,
                "lines": len(company.lines),
            }
            print(json.dumps(told), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
