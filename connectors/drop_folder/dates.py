"""Dates in text columns: yyyy-mm-dd, dd/mm/yyyy, dd-mm-yyyy and yyyymmdd, told apart by their shape."""

from __future__ import annotations

from connectors.drop_folder.amounts import LINE, SHOWN
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import BadFile

_SHAPE = r"\d{8}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4}|\d{1,2}-\d{1,2}-\d{4}"
_FORMATS = "['%Y-%m-%d', '%d/%m/%Y', '%d-%m-%Y', '%Y%m%d']"


def _text(column: str) -> str:
    # A time of day behind the date is dropped: books have days.
    return rf"regexp_replace(trim({column}), '[T ]\d{{1,2}}:[\d:.]*(Z|[+-]\d\d:?\d\d)?$', '')"


def empty(column: str) -> str:
    """SQL: whether ``column`` holds no date: nothing, blanks or zeros."""
    return f"({column} IS NULL OR regexp_full_match({column}, '[ 0]*'))"


def parsed(column: str) -> str:
    """SQL: the text in ``column`` as DATE; NULL where it is empty or not a date."""
    text = _text(column)
    return (
        f"CASE WHEN NOT {empty(column)} AND regexp_full_match({text}, {literal(_SHAPE)}) "
        f"THEN try_strptime({text}, {_FORMATS})::DATE END"
    )


def parsed_timestamp(column: str) -> str:
    """SQL: the text in ``column`` as TIMESTAMP in UTC (a stated zone is applied); a date alone is its midnight."""
    text = f"trim({column})"
    time = f"TRY_CAST(regexp_extract({text}, '[T ](\\d{{1,2}}:[\\d:.]+)', 1) AS TIME)"
    zoned = f"regexp_matches({text}, '[T ]\\d.*(Z|[+-]\\d\\d(:?\\d\\d)?)$')"
    return (
        f"CASE WHEN {empty(column)} THEN NULL "
        f"WHEN {zoned} THEN make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))) "
        f"WHEN regexp_matches({text}, '^\\d{{4}}-') THEN TRY_CAST({text} AS TIMESTAMP) "
        f"ELSE ({parsed(column)}) + coalesce({time}, TIME '00:00:00') END"
    )


def require(
    bench: Workbench,
    table: str,
    column: str,
    *,
    name: str,
    file: str,
    needed: bool = False,
    place: str = LINE,
) -> None:
    """Raises BadFile for the first value of ``table.column`` that is not a date (or, ``needed``, that is empty).

    ``place`` is SQL for where in the file a row stands.
    """
    lacks = f"OR {empty(column)}" if needed else ""
    found = bench.row(
        f"""SELECT min({{'row': row, 'text': left({column}, {SHOWN}), 'place': {place}}}) FROM {table}
        WHERE (NOT {empty(column)} AND ({parsed(column)}) IS NULL) {lacks}"""
    )[0]
    if found:
        what = "is empty" if found["text"] is None else f"{found['text']!r} is not a date"
        raise BadFile(
            f"{found['place']}, column {name}: {what} (yyyy-mm-dd, dd/mm/yyyy, dd-mm-yyyy or yyyymmdd)",
            subject=file,
        )
