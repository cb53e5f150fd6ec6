"""A person's browser, played by an HTTP client: opens the consent page and follows it back to the command line."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import requests


def free_redirect() -> str:
    """An address of return on a free port of this computer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/callback"


def person(change: Callable[[str], str] = lambda address: address) -> Callable[[str], object]:
    """Consents, and follows the redirect (changed on its way)."""

    def browse(address: str) -> None:
        def go() -> None:
            answer = requests.get(address, allow_redirects=False, timeout=30)
            target = answer.headers.get("Location") or address
            requests.get(change(target), timeout=30)

        threading.Thread(target=go, daemon=True).start()

    return browse


def command(folder: Path) -> str:
    """The same as a program of its own, for the variable ``BROWSER``."""
    script = folder / "browser.py"
    script.write_text("import sys, requests\nrequests.get(sys.argv[1], timeout=30)\n")
    return f"{sys.executable} {script} %s"
