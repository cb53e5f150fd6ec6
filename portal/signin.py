"""Signing in by redirect: the vendor's consent page in a browser, and back to this computer with a code.

The redirect address is the one registered for the app (setting ``redirect_uri``, by default a loopback address). Where
it leads to this computer, a small server waits for it there; otherwise the person pastes the address that the browser
ended at. Either way the ``state`` must come back unchanged.
"""

from __future__ import annotations

import queue
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from connectors.consent import Consent, Question
from connectors.package import Package
from foundation.errors import Wait, WrongInput
from foundation.secrets import Secret
from portal.operations.consents import accepted, app_of
from portal.output import tell

LOOPBACK = "http://localhost:8765/callback"
_PATIENCE = 300.0
_SILENCE = 10.0  # seconds that a connection may say nothing; browsers open some that they never use
_PAGE = "<!doctype html><meta charset=utf-8><title>Grandlivre</title><p>{}</p><p>You can close this page.</p>"


def sign_in(
    row: Package,
    settings: Mapping[str, str],
    secrets: Mapping[str, Secret],
    *,
    browse: Callable[[str], object] = webbrowser.open,
    patience: float = _PATIENCE,
) -> Consent:
    """Opens the package's consent page and returns the consent: its tokens, and settings that came back with it.

    Raises SignInAgain when consent is refused, Wait when nobody came back, and WrongInput when it was given for
    something else than ``settings`` name, such as another company.
    """
    app = app_of(row, settings, secrets)
    redirect = settings.get("redirect_uri") or LOOPBACK
    question = Question.new(redirect)
    address = question.address(app)
    tell(f"Sign in to {row.name} and give consent:\n  {address}")
    local = urlsplit(redirect).hostname in ("localhost", "127.0.0.1", "::1") and urlsplit(redirect).scheme == "http"
    if local:
        answer = _await_redirect(redirect, lambda: browse(address), patience)
    else:
        browse(address)
        answer = _ask_address()
    return accepted(app, question, answer, settings)


def _await_redirect(redirect: str, start: Callable[[], object], patience: float) -> str:
    """Listens at the loopback address, lets the person go, and returns the address that came back."""
    target = urlsplit(redirect)
    answers: queue.Queue[str] = queue.Queue()

    class Callback(BaseHTTPRequestHandler):
        timeout = _SILENCE

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path != (target.path or "/") or not {"code", "error"} & parse_qs(asked.query).keys():
                self.send_error(404)
                return
            try:
                self._thank()
            finally:  # the answer counts, even when the browser did not wait for the page
                answers.put(self.path)

        def _thank(self) -> None:
            body = _PAGE.format("Thank you. Go back to the command line.").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The address holds the code: nothing is logged."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", target.port or 80), Callback)
    except OSError as error:
        raise WrongInput(
            f"the redirect address {redirect} cannot be listened at ({error.strerror})",
            next_step="Free that port, or register another redirect address and set it with --set redirect_uri=...",
        ) from None
    # A thread per connection: one that stays silent holds up neither the others nor the end.
    with server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            start()
            return answers.get(timeout=patience)
        except queue.Empty:
            raise Wait(
                "nobody came back from the sign-in page", next_step="Start again, and finish within five minutes."
            ) from None
        finally:
            server.shutdown()


def _ask_address() -> str:
    if not sys.stdin.isatty():
        raise WrongInput(
            "the redirect address leads elsewhere and nobody can be asked for it",
            next_step="Run this in a terminal, or give --secret refresh_token=FILE.",
        )
    return input("Paste the address that the browser ended at: ").strip()
