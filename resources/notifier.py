"""Who hears of failures, chosen by ``GRANDLIVRE_NOTIFY``:

* ``log`` (or nothing): the log of the Dagster daemon;
* ``webhook:https://...``: a POST of JSON with ``subject``, ``text`` and the facts; chat services show ``text``;
* ``mail:ops@example.com`` (several with commas): by SMTP, through ``GRANDLIVRE_SMTP`` (``smtp://user@host:587``, or
  ``smtps://`` for TLS from the start; default ``smtp://localhost:25``), the password in ``GRANDLIVRE_SMTP_PASSWORD``,
  from ``GRANDLIVRE_MAIL_FROM``. TLS is used where the server offers it, and a password is sent over nothing else.

The address of a webhook is a secret of its own: errors name the host only.
"""

import logging
import os
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import dagster as dg
import requests
from pydantic import Field

from foundation.errors import GrandlivreError, Wait, WrongInput
from foundation.secrets import Secret

log = logging.getLogger("grandlivre.notify")

_SECONDS = 15  # a sensor's tick has 60
_EXAMPLE = "Set GRANDLIVRE_NOTIFY to log, webhook:https://..., or mail:ops@example.com."


@dataclass(frozen=True)
class Notice:
    """What is told: a line, a text, and the facts in it for programs (values that JSON can hold). No secret."""

    subject: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Notifier(Protocol):
    """Tells somebody. Raises the error tree when it could not."""

    def tell(self, notice: Notice) -> None: ...


@dataclass(frozen=True)
class LogNotifier:
    """Writes to the log."""

    def tell(self, notice: Notice) -> None:
        log.error("%s\n%s", notice.subject, notice.text)


@dataclass(frozen=True)
class WebhookNotifier:
    """Posts JSON to an address."""

    address: Secret

    def tell(self, notice: Notice) -> None:
        body = {"subject": notice.subject, "text": f"{notice.subject}\n{notice.text}", **notice.facts}
        host = urlsplit(self.address.reveal()).hostname
        try:
            reply = requests.post(self.address.reveal(), json=body, timeout=_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise Wait(f"the webhook at {host} does not answer ({type(error).__name__})") from None
        if reply.status_code >= 500:
            raise Wait(f"the webhook at {host} answered {reply.status_code}")
        if reply.status_code >= 300:
            raise WrongInput(f"the webhook at {host} answered {reply.status_code}", next_step=_EXAMPLE)


@dataclass(frozen=True)
class MailNotifier:
    """Sends a plain mail."""

    to: tuple[str, ...]
    sender: str
    server: SplitResult
    password: Secret | None = None

    def tell(self, notice: Notice) -> None:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = notice.subject, self.sender, ", ".join(self.to)
        message.set_content(notice.text)
        host = self.server.hostname or "localhost"
        try:
            with self._connected(host) as smtp:
                self._sign_in(smtp, host)
                smtp.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise Wait(f"the mail server {host} did not take the mail ({type(error).__name__})") from None

    def _connected(self, host: str) -> smtplib.SMTP:
        if self.server.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, self.server.port or 465, timeout=_SECONDS, context=context)
        return smtplib.SMTP(host, self.server.port or 25, timeout=_SECONDS)

    def _sign_in(self, smtp: smtplib.SMTP, host: str) -> None:
        """Goes over to TLS where it can, and signs in when there is a password; never the one without the other."""
        smtp.ehlo()
        safe = self.server.scheme == "smtps"
        if not safe and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            safe = True
        if self.server.username and self.password:
            if not safe:
                raise WrongInput(
                    f"the mail server {host} offers no TLS, and a password is not sent without",
                    next_step="Give smtps:// in GRANDLIVRE_SMTP, or a server that needs no password.",
                )
            smtp.login(self.server.username, self.password.reveal())


def notifier_from(environment: Mapping[str, str]) -> Notifier:
    """The notifier that the environment names. Raises WrongInput for one that is not known."""
    kind, _, target = environment.get("GRANDLIVRE_NOTIFY", "").strip().partition(":")
    if kind in ("", "log") and not target:
        return LogNotifier()
    if kind == "webhook" and urlsplit(target).scheme in ("http", "https") and urlsplit(target).hostname:
        return WebhookNotifier(Secret(target))
    to = tuple(part.strip() for part in target.split(",") if part.strip())
    if kind == "mail" and to and all("@" in part for part in to):
        server = urlsplit(environment.get("GRANDLIVRE_SMTP") or "smtp://localhost:25")
        if server.scheme not in ("smtp", "smtps") or not server.hostname or server.password:
            raise WrongInput(
                "GRANDLIVRE_SMTP is not the address of a mail server",
                next_step="Give smtp://user@host:587 or smtps://user@host, the password in GRANDLIVRE_SMTP_PASSWORD.",
            )
        password = environment.get("GRANDLIVRE_SMTP_PASSWORD")
        sender = environment.get("GRANDLIVRE_MAIL_FROM") or f"grandlivre@{to[0].rpartition('@')[2]}"
        return MailNotifier(to, sender, server, Secret(password) if password else None)
    raise WrongInput(f"GRANDLIVRE_NOTIFY names nothing that can be told ({kind!r})", next_step=_EXAMPLE)


class NotifierResource(dg.ConfigurableResource):
    """Tells whom the environment names. A notice that could not be delivered is in the log, so that it is not lost."""

    environment: dict[str, str] = Field(default={}, description="Stands in for the environment, in tests.")

    def tell(self, notice: Notice) -> None:
        """Tells the notice; raises the error tree when it could not be delivered."""
        try:
            notifier_from(self.environment or os.environ).tell(notice)
        except GrandlivreError:
            LogNotifier().tell(notice)
            raise
