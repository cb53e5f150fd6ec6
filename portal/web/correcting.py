"""What people correct about figures: codes of accounts, and fiscal years. Pages and API do it alike.

Every correction is kept with who made it and why, goes to the audit trail, and the figures are made again from what
was landed: the package is not asked. Each function returns whether they are being made; if not, they follow at the
next sync.
"""

from __future__ import annotations

from datetime import date

from foundation.errors import WrongInput
from portal.operations.mapping import account_types, give_code, take_back_code
from portal.operations.years import correct_year, take_back_correction
from portal.web.of_dossier import is_client_list, make_again
from portal.web.permissions import Permission
from portal.web.visitor import Visitor
from registry.mapping import parse_account
from registry.store import Link

_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def map_account(
    visitor: Visitor, link: Link, account: str, code: str, *, firm: bool, why: str, closed_years: bool
) -> bool:
    """Gives an account (``613200``) or all that start alike (``613*``) a code; ``firm``: in all dossiers of the firm.

    Raises WrongInput for an unknown code or account, NotAllowed for a rule of the firm by who may not correct.
    """
    _refuse_client_list(link)
    if firm:
        visitor.need(Permission.correct)
    match, number = parse_account(account)
    known = account_types(visitor.portal.house, link.dossier_id) or {}
    if match == "exact" and not firm and number not in known:
        raise WrongInput(f"the dossier has no account {number}", next_step="Choose one of its accounts.")
    rule = give_code(
        visitor.portal.house,
        link.dossier_id,
        account,
        code,
        firm=firm,
        why=why.strip(),
        closed_years=closed_years,
        who=visitor.user.name,
    )
    visitor.note("mapped", link.dossier_id, account=rule.pattern, code=rule.code, whose="firm" if firm else "dossier")
    return make_again(visitor, link)


def take_back_account(visitor: Visitor, link: Link, account: str, *, firm: bool) -> bool:
    """Ends a rule. Raises WrongInput where none stands, NotAllowed as :func:`map_account` does."""
    _refuse_client_list(link)
    if firm:
        visitor.need(Permission.correct)
    rule = take_back_code(visitor.portal.house, link.dossier_id, account, firm=firm, who=visitor.user.name)
    whose = "firm" if firm else "dossier"
    visitor.note("took_back_mapping", link.dossier_id, account=rule.pattern, code=rule.code, whose=whose)
    return make_again(visitor, link)


def correct(
    visitor: Visitor, link: Link, label: str, start: date, end: date, *, why: str, move_neighbours: bool
) -> bool:
    """Gives a fiscal year other dates, ``end`` inclusive. Raises WrongInput without a reason, and as
    :func:`portal.operations.years.correct_year` does."""
    _refuse_client_list(link)
    if start.year < _FIRST_YEAR or end.year > _LAST_YEAR:
        raise WrongInput(f"{start} to {end} is no fiscal year", next_step="Look at the years of the two dates.")
    if not why.strip():
        raise WrongInput("a correction needs a reason", next_step="Say why: others will want to know.")
    correct_year(
        visitor.portal.house,
        link,
        label,
        start,
        end,
        why=why.strip(),
        who=visitor.user.name,
        move_neighbours=move_neighbours,
    )
    visitor.note("corrected_year", link.dossier_id, year=label, start=str(start), end=str(end), why=why.strip())
    return make_again(visitor, link)


def take_back(visitor: Visitor, link: Link, label: str) -> bool:
    """Lets the package's dates of a year stand again. Raises WrongInput for a year that was not corrected."""
    _refuse_client_list(link)
    take_back_correction(visitor.portal.house, link, label, who=visitor.user.name)
    visitor.note("took_back_year", link.dossier_id, year=label)
    return make_again(visitor, link)


def _refuse_client_list(link: Link) -> None:
    if is_client_list(link):
        raise WrongInput(f"{link.name} is a client list", next_step="It has no books: nothing is to be corrected here.")
