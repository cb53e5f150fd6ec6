"""``grandlivre-agent``: the command line of the service. Exit status 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from agent import enrolment, machine
from agent.check import run_check, survey_of
from agent.clock import Clock
from agent.secrets_file import keep_secret
from agent.service import Service
from agent.settings import default_path, load
from foundation.errors import GrandlivreError, ReportABug, WrongInput
from foundation.secrets import Secret, redact


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line. An error is told as what, why and what to do next; never as a traceback."""
    given = _parser().parse_args(arguments)
    level = os.environ.get("GRANDLIVRE_LOG", "INFO" if given.command in ("run", "once") else "WARNING")
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        status = given.act(given)
    except GrandlivreError as error:
        error.cause = redact(error.cause)
        _tell(f"Error: {error}")
        status = 1
    except KeyboardInterrupt:
        _tell("Stopped.")
        status = 1
    except Exception as error:
        logging.getLogger("agent").debug("unexpected", exc_info=True)
        _tell(f"Error: {redact(str(ReportABug(f'{type(error).__name__}: {error}')))}")
        status = 1
    raise SystemExit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grandlivre-agent", description="Brings the dossiers on this server to a Grandlivre hub; only reads them."
    )
    parser.add_argument("--version", action="version", version=f"grandlivre-agent {machine.service_version()}")
    parser.add_argument("--config", type=Path, default=default_path(), help="configuration file (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Any, help: str, *, json: bool = False) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(act=act)
        if json:
            made.add_argument("--json", action="store_true", help="print an array of objects")
        return made

    enrol = command("enrol", _enrol, "enrols this server with a one-time code of the hub")
    enrol.add_argument("--hub", help="address of the hub; needed once, for a new configuration")
    enrol.add_argument("--code", help="the code; without it, it is asked for, or read from standard input")
    enrol.add_argument("--ca-file", type=Path, help="certificate of the authority that signed the hub's")
    command("run", _run, "runs the service until it is stopped")
    command("once", _once, "one round: reports, reads and sends what the hub wants now")
    command("sources", _sources, "shows which dossiers each source holds", json=True)
    command("check", _check, "checks everything; the output may be sent to support", json=True)
    secret = command("secret", _secret, "keeps a secret of a source, which is asked for or read from standard input")
    secret.add_argument("source")
    secret.add_argument("name")
    venice = command("dump-venice", _dump_venice, "writes dossiers of Venice as files that a source can read (Windows)")
    venice.add_argument("--cabinet", required=True, help="path of the dossier cabinet")
    venice.add_argument("--dossier", action="append", default=[], help="its directory; without it, all of the cabinet")
    venice.add_argument("--to", type=Path, required=True, help="root folder of the files, one subfolder per dossier")
    venice.add_argument("--user", required=True, help="Venice user; the password is asked for, or read from input")
    service = command("service", _service, "the Windows service: install, start, stop, remove")
    service.add_argument("action", choices=("install", "start", "stop", "remove"))
    return parser


def _enrol(given: argparse.Namespace) -> int:
    code = given.code or _asked("Code: ")
    agent_id = enrolment.enrol(given.config, given.hub, code.strip(), given.ca_file)
    _tell(f"Enrolled as {agent_id}. Now add the sources to {given.config}, then: grandlivre-agent check.")
    return 0


def _run(given: argparse.Namespace) -> int:
    service = Service(load(given.config))
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda *_: service.stop())
    if not service.run():
        logging.shutdown()
        os._exit(0)  # a reading that did not end in time; it is done again at the next start
    return 0


def _once(given: argparse.Namespace) -> int:
    trouble = Service(load(given.config)).once()
    if trouble:
        _tell(f"Error: {trouble}")
    return 1 if trouble else 0


def _sources(given: argparse.Namespace) -> int:
    settings = load(given.config)
    with tempfile.TemporaryDirectory(prefix="grandlivre-sources-") as scratch:
        survey = survey_of(settings, Clock(), Path(scratch))
        survey.complete()
    sources = survey.sources()
    if given.json:
        _print_json(sources)
    for source in [] if given.json else sources:
        _say(f"{source.name} ({source.software}): {len(source.dossiers)} dossiers")
        for dossier in source.dossiers:
            years = f", {dossier.years[0].start} to {dossier.years[-1].end}" if dossier.years else ", no fiscal years"
            _say(f"  {dossier.external_id}: {dossier.name}{years}")
        if source.trouble:
            _tell(f"  {source.trouble}")
    return 1 if any(source.trouble for source in sources) else 0


def _check(given: argparse.Namespace) -> int:
    findings = []
    for finding in run_check(given.config, Clock()):
        findings.append(finding)
        if not given.json:
            _say(f"{'ok  ' if finding.ok else 'BAD '} {finding.check}: {finding.detail}")
    if given.json:
        _print_json(asdict(finding) for finding in findings)
    return 0 if all(finding.ok for finding in findings) else 1


def _secret(given: argparse.Namespace) -> int:
    settings = load(given.config)
    keep_secret(settings.secrets_file, settings.source(given.source), given.name, _asked(f"{given.name}: "))
    return 0


def _dump_venice(given: argparse.Namespace) -> int:
    from agent.venice_com import dump_dossiers  # late: nothing else needs it

    password = Secret(_asked("Password: "))
    found = dump_dossiers(given.cabinet, given.dossier, given.to, given.user, password)
    for directory, told in found.items():
        if isinstance(told, GrandlivreError):
            _tell(f"Error: {redact(str(told.about(directory)))}")
        else:
            _say(f"{directory}: {told} lines")
    return 1 if any(isinstance(told, GrandlivreError) for told in found.values()) else 0


def _service(given: argparse.Namespace) -> int:
    if sys.platform != "win32":
        raise WrongInput(
            "this is no Windows server", next_step="Use the systemd unit deploy/agent/grandlivre-agent.service."
        )
    try:
        from agent import windows_service
    except ImportError:
        raise WrongInput("pywin32 is not installed", next_step="Install grandlivre-agent[windows].") from None
    windows_service.manage(given.action, given.config.absolute())
    return 0


def _asked(prompt: str) -> str:
    text = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise WrongInput("nothing was given", next_step="Type it, or write it to standard input.")
    return text.strip("\r\n")


def _print_json(rows: Iterable[Any]) -> None:
    _say(msgspec.json.format(msgspec.json.encode(list(rows)), indent=2).decode())


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
