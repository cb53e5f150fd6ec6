"""The trial balance of a dossier and year, the package's own figure beside the computed one; and sums to draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foundation.errors import WrongInput
from portal.operations.figures import query
from warehouse.contract import Reader

CLASSES = ("asset", "liability", "equity", "income", "expense")


def years(db: Reader, dossier: str) -> list[dict[str, Any]]:
    """The years that have figures, the latest first: label, start_date, end_date, closed, source."""
    return query(
        db,
        "SELECT label, start_date, end_date, closed, source FROM ledger.fiscal_years "
        "WHERE dossier_id = $dossier ORDER BY start_date DESC, label",
        {"dossier": dossier},
    )


def year_of(found: list[dict[str, Any]], asked: str | None) -> dict[str, Any] | None:
    """The year that was asked for, or the latest; None where there are none.

    Raises WrongInput for one that is not there.
    """
    if asked is None or not asked.strip():
        return found[0] if found else None
    for year in found:
        if year["label"] == asked:
            return year
    known = ", ".join(year["label"] for year in found)
    raise WrongInput(f"there are no figures of a fiscal year {asked!r}", next_step=f"There are: {known or 'none'}.")


def trial_balance(
    db: Reader,
    dossier: str,
    year: str,
    *,
    differing: bool = False,
    search: str = "",
    limit: int = 1 << 60,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The accounts of a year before closing entries, by number: account, name, common_code, opening, debit, credit,
    closing, package_closing, difference (closing - package_closing), cause.

    Amounts are DECIMAL, debit positive. ``package_closing`` is None where the package told no balance to compare with
    (no evidence, totals mode, a year that support corrected); where it tells movements alone, it is the opening and
    those. ``cause`` is that of :func:`portal.operations.figures.differences`, None for balances that are equal. With
    ``differing`` only accounts that differ; with ``search`` those whose number starts with it or whose name has it.
    """
    asked = {"dossier": dossier, "year": year, "differing": differing, "search": search.strip()}
    return query(db, _ROWS + _PAGE, {**asked, "limit": limit, "offset": offset})


def totals(db: Reader, dossier: str, year: str, *, differing: bool = False, search: str = "") -> Mapping[str, Any]:
    """The sums over all accounts that :func:`trial_balance` lists, whatever its page: accounts, differing (how many
    differ), opening, debit, credit, closing, package_closing (None: no evidence), difference."""
    asked = {"dossier": dossier, "year": year, "differing": differing, "search": search.strip()}
    return query(db, _ROWS + _TOTALS, asked)[0]


# What the package left out of a balance of the year stands at zero there; out of movements, it did not move. The result
# of earlier years that nobody appropriated stands on an account of ours, which the package need not have.
_ROWS = """
WITH ours AS (
    SELECT account, opening, debit, credit, closing FROM ledger.trial_balance_year
    WHERE dossier_id = $dossier AND fiscal_year = $year
), told AS (
    SELECT t.account, t.period, t.opening, t.debit, t.credit, t.closing
    FROM ledger.trial_balances t
    JOIN ledger.dossiers d ON d.dossier_id = t.dossier_id
    JOIN ledger.fiscal_years y ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year
    WHERE t.dossier_id = $dossier AND t.fiscal_year = $year AND t.source = 'package'
        AND d.sync_mode <> 'totals' AND y.source = 'package'
), grain AS (
    SELECT count(*) > 0 AS told, coalesce(sum(CASE WHEN period IS NULL THEN 1 END), 0) > 0 AS by_year FROM told
), package AS (
    SELECT account,
        sum(CASE WHEN period IS NULL THEN closing END) AS closing,
        sum(CASE WHEN period IS NULL THEN opening END) AS opening,
        sum(CASE WHEN period IS NULL THEN debit - credit END) AS movement,
        sum(CASE WHEN period IS NOT NULL THEN debit - credit END) AS moved
    FROM told GROUP BY account
), differing AS (
    SELECT account, max(cause) AS cause -- an unexplained difference is told before one that is explained
    FROM ledger.balance_differences WHERE dossier_id = $dossier AND fiscal_year = $year GROUP BY account
), beside AS (
    SELECT coalesce(o.account, p.account) AS account, coalesce(o.opening, 0) AS opening, coalesce(o.debit, 0) AS debit,
        coalesce(o.credit, 0) AS credit, coalesce(o.closing, 0) AS closing,
        coalesce(p.closing, p.opening + p.movement, coalesce(o.opening, 0) + coalesce(p.movement, p.moved),
            CASE WHEN g.told AND NOT g.by_year THEN o.opening
                WHEN g.told AND o.account <> 'RESULT-CARRIED' THEN 0 END) AS package_closing
    FROM ours o
    FULL JOIN package p ON p.account = o.account
    CROSS JOIN grain g
), listed AS (
    SELECT b.account, a.name, coalesce(m.common_code, a.common_code) AS common_code,
        b.opening::DECIMAL(20,4) AS opening, b.debit::DECIMAL(20,4) AS debit, b.credit::DECIMAL(20,4) AS credit,
        b.closing::DECIMAL(20,4) AS closing, b.package_closing::DECIMAL(20,4) AS package_closing,
        (b.closing - b.package_closing)::DECIMAL(20,4) AS difference, d.cause
    FROM beside b
    LEFT JOIN differing d ON d.account = b.account
    LEFT JOIN ledger.accounts a ON a.dossier_id = $dossier AND a.number = b.account
    LEFT JOIN ledger.year_mapping m
        ON m.dossier_id = $dossier AND m.fiscal_year = $year AND m.account = b.account
    WHERE (NOT $differing OR d.account IS NOT NULL)
        AND ($search::VARCHAR = '' OR starts_with(b.account, $search) OR strpos(lower(a.name), lower($search)) > 0)
)
"""
_PAGE = "SELECT * FROM listed ORDER BY account LIMIT $limit OFFSET $offset"
_TOTALS = """
SELECT count(*) AS accounts, count(cause) AS differing, coalesce(sum(opening), 0)::DECIMAL(20,4) AS opening,
    coalesce(sum(debit), 0)::DECIMAL(20,4) AS debit, coalesce(sum(credit), 0)::DECIMAL(20,4) AS credit,
    coalesce(sum(closing), 0)::DECIMAL(20,4) AS closing, sum(package_closing)::DECIMAL(20,4) AS package_closing,
    sum(difference)::DECIMAL(20,4) AS difference
FROM listed
"""


def by_class(db: Reader, dossier: str) -> list[dict[str, Any]]:
    """Per year, oldest first, and class of the common chart: fiscal_year, class, presented (DECIMAL, positive on the
    class's usual side), before closing entries."""
    return query(db, _BY_CLASS, {"dossier": dossier})


_BY_CLASS = """
SELECT t.fiscal_year, c.class,
    (sum(t.closing) * CASE WHEN c.class IN ('asset', 'expense') THEN 1 ELSE -1 END)::DECIMAL(20,4) AS presented
FROM ledger.trial_balance_year t
JOIN ledger.fiscal_years y ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year
JOIN ledger.common_chart c ON c.code = t.common_code
WHERE t.dossier_id = $dossier AND c.class IN ('asset', 'liability', 'equity', 'income', 'expense')
GROUP BY t.fiscal_year, y.start_date, c.class
ORDER BY y.start_date, t.fiscal_year, c.class
"""


def lines_per_period(db: Reader, dossier: str, year: str) -> list[dict[str, Any]]:
    """How many lines each booking period of a year has: period, lines. Closing entries are left out."""
    return query(db, _LINES, {"dossier": dossier, "year": year})


_LINES = """
SELECT period, count(*) AS lines FROM ledger.journal_lines
WHERE dossier_id = $dossier AND fiscal_year = $year AND period_kind <> 'closing'
GROUP BY period ORDER BY period
"""
