"""The self-check: what an IT partner runs, and sends when something is wrong. There is no secret in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from agent import machine
from agent.clock import Clock
from agent.hub import Hub
from agent.reading import open_source
from agent.settings import Settings, Source, load
from agent.spool import Spool
from agent.survey import Survey
from agent.tokens import TokenFile
from agent.troubles import HubDown
from foundation.errors import GrandlivreError, SignInAgain
from foundation.secrets import redact

CLOCK_SECONDS = 300.0
_LIBRARIES = ("duckdb", "lxml", "msgspec", "pyarrow", "requests", "urllib3")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``detail`` says what was found, and what to do where it is not ``ok``."""

    check: str
    ok: bool
    detail: str


def run_check(path: Path, clock: Clock) -> Iterator[Finding]:
    """Looks at everything in turn; changes nothing, on this server or on the hub."""
    yield Finding("versions", True, _versions())
    try:
        settings = load(path)
    except GrandlivreError as error:
        yield Finding("configuration", False, redact(str(error)))
        return
    names = ", ".join(f"{source.name} ({source.software})" for source in settings.sources) or "no source yet"
    yield Finding("configuration", bool(settings.sources), f"{path}: hub {settings.hub}, {names}")
    for source in settings.sources:
        yield _source(settings, source, clock)
    yield _disk(settings)
    yield from _hub(settings, clock)


def _versions() -> str:
    found = [f"grandlivre-agent {machine.service_version()}", machine.system()]
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def survey_of(settings: Settings, clock: Clock, scratch: Path, *sources: Source) -> Survey:
    """A survey for people: it uses what the service knows of the folders, and leaves it as it is."""
    return Survey(
        sources or settings.sources,
        Spool(settings.spool).index,
        clock,
        lambda source: open_source(settings, source, clock, scratch),
        keeps=False,
    )


def _source(settings: Settings, source: Source, clock: Clock) -> Finding:
    name = f"source {source.name}"
    try:
        with tempfile.TemporaryDirectory(prefix="grandlivre-check-") as scratch:
            with closing(open_source(settings, source, clock, Path(scratch))) as connector:
                connector.verify()
            survey = survey_of(settings, clock, Path(scratch), source)
            survey.complete()
        found = survey.sources()[0]
    except GrandlivreError as error:
        return Finding(name, False, redact(str(error)))
    except Exception as error:
        return Finding(name, False, redact(f"{type(error).__name__}: {error}"))
    where = f" in {source.root}" if source.root else ""
    count = f"{len(found.dossiers)} dossiers{where}"
    if found.trouble:
        return Finding(name, False, f"{found.trouble} ({count} seen last)")
    return Finding(name, bool(found.dossiers), count)


def _disk(settings: Settings) -> Finding:
    spool = Spool(settings.spool, settings.limits)
    if not settings.spool.is_dir():
        return Finding("spool", False, f"there is no folder {settings.spool}; make it for the account of the service")
    try:
        with tempfile.TemporaryFile(dir=settings.spool):
            pass
    except OSError as error:
        return Finding("spool", False, f"{settings.spool} cannot be written: {error.strerror or error}")
    told = f"{settings.spool}: {spool.bytes / 1e6:.1f} MB wait, {spool.free_bytes / 1e9:.1f} GB free"
    short = spool.shortage()
    return Finding("spool", short is None, f"{told}; {short}" if short else told)


def _hub(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """The hub is asked for requests, without waiting and without taking any."""
    hub = Hub(settings.hub, TokenFile(settings.token_file), ca_file=settings.ca_file, now=clock.now)
    encrypted = settings.hub.startswith("https:")
    reached = f"{settings.hub} answers" + (", its certificate is valid" if encrypted else "")
    with closing(hub):
        try:
            hub.reach()
        except HubDown as error:
            yield Finding("hub", False, redact(str(error)))
            return
        yield Finding("hub", True, reached)
        try:
            waiting = hub.requests(0)
            yield Finding("token", True, f"accepted; {len(waiting)} dossiers are asked for")
        except GrandlivreError as error:
            yield Finding("token" if isinstance(error, SignInAgain) else "protocol", False, redact(str(error)))
    if hub.clock_difference is not None:
        ok = abs(hub.clock_difference) <= CLOCK_SECONDS
        told = f"{hub.clock_difference:+.0f} s from the hub's" + ("" if ok else "; let it be set by a time server")
        yield Finding("clock", ok, told)
