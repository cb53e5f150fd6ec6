"""Commands about packages and connections: software, init, connect, connections, reconnect, discover."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.catalog import PACKAGES, package
from connectors.package import Package
from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.operations.connections import absolute, make_connection, matches, opened, renew_connection, verify
from portal.output import show, tell
from resources.house import House

JsonFlag = Annotated[bool, typer.Option("--json", help="An array of objects on standard output.")]


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    for command in (init, software, connect, connections, reconnect, discover):
        app.command()(command)


def init() -> None:
    """Creates the state in $GRANDLIVRE_HOME (default ./.grandlivre). Safe to repeat."""
    from portal.instance import write_instance_config

    house = House.open()
    house.warehouse.create()
    write_instance_config(house.home)
    tell(f"The state is in {house.home.root}. Next: grandlivre software, then grandlivre connect SLUG --firm FIRM.")


def software(
    slug: Annotated[str | None, typer.Argument(help="One package, with what `connect` takes.")] = None,
    json: JsonFlag = False,
) -> None:
    """Lists the packages: how they connect, what their contract rests on, and which are available."""
    if slug is None:
        show([_row(row) for row in PACKAGES.values()], json=json)
        return
    row = package(slug)
    described = _row(row) | {"deletions": row.deletions, "country": row.country, "note": row.note}
    fields = [
        {"name": f.name, "secret": f.secret, "required": f.required, "default": f.default, "help": f.help}
        for f in row.fields
    ]
    if json:
        show([described | {"fields": fields}], json=True)
        return
    for key, value in described.items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        typer.echo(f"{key:13} {text}")
    typer.echo("\nTakes (--set for settings, --secret for secrets):")
    show(fields, json=False)


def _row(row: Package) -> dict[str, Any]:
    return {
        "software": row.slug,
        "name": row.name,
        "level": row.level,
        "kind": row.kind,
        "transport": row.transport,
        "capabilities": sorted(row.capabilities),
        "contract": row.contract,
        "available": row.available,
    }


def connect(
    slug: Annotated[str, typer.Argument(help="The package (see `grandlivre software`).")],
    firm: Annotated[str, typer.Option(help="The accounting firm that the connection belongs to.")],
    name: Annotated[str | None, typer.Option(help="What to call the connection.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting; repeat for more.")
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY[=FILE|=-]", help="A secret: asked for, or read from FILE or standard input (-)."),
    ] = None,
) -> None:
    """Connects a package for a firm, verifies it, and prints the connection's id."""
    row = package(slug)
    row.load_room()
    settings = absolute(row.complete_settings(parse_settings(set_ or [])))
    secrets = gather_secrets(row, secret or [], settings)
    if row.asks_consent(settings) and "refresh_token" not in secrets:
        settings, secrets = signed_in(row, settings, secrets)
    connection = make_connection(House.open(), row, firm, name, settings, secrets)
    typer.echo(connection.id)
    tell(f"Connected {row.name} for {firm}. Next: grandlivre discover {connection.id}")


def connections(json: JsonFlag = False) -> None:
    """Lists the connections with their health."""
    house = House.open()
    rows = [
        {
            "id": c.id,
            "software": c.software,
            "firm": c.firm_id,
            "name": c.name,
            "health": health,
            "health_detail": detail,
            "expires_at": c.expires_at,
        }
        for c in house.registry.connections()
        for health, detail in [house.standing(c)]
    ]
    show(rows, json=json, empty="No connections yet. Make one with: grandlivre connect SLUG --firm FIRM")


def reconnect(
    connection: Annotated[str, typer.Argument(help="The connection's id.")],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE")] = None,
    secret: Annotated[list[str] | None, typer.Option(metavar="KEY[=FILE|=-]")] = None,
) -> None:
    """Gives a connection new secrets or settings and verifies it again. Its dossiers stay linked.

    What does not work is not kept: the secrets and settings from before are put back.
    """
    house = House.open()
    registry = house.registry
    found = registry.connection(connection)
    row = package(found.software)
    settings = absolute(row.complete_settings({**found.settings, **parse_settings(set_ or [])}))
    given = gather_secrets(row, secret or [], settings, only_given=bool(secret or set_) or row.asks_consent(settings))
    if row.asks_consent(settings) and not (secret or set_):
        settings, given = signed_in(row, settings, registry.secrets(connection))
    if given or set_:
        renew_connection(house, connection, settings, given)
    else:
        verify(house, connection)
    tell(f"{found.name} works. Next: grandlivre sync --software {row.slug}")


def discover(
    connection: Annotated[str, typer.Argument(help="The connection's id.")],
    search: Annotated[str, typer.Option(help="Only dossiers whose name, code or VAT number has this text.")] = "",
    json: JsonFlag = False,
) -> None:
    """Lists the dossiers that a connection can see."""
    house = House.open()
    with opened(house, connection) as connector:
        found = [ref for ref in connector.discover() if matches(ref, search)]
    rows = [
        {
            "external_id": ref.external_id,
            "code": ref.code,
            "name": ref.name,
            "vat_number": ref.vat_number,
            "currency": ref.currency,
            "country": ref.country,
        }
        for ref in found
    ]
    show(rows, json=json, empty="No dossiers found.")


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a dictionary. Raises a usage error for a text without ``=``."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--set")
        settings[key.strip()] = value
    return settings


def gather_secrets(
    row: Package, given: Sequence[str], settings: Mapping[str, str], *, only_given: bool = False
) -> dict[str, Secret]:
    """The secrets of a connection with ``settings``: from files, standard input, or a hidden prompt."""
    known = {field.name: field for field in row.secrets}
    secrets: dict[str, Secret] = {}
    for text in given:
        key, equals, source = text.partition("=")
        if key not in known:
            raise WrongInput(
                f"{row.name} has no secret {key!r}",
                next_step=f"It takes: {', '.join(known) or 'none'} (see `grandlivre software {row.slug}`).",
            )
        secrets[key] = _read_secret(key, source if equals else None)
    if only_given:
        return secrets
    for field in row.secrets:
        if field.needed(settings) and field.name not in secrets:
            secrets[field.name] = _read_secret(field.name, None)
    return secrets


def signed_in(
    row: Package, settings: dict[str, str], secrets: dict[str, Secret]
) -> tuple[dict[str, str], dict[str, Secret]]:
    """The settings and secrets of a connection with those that the package's sign-in page brings."""
    from portal.signin import sign_in

    consent = sign_in(row, settings, secrets)
    return {**settings, **consent.settings}, {**secrets, **consent.tokens}


def _read_secret(name: str, source: str | None) -> Secret:
    """A secret from a file, from one line of standard input (``-``), or typed without echo."""
    if source == "-":
        text = sys.stdin.readline()
    elif source is not None:
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise WrongInput(f"the secret {name} cannot be read from {source}: {reason}") from None
    elif sys.stdin.isatty():
        import getpass

        text = getpass.getpass(f"{name}: ")
    else:
        raise WrongInput(
            f"the secret {name} is missing", next_step=f"Give --secret {name}=FILE, or --secret {name}=- to pipe it in."
        )
    if not text.strip():
        raise WrongInput(f"the secret {name} is empty", next_step="Check the file or what was typed.")
    return Secret(text.strip())
