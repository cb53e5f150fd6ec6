"""A failed run tells somebody: over a real webhook, by real mail, or in the log; and never a secret."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from assets.jobs import ledger_job, ledger_job_name
from assets.ledgers import ledger_asset
from assets.partitions import add_missing, range_tags
from foundation.errors import GrandlivreError, Wait, WrongInput
from foundation.secrets import Secret
from resources.notifier import LogNotifier, MailNotifier, Notice, NotifierResource, notifier_from
from sensors.failures import failed_runs_sensor, failure_notice
from tests.pipelines.firm import QUIET, ROW, Firm
from tests.pipelines.test_retries import run

NOTICE = Notice("Two failed", "first\nsecond", {"job": "j", "failed": {"busy": ["a", "b"]}})


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A server's address, and the JSON bodies that it is posted."""
    heard: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/services/T0/hidden-path", heard
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def mail_server() -> Iterator[tuple[str, list[str]]]:
    """The address of a server that speaks as much SMTP as a mail needs, and what it was told."""
    heard: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                heard.append(line)
                word = line.split()[0].upper()
                if word == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    body = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                    heard.append("".join(body))
                self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")
                if word == "QUIT":
                    return

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"smtp://ops@127.0.0.1:{server.server_address[1]}", heard
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_gets_the_text_and_the_facts() -> None:
    with webhook() as (address, heard):
        notifier_from({"GRANDLIVRE_NOTIFY": f"webhook:{address}"}).tell(NOTICE)
    [body] = heard
    assert body == {
        "subject": "Two failed",
        "text": "Two failed\nfirst\nsecond",
        "job": "j",
        "failed": {"busy": ["a", "b"]},
    }


@pytest.mark.parametrize(("status", "error"), [(302, WrongInput), (404, WrongInput), (500, Wait)])
def test_a_webhook_that_refuses_is_told_without_its_address(
    status: int, error: type[GrandlivreError], caplog: pytest.LogCaptureFixture
) -> None:
    with webhook(status) as (address, _), pytest.raises(error, match=f"answered {status}") as raised:
        NotifierResource(environment={"GRANDLIVRE_NOTIFY": f"webhook:{address}"}).tell(NOTICE)
    assert "hidden-path" not in str(raised.value)
    assert "Two failed" in caplog.text, "what could not be delivered is in the log"


def test_a_webhook_that_is_not_there_is_told_without_its_address() -> None:
    with pytest.raises(Wait, match=r"127\.0\.0\.1 does not answer") as raised:
        notifier_from({"GRANDLIVRE_NOTIFY": "webhook:http://127.0.0.1:9/hidden-path"}).tell(NOTICE)
    assert "hidden-path" not in str(raised.value)


def test_a_mail_reaches_everybody_named() -> None:
    with mail_server() as (server, heard):
        environment = {"GRANDLIVRE_NOTIFY": "mail:ops@example.com, lead@example.com", "GRANDLIVRE_SMTP": server}
        notifier_from(environment).tell(NOTICE)
    assert [line for line in heard if line.upper().startswith("RCPT")] == [
        "rcpt TO:<ops@example.com>",
        "rcpt TO:<lead@example.com>",
    ]
    mail = message_from_string(next(text for text in heard if "Subject:" in text))
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        "Two failed",
        "grandlivre@example.com",
        "ops@example.com, lead@example.com",
    )
    assert mail.get_payload().split() == ["first", "second"]


def test_a_password_is_not_sent_without_tls() -> None:
    with mail_server() as (server, heard):
        environment = {
            "GRANDLIVRE_NOTIFY": "mail:ops@example.com",
            "GRANDLIVRE_SMTP": server,
            "GRANDLIVRE_SMTP_PASSWORD": "hidden",
        }
        with pytest.raises(WrongInput, match="offers no TLS"):
            notifier_from(environment).tell(NOTICE)
    assert not any("hidden" in line or line.upper().startswith("AUTH") for line in heard)


def test_the_log_is_the_default() -> None:
    assert notifier_from({}) == notifier_from({"GRANDLIVRE_NOTIFY": "log"}) == LogNotifier()


def test_a_mail_notifier_shows_no_password() -> None:
    environment = {"GRANDLIVRE_NOTIFY": "mail:a@b.be", "GRANDLIVRE_SMTP_PASSWORD": "hidden"}
    found = notifier_from(environment)
    assert isinstance(found, MailNotifier)
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    "environment",
    [
        {"GRANDLIVRE_NOTIFY": "pigeon:coop"},
        {"GRANDLIVRE_NOTIFY": "webhook:ftp://x"},
        {"GRANDLIVRE_NOTIFY": "mail:"},
        {"GRANDLIVRE_NOTIFY": "mail:a@b.be", "GRANDLIVRE_SMTP": "smtp://user:hidden@host"},
    ],
)
def test_what_cannot_be_told_is_refused_without_repeating_it(environment: dict[str, str]) -> None:
    with pytest.raises(WrongInput) as raised:
        notifier_from(environment)
    assert "hidden" not in str(raised.value)


def test_the_text_names_dossiers_by_cause_the_most_frequent_first() -> None:
    syncs = [run(number, "failed", "busy") for number in range(25)] + [run(90, "parked", "rate_limited")]
    notice = failure_notice("verocount_ledgers", "0123456789", syncs, dossiers=200)
    assert notice.subject == "Grandlivre: 26 of 200 dossiers failed in verocount_ledgers"
    causes = re.findall(r"^(\w+) \((\d+)\): (.*)$", notice.text, re.M)
    assert [(cause, count) for cause, count, _ in causes] == [("busy", "25"), ("rate_limited", "1")]
    assert causes[0][2].endswith("d18, d19 and 5 more")
    assert notice.facts["failed"]["rate_limited"] == ["d90"]


def test_a_run_that_died_says_whether_it_is_taken_up_again() -> None:
    assert "taken up again by itself" in failure_notice("j", "0123456789", [], dossiers=0, retried=True).text
    assert "grandlivre ui" in failure_notice("j", "0123456789", [], dossiers=0).text


def test_a_failed_run_of_many_tells_which_dossiers_and_no_secret(firm: Firm, caplog: pytest.LogCaptureFixture) -> None:
    firm.house.registry.replace_secrets(firm.connection_id, {"password": Secret("correct-horse")})
    (firm.root / "second").rename(firm.root / ".correct-horse")
    add_missing(firm.instance, ROW.slug, firm.ids)
    here = dg.Definitions(assets=[ledger_asset(ROW)], jobs=[ledger_job(ROW.slug)], resources={ROW.slug: firm.resource})
    job = here.resolve_job_def(ledger_job_name(ROW.slug))
    result = job.execute_in_process(
        instance=firm.instance,
        tags=range_tags(firm.ids[0], "third"),
        raise_on_error=False,
        run_config=QUIET,
    )
    with webhook() as (address, heard):
        notifier = NotifierResource(environment={"GRANDLIVRE_NOTIFY": f"webhook:{address}"})
        context = dg.build_run_status_sensor_context(
            "failed_runs_sensor",
            dagster_instance=firm.instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
            resources={"warehouse": firm.warehouse, "notifier": notifier},
        ).for_run_failure()
        failed_runs_sensor(context)
    [body] = heard
    run_ = firm.house.registry.last_run("second")
    assert run_ is not None
    assert body["failed"] == {run_.error_kind: ["second"]}
    assert body["subject"] == "Grandlivre: 1 of 3 dossiers failed in verocount_ledgers"
    assert run_.error_message in body["text"]
    assert "correct-horse" not in json.dumps(body)
    assert not [record for record in caplog.records if record.name == "grandlivre.notify"]
