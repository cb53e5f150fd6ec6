"""Amounts in text columns: the notation of a column is decided once, over the whole file.

``1.234,50`` and ``1234,50`` are comma notation, ``1,234.50`` and ``1234.50`` point notation; a blank, a non-breaking
blank or an apostrophe may group thousands in both. A column in which both readings stay possible and differ
(``1.234``) is refused unless the profile fixes it. Everything is decimal; a float never touches an amount.
"""

from __future__ import annotations

from typing import Literal

from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

Notation = Literal[",", "."]
LINE = "'line ' || row"
"""SQL: where a row of a text file stands."""
SHOWN = 60
"""How many signs of a wrong text are shown."""
_BLANKS = "\u00a0\u202f\u2009\u2007’"
_FOUR_PLACES = r"[,.]\d{4}\d*[1-9]\d*$"


def _pattern(decimal: Notation) -> str:
    group = "." if decimal == "," else ","
    point = rf"\{decimal}"
    whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:[{group} ']\d{{3}})+)"
    number = rf"(?:{whole}(?:{point}\d*)?|{point}\d+)"
    return rf"[-+]? *{number}|{number} *[-+]"


_PLAIN: dict[Notation, str] = {sign: rf"-?\d{{1,15}}(?:\{sign}\d\d?)?" for sign in (",", ".")}
_PATTERNS: dict[Notation, str] = {",": _pattern(","), ".": _pattern(".")}


def _text(column: str) -> str:
    return f"trim(translate({column}, {literal(_BLANKS)}, {literal('    ' + chr(39))}))"


def fits(column: str, decimal: Notation | None = None) -> str:
    """SQL: whether the text in ``column`` is an amount (in that notation, or in either), or empty."""
    patterns = [_PATTERNS[decimal]] if decimal else list(_PATTERNS.values())
    any_of = " OR ".join(f"regexp_full_match({_text(column)}, {literal(pattern)})" for pattern in patterns)
    return f"({column} IS NULL OR {_text(column)} = '' OR {any_of})"


def parsed(column: str, decimal: Notation) -> str:
    """SQL: the text in ``column`` as DECIMAL(20,4), NULL where it is empty. Meant for a column that was decided."""
    text = _text(column)
    digits = f"translate({text}, {literal(decimal + ('.' if decimal == ',' else ',') + ' +-' + chr(39))}, '.')"
    return (
        f"CASE WHEN {column} IS NULL OR {text} = '' THEN NULL "
        f"ELSE TRY_CAST(CASE WHEN contains({text}, '-') THEN '-' ELSE '' END || {digits} AS DECIMAL(20,4)) END"
    )


def signed_like(foreign: str, amount: str) -> str:
    """SQL: a foreign amount with the sign of the line's ``amount``; packages disagree on whether it has one."""
    return f"(CASE WHEN {amount} = 0 THEN {foreign} ELSE abs({foreign}) * sign({amount}) END)::DECIMAL(20,4)"


def decide(
    bench: Workbench,
    table: str,
    column: str,
    *,
    name: str,
    file: str,
    fixed: Notation | None = None,
    place: str = LINE,
) -> Notation:
    """The notation of ``table.column``, a column of text with its number in ``row``.

    ``name`` and ``file`` are what people call them, ``place`` is SQL for where in the file a row stands. Raises BadFile
    for a value that is no amount, for two values that contradict each other, for more than four decimals or sixteen
    digits before them, and for a column that reads both ways. A trailing minus is read, and noted.
    """
    if plain := _plainly(bench, table, column, fixed):
        return plain
    text = _text(column)
    comma, point = (f"regexp_full_match({text}, {literal(_PATTERNS[sign])})" for sign in (",", "."))
    signed = f"regexp_matches({text}, '[.,]')"
    filled = f"(SELECT * FROM {table} WHERE {text} <> '')"
    found = f"{{'row': row, 'text': left({column}, {SHOWN}), 'place': {place}}}"
    not_comma, not_point, neither, either, trailing = bench.row(
        f"""SELECT min({found}) FILTER (NOT {comma}),
            min({found}) FILTER (NOT {point}),
            min({found}) FILTER (NOT {comma} AND NOT {point}),
            min({found}) FILTER ({comma} AND {point} AND {signed}),
            count(*) FILTER (regexp_matches({text}, '\\d *-$'))
        FROM {filled}"""
    )
    where = f"column {name}"

    def at(found: dict[str, object]) -> str:
        return f"{found['place']}, {where}: {found['text']!r}"

    if neither:
        raise BadFile(f"{at(neither)} is not an amount", subject=file)
    if fixed:
        wrong = not_comma if fixed == "," else not_point
        if wrong:
            raise BadFile(f"{at(wrong)} does not fit the decimal sign {fixed!r} that the dossier fixes", subject=file)
        decimal = fixed
    elif not_comma and not_point:
        raise BadFile(
            f"{where} mixes two notations: {not_point['place']} has {not_point['text']!r}, "
            f"{not_comma['place']} has {not_comma['text']!r}",
            subject=file,
        )
    elif either and not not_comma and not not_point:
        raise BadFile(
            f"{at(either)} can be read in two ways, and no other amount of the column tells which",
            subject=file,
            next_step="Write the decimal sign in dossier.csv (decimal;, or decimal;.), or export with two decimals.",
        )
    else:
        decimal = "." if not_comma else ","
    long = bench.row(
        f"""SELECT min({found}) FROM {filled}
        WHERE ({parsed(column, decimal)}) IS NULL
            OR (contains({text}, {literal(decimal)}) AND regexp_matches({text}, {literal(_FOUR_PLACES)}))"""
    )[0]
    if long:
        raise BadFile(f"{at(long)} has more than four decimals or sixteen digits before them", subject=file)
    bench.note("trailing_minus", f"{file}: amounts in {where} have their minus at the end", trailing)
    return decimal


def _plainly(bench: Workbench, table: str, column: str, fixed: Notation | None) -> Notation | None:
    """The notation where every amount is plain digits with at most two decimals, as nearly all files have it."""
    text = _text(column)
    comma, point = bench.row(
        f"""SELECT {", ".join(f"bool_and(regexp_full_match({text}, '{_PLAIN[sign]}'))" for sign in _PLAIN)}
        FROM {table} WHERE {text} <> ''"""
    )
    if comma is None or (comma and point):
        return fixed or "."
    found: Notation | None = "," if comma else "." if point else None
    return found if fixed in (None, found) else None
