"""People's own mapping: the codes of the common chart that they give to accounts, and the rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from foundation.errors import WrongInput
from portal.operations.figures import query_if_published
from registry.mapping import parse_account
from registry.records import MappingRule
from registry.store import Registry
from resources.house import House
from warehouse import chart


def give_code(
    house: House,
    dossier: str,
    account: str,
    code: str,
    *,
    firm: bool = False,
    why: str | None = None,
    closed_years: bool = False,
    who: str | None = None,
) -> MappingRule:
    """Gives an account (or all that start alike: ``613*``) a posting code, before whatever rules find.

    With ``firm`` for all dossiers of the firm; with ``closed_years`` also in years that keep the codes they were closed
    with. The figures follow at the next sync, or when they are made again from landing. Raises WrongInput for an
    unknown code or dossier, and for an account that names none.
    """
    return house.registry.set_mapping_rule(
        dossier,
        account,
        require_posting_code(code),
        firm=firm,
        account_type=type_now(house, dossier, account),
        closed_years=closed_years,
        why=why or None,
        who=who,
    )


def take_back_code(
    house: House, dossier: str, account: str, *, firm: bool = False, who: str | None = None
) -> MappingRule:
    """Ends the rule of the dossier, or with ``firm`` of its firm, for exactly this account or prefix; returns it.

    Raises WrongInput where no such rule stands.
    """
    ended = house.registry.clear_mapping_rule(dossier, account, firm=firm, who=who)
    if ended is None:
        whose = "the firm" if firm else f"dossier {dossier}"
        raise WrongInput(f"no rule of {whose} stands for {account}", next_step=_standing(house.registry, dossier))
    return ended


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
    return now not in (rule.account_type, codes().get(rule.code, {}).get("class"))


def account_types(house: House, dossier: str) -> dict[str, str] | None:
    """The type of each account of a dossier in the published snapshot; None where it has no figures."""
    rows = query_if_published(house, dossier, "SELECT number, type FROM ledger.accounts WHERE dossier_id = $dossier")
    return None if rows is None else {row["number"]: row["type"] for row in rows}


def type_now(house: House, dossier: str, account: str) -> str | None:
    """What one exact account is in the figures that stand; None for a prefix, an unknown account, or one whose type
    nothing tells."""
    match, number = parse_account(account)
    known = (account_types(house, dossier) or {}).get(number) if match == "exact" else None
    return None if known == "unmapped" else known


def require_posting_code(typed: str) -> str:
    """The code as the common chart writes it. Raises WrongInput for an unknown code or a heading."""
    code = typed.strip().upper()
    known = codes()
    if code not in known:
        raise WrongInput(
            f"the common chart has no code {typed!r}",
            next_step=f"Its posting codes are: {', '.join(posting_codes())}.",
        )
    if known[code]["use"] != "posting":
        under = [other for other in posting_codes() if other.startswith(code)]
        raise WrongInput(
            f"{code} ({known[code]['name_en']}) is a heading of the common chart",
            next_step=f"Choose one of its codes: {', '.join(under)}.",
        )
    return code


@lru_cache(maxsize=1)
def codes() -> dict[str, dict[str, Any]]:
    """The common chart by code, headings included; see :mod:`warehouse.chart`."""
    return {row["code"]: row for row in chart.tables()["codes"].to_pylist()}


def posting_codes() -> list[str]:
    """The codes that accounts can have, in the order of the chart."""
    return [code for code, row in codes().items() if row["use"] == "posting"]


def code_name(code: str | None, language: str) -> str:
    """The name of a code in English, French or Dutch; empty for none."""
    row = codes().get(code or "", {})
    return str(row.get(f"name_{language}") or row.get("name_en") or "")


def _standing(registry: Registry, dossier: str) -> str:
    """The rules that could have been meant."""
    rules = [r.pattern if r.dossier_id else f"{r.pattern} (firm)" for r in registry.mapping_rules(dossier)]
    return f"In force are: {', '.join(rules)}." if rules else "No rule of a person is in force for this dossier."
