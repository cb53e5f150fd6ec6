"""Commands about the on-premise service: agent add, agent code, agent revoke, agents, hub."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from foundation.secrets import Secret
from portal.connecting import JsonFlag
from portal.output import show, tell
from portal.ui import HUB_VARIABLE
from registry.agents import CODE_VALID
from registry.store import Registry
from resources.house import House

_ENROL = "grandlivre-agent enrol --hub {hub} --code {code}"
HubOption = Annotated[
    str,
    typer.Option(envvar=HUB_VARIABLE, help="Address at which services reach the hub, for the command to type."),
]
AgentArgument = Annotated[str, typer.Argument(metavar="ID", help="The service's id (see `grandlivre agents`).")]

_commands = typer.Typer(help="Makes and ends on-premise services, which read dossiers on a firm's own server.")


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    _commands.command("add")(add)
    _commands.command("code")(code)
    _commands.command("revoke")(revoke)
    app.add_typer(_commands, name="agent", no_args_is_help=True)
    app.command()(agents)
    app.command()(hub)


def add(
    firm: Annotated[str, typer.Option(help="The accounting firm whose server it is.")],
    name: Annotated[str, typer.Option(help="What to call it, such as the server's name.")],
    hub: HubOption = "https://HUB",
) -> None:
    """Makes a service of a firm, and prints its id and a code with which it enrols, once."""
    registry = House.open().registry
    made = registry.add_agent(firm, name, created_by=getpass.getuser())
    _tell_code(made.agent_id, registry.new_agent_code(made.agent_id), hub)


def code(agent: AgentArgument, hub: HubOption = "https://HUB") -> None:
    """Prints another code for a service: its code was too old, or it moves to a new server."""
    _tell_code(agent, House.open().registry.new_agent_code(agent), hub)


def _tell_code(agent_id: str, code: Secret, hub: str) -> None:
    typer.echo(agent_id)
    typer.echo(code.reveal())
    hours = int(CODE_VALID.total_seconds() // 3600)
    tell(f"The code works once, within {hours} hours. On the server:\n  {_ENROL.format(hub=hub, code=code.reveal())}")


def revoke(agent: AgentArgument) -> None:
    """Ends a service for good: its token stops working at once. What it delivered stays."""
    registry = House.open().registry
    registry.revoke_agent(agent)
    uses = [each.id for each in registry.connections() if each.settings.get("agent") == agent]
    tell(f"{agent} is revoked." + (f" Its connections need another service: {', '.join(uses)}." if uses else ""))


def agents(json: JsonFlag = False) -> None:
    """Lists the on-premise services: when they were last heard of, and how many dossiers each sees."""
    house = House.open()
    rows = agent_rows(house.registry)
    show(rows, json=json, empty="No services yet. Make one with: grandlivre agent add --firm FIRM --name NAME")


def agent_rows(registry: Registry) -> list[dict[str, Any]]:
    """A row per service. ``health`` is ok, agent_offline, not_enrolled or revoked; ``dossiers`` counts those that it
    sees; ``trouble`` is that of its sources, and its last error."""
    rows = []
    for each in registry.agents():
        sources = registry.agent_sources(each.agent_id)
        trouble = [f"{source.name}: {source.trouble}" for source in sources if source.trouble]
        rows.append(
            {
                "id": each.agent_id,
                "name": each.name,
                "firm": each.firm_id,
                "host": each.host,
                "version": each.version,
                "last_seen": each.seen_at,
                "health": each.health(registry.now()),
                "dossiers": sum(len(source.dossiers) for source in sources),
                "sources": [source.name for source in sources],
                "trouble": "; ".join([*trouble, *([each.last_error] if each.last_error else [])]) or None,
            }
        )
    return rows


def hub(
    host: Annotated[str, typer.Option(help="Address to listen on; loopback by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8443,
    certfile: Annotated[Path | None, typer.Option(help="Certificate with its chain, PEM.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Key of the certificate, PEM.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="Plain http also beyond loopback: a proxy before it encrypts.")
    ] = False,
    quota_gb: Annotated[float, typer.Option(min=0.001, help="GB that one service may have under way.")] = 8,
    deliveries_a_day: Annotated[int, typer.Option(min=1, help="Deliveries of one service in a day.")] = 10_000,
) -> None:
    """Takes in what on-premise services deliver. Stops with Ctrl-C."""
    from portal.hub.refusals import Quotas  # late: other commands need no web server
    from portal.hub.serving import require_encrypted, serve

    require_encrypted(host, certfile, keyfile, behind_proxy=behind_proxy)
    house = House.open()
    tell(
        f"Services reach the hub at {'https' if certfile else 'http'}://{host}:{port}, for the state in "
        f"{house.home.root}. Stop it with Ctrl-C."
    )
    quotas = Quotas(bytes_in_flight=int(quota_gb * 1e9), deliveries_a_day=deliveries_a_day)
    serve(house, host=host, port=port, certfile=certfile, keyfile=keyfile, quotas=quotas)
