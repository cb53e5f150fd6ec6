"""What is landed of a Twinfield office, under the vendor's own names.

A browse field ``fin.trs.head.code`` is the column ``head_code``. Text is landed as it came; columns in which we add
something of our own stand last.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "", dates: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY), (dates, pa.date32()))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


OFFICE = _schema(text="code name basecurrency vatnumber cocnumber country hierarchy", dates="since")
PERIODS = _schema(text="name", integers="year number", flags="open", dates="end_date start_date")
ACCOUNTS = _schema(text="type code name status behaviour matchtype accounttype subanalyse")
CARDS = _schema(text="type code name status behaviour vatnumber country substitutewith")
JOURNALS = _schema(text="code name")
DELETIONS = _schema(text="head_code head_number")
LINES = _schema(
    text="head_code head_number head_yearperiod head_status head_date head_curcode head_modified"
    " line_dim1 line_dim2 line_dim2type line_debitcredit line_vatcode line_description line_invnumber mng_type"
    " key_line",
    money="line_basevaluesigned line_valuesigned",
    flags="caught_up",
)
GROUPS = tuple(f"line_dim1group{level}" for level in range(1, 6))
TOTALS = _schema(
    text=f"head_year head_period line_dim1 line_dim1type line_debitcredit {' '.join(GROUPS)}",
    money="line_basevaluesigned",
)
DUES = _schema(text="head_code head_number head_yearperiod head_status line_datedue key_line", integers="year")

# A transaction comes with all its lines whenever one changed, and is deleted as a whole: it is what the key names.
# Due dates are told for a year at a time.
RESOURCES = (
    Resource("office", OFFICE),
    Resource("periods", PERIODS),
    Resource("accounts", ACCOUNTS),
    Resource("cards", CARDS),
    Resource("journals", JOURNALS),
    Resource("lines", LINES, key=("head_code", "head_number")),
    Resource("deletions", DELETIONS),
    Resource("totals", TOTALS),
    Resource("dues", DUES, key=("year",)),
)


def fields(schema: pa.Schema) -> dict[str, str]:
    """Browse field to column: what a browse of ``schema`` asks for, in its order."""
    return {
        f"fin.trs.{name.replace('_', '.', 1)}": name
        for name in schema.names
        if name.startswith(("head_", "line_", "mng_"))
    }
