"""Commands about the common chart: mapping (what each account became), map (what a person makes of it)."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from foundation.errors import WrongInput
from portal.connecting import JsonFlag
from portal.output import show, tell
from registry.mapping import parse_account
from registry.records import MappingRule
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


def mapped_accounts(db: Reader, dossier: str, *, unmapped: bool = False) -> list[dict[str, Any]]:
    """The accounts of a dossier in the published snapshot ``db``, by number.

    ``confidence`` is that of the code (high, medium, low; None: unmapped). ``closing`` is the balance (DECIMAL, debit
    positive) of the latest fiscal year before closing entries, zero for an account that has none. With ``unmapped``
    only accounts under U10, U20 or U99, whoever put them there.
    """
    return query(db, _ACCOUNTS, {"dossier": dossier, "unmapped": unmapped})


_ACCOUNTS = """
WITH latest AS (
    SELECT label FROM ledger.fiscal_years WHERE dossier_id = $dossier ORDER BY start_date DESC LIMIT 1
), balances AS (
    SELECT account, closing FROM ledger.trial_balance_year
    WHERE dossier_id = $dossier AND fiscal_year = (SELECT label FROM latest)
)
SELECT a.number, a.name, a.type, a.common_code, c.name_en AS code_name, a.mapping_rule, a.confidence,
    coalesce(b.closing, 0)::DECIMAL(20,4) AS closing
FROM ledger.accounts a
LEFT JOIN ledger.common_chart c ON c.code = a.common_code
LEFT JOIN balances b ON b.account = a.number
WHERE a.dossier_id = $dossier AND (NOT $unmapped OR starts_with(a.common_code, 'U'))
ORDER BY a.number
"""


def rules_in_force(house: House, dossier: str) -> list[dict[str, Any]]:
    """People's rules for a dossier and its firm, the oldest first: account (as typed), code, scope, why, who, at,
    closed_years, stale (None for a rule of the dossier while it has no figures to look in)."""
    types = account_types(house, dossier)
    return [
        {
            "account": rule.pattern,
            "code": rule.code,
            "scope": "dossier" if rule.dossier_id else "firm",
            "why": rule.why,
            "who": rule.who,
            "at": rule.at,
            "closed_years": rule.closed_years,
            "stale": is_stale(rule, types),
        }
        for rule in house.registry.mapping_rules(dossier)
    ]


def is_stale(rule: MappingRule, types: Mapping[str, str] | None) -> bool | None:
    """Whether a rule of a dossier finds no account among ``types``, or one of another type than when it was made.

    Where the package tells no type, an account takes that of its code: the type of the rule's own code is no news.
    A firm's rules are written for many dossiers and are never stale.
    """
    if rule.dossier_id is None:
        return False
    if types is None:
        return None
    if rule.match == "prefix":
        return not any(number.startswith(rule.account) for number in types)
    now = types.get(rule.account)
    if now is None or rule.account_type is None:
        return now is None
    return now not in (rule.account_type, _codes().get(rule.code, {}).get("class"))


def account_types(house: House, dossier: str) -> dict[str, str] | None:
    """The type of each account of a dossier in the published snapshot; None where it has no figures."""
    rows = query_if_published(house, dossier, "SELECT number, type FROM ledger.accounts WHERE dossier_id = $dossier")
    return None if rows is None else {row["number"]: row["type"] for row in rows}


@contextmanager
def figures_of(house: House, dossier: str) -> Iterator[Reader]:
    """The published snapshot, for questions about one dossier.

    Raises WrongInput where the dossier has no figures, or the snapshot lacks what this version asks for.
    """
    with house.warehouse.reader() as db:
        if not db.execute("SELECT 1 FROM ledger.dossiers WHERE dossier_id = ?", [dossier]).fetchall():
            raise WrongInput(f"dossier {dossier} has no figures yet", next_step=f"Sync it: grandlivre sync {dossier}.")
        if db.execute(_TABLES).fetchall() != [(2,)]:
            raise WrongInput(
                "the published figures are in the form of another version", next_step="Renew it: grandlivre init."
            )
        yield db


_TABLES = """
SELECT count(*) FROM information_schema.tables
WHERE table_schema = 'ledger' AND table_name IN ('balance_changes', 'year_mapping')
"""


def query(db: Reader, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a question, each by column name."""
    result = db.execute(sql, dict(parameters))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def query_if_published(house: House, dossier: str, sql: str) -> list[dict[str, Any]] | None:
    """The rows of a question with parameter ``dossier``; None where the dossier has no figures to ask."""
    try:
        with figures_of(house, dossier) as db:
            return query(db, sql, {"dossier": dossier})
    except WrongInput:
        return None


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
    registry = house.registry
    if code is None:
        if registry.clear_mapping_rule(dossier, account, firm=firm, who=getpass.getuser()) is None:
            whose = "the firm" if firm else f"dossier {dossier}"
            raise WrongInput(f"no rule of {whose} stands for {account}", next_step=_standing(registry, dossier))
    else:
        registry.set_mapping_rule(
            dossier,
            account,
            require_posting_code(code),
            firm=firm,
            account_type=type_now(house, dossier, account),
            closed_years=closed_years,
            why=why or None,
            who=getpass.getuser(),
        )
    tell(f"Done. Next: grandlivre sync {dossier} --from-landing")
    if firm:
        tell("The firm's other dossiers follow at their next sync.")


def type_now(house: House, dossier: str, account: str) -> str | None:
    """What one exact account is in the figures that stand; None for a prefix, an unknown account, or one whose type
    nothing tells."""
    match, number = parse_account(account)
    known = (account_types(house, dossier) or {}).get(number) if match == "exact" else None
    return None if known == "unmapped" else known


def require_posting_code(typed: str) -> str:
    """The code as the common chart writes it. Raises WrongInput for an unknown code or a heading."""
    code = typed.strip().upper()
    known = _codes()
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


def _codes() -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in chart.tables()["codes"].to_pylist()}


def _posting(codes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [code for code, row in codes.items() if row["use"] == "posting"]


def _standing(registry: Registry, dossier: str) -> str:
    """The rules that could have been meant."""
    rules = [r.pattern if r.dossier_id else f"{r.pattern} (firm)" for r in registry.mapping_rules(dossier)]
    return f"In force are: {', '.join(rules)}." if rules else "No rule of a person is in force for this dossier."
