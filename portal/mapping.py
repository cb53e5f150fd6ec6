"""Commands about the common chart: mapping (what each account became), map (what a person makes of it)."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from foundation.errors import WrongInput
from portal.connecting import JsonFlag
from portal.output import show, tell
from registry.store import Registry
from resources.house import House
from warehouse import chart
from warehouse.contract import Reader

DossierArgument = Annotated[str, typer.Argument(help="The dossier's id.")]


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    app.command()(mapping)
    app.command("map")(map_account)


def mapping(
    dossier: DossierArgument,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only accounts that have no real code yet.")] = False,
    json: JsonFlag = False,
) -> None:
    """Lists a dossier's accounts: their code of the common chart, the rule that gave it, and their closing balance.

    The balance is that of the latest fiscal year, debit positive, before closing entries.
    """
    house = House.open()
    house.registry.link(dossier)
    with house.warehouse.reader() as db:
        if not db.execute("SELECT 1 FROM ledger.dossiers WHERE dossier_id = ?", [dossier]).fetchall():
            raise WrongInput(f"dossier {dossier} has no figures yet", next_step=f"Sync it: grandlivre sync {dossier}.")
        rows = mapped_accounts(db, dossier, unmapped=unmapped)
    show(rows, json=json, empty="Every account has a code." if unmapped else "The dossier has no accounts.")


def mapped_accounts(db: Reader, dossier: str, *, unmapped: bool = False) -> list[dict[str, Any]]:
    """The accounts of a dossier in the published snapshot ``db``, by number.

    ``closing`` is the balance (DECIMAL, debit positive) of the latest fiscal year before closing entries, zero for an
    account that has none. With ``unmapped`` only accounts under U10, U20 or U99, whoever put them there.
    """
    result = db.execute(_ACCOUNTS, {"dossier": dossier, "unmapped": unmapped})
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


_ACCOUNTS = """
WITH latest AS (
    SELECT label FROM ledger.fiscal_years WHERE dossier_id = $dossier ORDER BY start_date DESC LIMIT 1
), balances AS (
    SELECT account, closing FROM ledger.trial_balance_year
    WHERE dossier_id = $dossier AND fiscal_year = (SELECT label FROM latest)
)
SELECT a.number, a.name, a.type, a.common_code, c.name_en AS code_name, a.mapping_rule,
    coalesce(b.closing, 0)::DECIMAL(20,4) AS closing
FROM ledger.accounts a
LEFT JOIN ledger.common_chart c ON c.code = a.common_code
LEFT JOIN balances b ON b.account = a.number
WHERE a.dossier_id = $dossier AND (NOT $unmapped OR starts_with(a.common_code, 'U'))
ORDER BY a.number
"""


def map_account(
    dossier: DossierArgument,
    account: Annotated[str, typer.Argument(help="An account, or the start of several with a star: '613*'.")],
    code: Annotated[str | None, typer.Argument(help="A posting code of the common chart, such as X23.")] = None,
    firm: Annotated[bool, typer.Option("--firm", help="For all dossiers of the dossier's firm.")] = False,
    why: Annotated[str, typer.Option(help="The reason, kept with the rule.")] = "",
    reset: Annotated[bool, typer.Option("--reset", help="Take the rule back.")] = False,
) -> None:
    """Gives an account a code of the common chart, before whatever rules find; or takes that back."""
    if reset == (code is not None):
        raise typer.BadParameter("give a code, or --reset")
    registry = House.open().registry
    if code is None:
        if registry.clear_mapping_rule(dossier, account, firm=firm, who=getpass.getuser()) is None:
            whose = "the firm" if firm else f"dossier {dossier}"
            raise WrongInput(f"no rule of {whose} stands for {account}", next_step=_standing(registry, dossier))
    else:
        registry.set_mapping_rule(
            dossier, account, require_posting_code(code), firm=firm, why=why or None, who=getpass.getuser()
        )
    tell(f"Done. Next: grandlivre sync {dossier} --from-landing")
    if firm:
        tell("The firm's other dossiers follow at their next sync.")


def require_posting_code(typed: str) -> str:
    """The code as the common chart writes it. Raises WrongInput for an unknown code or a heading."""
    code = typed.strip().upper()
    known = {row["code"]: row for row in chart.tables()["codes"].to_pylist()}
    if code not in known:
        raise WrongInput(
            f"the common chart has no code {typed!r}",
            next_step=f"Its posting codes are: {', '.join(_posting(known))}.",
        )
    if known[code]["use"] != "posting":
        under = [other for other in _posting(known) if other.startswith(code)]
        raise WrongInput(
            f"{code} ({known[code]['name_en']}) is a heading of the common chart",
            next_step=f"Choose one of its codes: {', '.join(under)}.",
        )
    return code


def _posting(codes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [code for code, row in codes.items() if row["use"] == "posting"]


def _standing(registry: Registry, dossier: str) -> str:
    """The rules that could have been meant."""
    rules = [r.pattern if r.dossier_id else f"{r.pattern} (firm)" for r in registry.mapping_rules(dossier)]
    return f"In force are: {', '.join(rules)}." if rules else "No rule of a person is in force for this dossier."
