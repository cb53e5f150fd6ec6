"""The accounts of a dossier with what became of them, and the codes that an account without one could have."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.operations.figures import query
from portal.operations.mapping import codes, posting_codes
from registry.names import plain
from warehouse import chart
from warehouse.contract import Reader

WHICH = ("all", "unmapped", "doubtful")
_SHORTEST = 2
"""Digits that numbers must have in common before one account's code is proposed for another."""
_MOST = 3


def mapped_accounts(
    db: Reader,
    dossier: str,
    *,
    unmapped: bool = False,
    doubtful: bool = False,
    search: str = "",
    number: str | None = None,
    limit: int = 1 << 60,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The accounts of a dossier in the published snapshot ``db``, by number: number, name, type, common_code,
    code_name, mapping_rule, confidence, closing.

    ``confidence`` is that of the code (high, medium, low; None: unmapped). ``closing`` is the balance (DECIMAL, debit
    positive) of the latest fiscal year before closing entries, zero for an account that has none. With ``unmapped``
    only accounts under U10, U20 or U99, whoever put them there; with ``doubtful`` those whose code is a guess
    (confidence low); with ``search`` those whose number starts with it or whose name has it; with ``number`` that one.
    """
    wanted = {"dossier": dossier, "unmapped": unmapped, "doubtful": doubtful, "search": search.strip()}
    return query(db, _ACCOUNTS, {**wanted, "number": number, "limit": limit, "offset": offset})


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
    AND (NOT $doubtful OR (a.confidence = 'low' AND NOT starts_with(a.common_code, 'U')))
    AND ($search::VARCHAR = '' OR starts_with(a.number, $search) OR strpos(lower(a.name), lower($search)) > 0)
    AND ($number::VARCHAR IS NULL OR a.number = $number)
ORDER BY a.number
LIMIT $limit OFFSET $offset
"""


def counts(db: Reader, dossier: str) -> dict[str, int]:
    """How many accounts there are by :data:`WHICH`."""
    return query(db, _COUNTS, {"dossier": dossier})[0]


_COUNTS = """
SELECT count(*) AS "all", count(*) FILTER (WHERE starts_with(common_code, 'U')) AS unmapped,
    count(*) FILTER (WHERE confidence = 'low' AND NOT starts_with(common_code, 'U')) AS doubtful
FROM ledger.accounts WHERE dossier_id = $dossier
"""


def is_doubtful(account: Mapping[str, Any]) -> bool:
    """Whether an account has no real code, or one that is a guess."""
    return str(account["common_code"]).startswith("U") or account["confidence"] == "low"


@dataclass(frozen=True)
class Proposal:
    """A code that an account could have. ``why``: ``number`` (accounts that start with ``like`` have it), ``name`` (so
    does the account ``like``, which is called alike), or ``chart`` (the country's chart gives it to ``like``)."""

    code: str
    why: str
    like: str


def proposals(
    db: Reader, dossier: str, accounts: Sequence[Mapping[str, Any]], country: str | None
) -> dict[str, list[Proposal]]:
    """Codes for each of ``accounts`` (rows of :func:`mapped_accounts`), the likeliest first, at most three.

    They come from the dossier's other accounts, and from the chart of ``country``. The code that an
    account has is not among them.
    """
    if not accounts:
        return {}
    known = query(db, _CODED, {"dossier": dossier})
    by_prefix: dict[str, Counter[str]] = defaultdict(Counter)
    by_name: dict[str, dict[str, str]] = defaultdict(dict)
    for row in known:
        number, name = row["number"], _words(row["name"])
        for length in range(_SHORTEST, len(number) + 1):
            by_prefix[number[:length]][row["common_code"]] += 1
        if name:
            by_name[name].setdefault(row["common_code"], number)
    told = _chart_of(country)
    return {
        row["number"]: _best(
            row,
            [
                *(Proposal(code, "name", number) for code, number in by_name.get(_words(row["name"]), {}).items()),
                *_alike(row["number"], by_prefix),
                *_in_chart(row["number"], told),
            ],
        )
        for row in accounts
    }


_CODED = """
SELECT number, name, common_code FROM ledger.accounts
WHERE dossier_id = $dossier AND confidence IN ('high', 'medium') AND NOT starts_with(common_code, 'U')
ORDER BY number
"""


def chart_codes(language: str) -> list[tuple[str, str]]:
    """The posting codes of the common chart with their names, for people to choose from."""
    return [(code, str(codes()[code][f"name_{language}"])) for code in posting_codes()]


def _best(account: Mapping[str, Any], found: Iterable[Proposal]) -> list[Proposal]:
    chosen: dict[str, Proposal] = {}
    for proposal in found:
        if proposal.code != account["common_code"]:
            chosen.setdefault(proposal.code, proposal)
    return list(chosen.values())[:_MOST]


def _alike(number: str, by_prefix: Mapping[str, Counter[str]]) -> list[Proposal]:
    """The codes of the accounts that share the longest start with ``number``, the commonest first."""
    for length in range(len(number), _SHORTEST - 1, -1):
        found = by_prefix.get(number[:length])
        if found:
            return [Proposal(code, "number", number[:length]) for code, _ in found.most_common(2)]
    return []


def _in_chart(number: str, told: Mapping[str, str]) -> list[Proposal]:
    for length in range(len(number), 1, -1):
        if number[:length] in told:
            return [Proposal(told[number[:length]], "chart", number[:length])]
    return []


def _chart_of(country: str | None) -> dict[str, str]:
    """The code of each number prefix in a country's chart."""
    name = country if country in ("BE", "FR", "LU") else "BE"
    rows = chart.tables()["prefixes"].to_pylist()
    return {row["prefix"]: row["code"] for row in rows if row["chart"] == name}


def _words(name: str | None) -> str:
    """A name without what differs between two ways to write it."""
    return " ".join(re.findall(r"[^\W\d_]+", plain(name or "")))
