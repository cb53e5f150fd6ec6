"""Commands about the common chart: mapping (what each account became), map (what a person makes of it)."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from portal.connecting import JsonFlag
from portal.operations.accounts import mapped_accounts
from portal.operations.figures import figures_of
from portal.operations.mapping import give_code, rules_in_force, take_back_code
from portal.output import show, tell
from resources.house import House

DossierArgument = Annotated[str, typer.Argument(help="The dossier's id.")]


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    app.command()(mapping)
    app.command("map")(map_account)


def mapping(
    dossier: DossierArgument,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only accounts that have no real code yet.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="People's rules in force, instead of accounts.")] = False,
    json: JsonFlag = False,
) -> None:
    """Lists a dossier's accounts: their code of the common chart, the rule that gave it, and their closing balance.

    The balance is that of the latest fiscal year, debit positive, before closing entries.
    """
    if unmapped and rules:
        raise typer.BadParameter("--unmapped and --rules exclude one another")
    house = House.open()
    house.registry.link(dossier)
    if rules:
        show(rules_in_force(house, dossier), json=json, empty="No rule of a person is in force.")
        return
    with figures_of(house, dossier) as db:
        rows = mapped_accounts(db, dossier, unmapped=unmapped)
    show(rows, json=json, empty="Every account has a code." if unmapped else "The dossier has no accounts.")


def map_account(
    dossier: DossierArgument,
    account: Annotated[str, typer.Argument(help="An account, or the start of several with a star: '613*'.")],
    code: Annotated[str | None, typer.Argument(help="A posting code of the common chart, such as X23.")] = None,
    firm: Annotated[bool, typer.Option("--firm", help="For all dossiers of the dossier's firm.")] = False,
    why: Annotated[str, typer.Option(help="The reason, kept with the rule.")] = "",
    closed_years: Annotated[
        bool, typer.Option("--closed-years", help="Also in years that are told by the codes they were closed with.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Take the rule back.")] = False,
) -> None:
    """Gives an account a code of the common chart, before whatever rules find; or takes that back."""
    if reset == (code is not None):
        raise typer.BadParameter("give a code, or --reset")
    if reset and closed_years:
        raise typer.BadParameter("--closed-years goes with a code")
    house = House.open()
    if code is None:
        take_back_code(house, dossier, account, firm=firm, who=getpass.getuser())
    else:
        give_code(house, dossier, account, code, firm=firm, why=why, closed_years=closed_years, who=getpass.getuser())
    tell(f"Done. Next: grandlivre sync {dossier} --from-landing")
    if firm:
        tell("The firm's other dossiers follow at their next sync.")
