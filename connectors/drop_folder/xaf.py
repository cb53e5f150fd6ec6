"""XML audit files (the Dutch XAF, SAF-T such as FAIA) as ledger lines: one file per fiscal year.

Amounts stand on their side (``amntTp`` D or C) with their sign. The opening balance becomes lines of period 0 in a
journal ``opening``. The file's own totals are controls: what was read must add up to them.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import partial

import pyarrow as pa

from connectors.drop_folder import amounts, dates
from connectors.drop_folder.checks import note_entries
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.workbench import Workbench, literal
from connectors.drop_folder.xaf_heading import Form, Heading, decode
from connectors.drop_folder.xaf_rows import DUE_DATES, TABLE, AuditFile, Row
from foundation.errors import BadFile

_VIEW = "xaf_lines"
# Where a line stands, as people find it: a file of this kind may be one line of text.
_PLACE = """left(CASE part WHEN 'opening' THEN 'opening of account ' || coalesce(account, '?') ELSE concat_ws(', ',
    'journal ' || journal, 'transaction ' || entry, 'line ' || line_no) END, 120)"""
_SIDE = "upper(trim(side))"
# What account, amount and side are called in a file.
_WORDS: dict[Form, tuple[str, str, str]] = {
    "xaf": ("accID", "amnt", "amntTp"),
    "older": ("accID", "amnt", "amntTp"),
    "saft": ("AccountID", "Amount", "DebitAmount or CreditAmount"),
}
_KINDS = {"B": "both", "C": "customer", "S": "supplier"}


def read_xaf(bench: Workbench, heading: Heading, label: str, profile: Profile) -> None:
    """Adds the lines, accounts, journals, parties and periods of one file as fiscal year ``label``.

    Raises BadFile where the XML is broken, where an amount, a side or a date is none, and where what was read does
    not add up to the file's totals or does not balance.
    """
    found = decode(bench, heading)
    _add_lists(bench, found, label)
    file = heading.name
    opening_day = literal(found.opening_date or f"{heading.year.start}")
    bench.db.execute(
        f"""CREATE OR REPLACE VIEW {_VIEW} AS SELECT rowid + 1 AS row, * REPLACE (
            CASE part WHEN 'opening' THEN {opening_day} ELSE coalesce(date, effective) END AS date) FROM {TABLE}"""
    )
    _require_sides(bench, file, _WORDS[heading.form])
    dates.require(bench, _VIEW, "date", name="trDt", file=file, needed=True, place=_PLACE)
    decide = partial(amounts.decide, bench, _VIEW, file=file, fixed=profile.decimal or ".", place=_PLACE)
    sign, foreign = decide("amount", name="amnt"), decide("currency_amount", name="curAmnt")
    amount, foreign_amount = amounts.parsed("amount", sign), amounts.parsed("currency_amount", foreign)
    for part in ("transactions", "opening"):
        _require_totals(bench, found, part, amount, file)
    bench.db.execute(
        f"""INSERT INTO lines BY NAME
        SELECT {literal(label)} AS year, {literal(file)} AS file, row, coalesce(journal, '') AS journal,
            coalesce(entry, '') AS entry, line_no, {dates.parsed("date")} AS date,
            CASE part WHEN 'opening' THEN 0 ELSE TRY_CAST(period AS INTEGER) END AS period,
            CASE part WHEN 'opening' THEN 'opening' END AS kind, document, account,
            CASE part WHEN 'opening' THEN {literal(found.opening_text or "Opening balance")}
                ELSE coalesce(description, entry_text) END AS description,
            CASE {_SIDE} WHEN 'D' THEN {amount} ELSE 0 END::DECIMAL(20,4) AS debit,
            CASE {_SIDE} WHEN 'C' THEN {amount} ELSE 0 END::DECIMAL(20,4) AS credit,
            upper(currency) AS currency,
            {amounts.signed_like(foreign_amount, f"(CASE {_SIDE} WHEN 'D' THEN {amount} ELSE -({amount}) END)")}
                AS amount_currency,
            party AS counterparty, vat_code
        FROM {_VIEW} ORDER BY row"""
    )
    _add_due_dates(bench, file)
    _add_balances(bench, found, label, file)
    _drop_repeated_opening(bench, file)
    note_entries(bench, file)
    bench.db.execute(f"DROP VIEW {_VIEW}; DROP TABLE {TABLE}; DROP TABLE {DUE_DATES}")


def _add_lists(bench: Workbench, found: AuditFile, label: str) -> None:
    def insert(table: str, rows: list[Row], *, create: bool = False, **columns: str) -> None:
        if rows:
            texts = {name: pa.array([row.get(key) for row in rows], pa.string()) for name, key in columns.items()}
            bench.insert(table, pa.table(texts), create=create)

    insert("accounts", found.accounts, number="accid", name="accdesc", type="acctp", explicit_code="rgscode")
    journals = [{**row} for row in found.journals]
    if bench.row(f"SELECT count(*) FROM {TABLE} WHERE part = 'opening'")[0]:
        journals.append({"jrnid": "opening", "desc": found.opening_text or "Opening balance", "jrntp": "O"})
    insert("journals", journals, code="jrnid", name="desc", type="jrntp")
    parties = [{**row, "kind": _KINDS.get((row.get("custsuptp") or "").upper(), "other")} for row in found.parties]
    insert(
        "parties",
        parties,
        code="custsupid",
        name="custsupname",
        kind="kind",
        vat_number="taxregident",
        country="taxregistrationcountry",
        control_account="control_account",
    )
    insert(
        "told_periods",
        found.periods,
        create=True,
        number="periodnumber",
        first="startdateperiod",
        last="enddateperiod",
    )
    if found.periods:
        bench.db.execute(
            f"""INSERT INTO periods SELECT {literal(label)}, TRY_CAST(number AS INTEGER), {dates.parsed("first")},
                {dates.parsed("last")} FROM told_periods;
            DROP TABLE told_periods"""
        )


def _require_sides(bench: Workbench, file: str, words: tuple[str, str, str]) -> None:
    account, amount, side = words
    wrong = bench.row(
        f"""SELECT min({{'row': row, 'place': {_PLACE}, 'side': side, 'account': account, 'amount': amount}})
        FROM {_VIEW} WHERE side IS NULL OR {_SIDE} NOT IN ('D', 'C') OR account IS NULL OR amount IS NULL"""
    )[0]
    if wrong:
        lacking = [word for word, name in ((account, "account"), (side, "side"), (amount, "amount")) if not wrong[name]]
        what = f"has no {lacking[0]}" if lacking else f"has {side} {wrong['side'][:20]!r}"
        raise BadFile(f"{wrong['place']}: it {what}", subject=file)


def _require_totals(bench: Workbench, found: AuditFile, part: str, amount: str, file: str) -> None:
    """The file's totals must be what was read; negative amounts may count on their own side or on the other one."""
    debit, credit, debit_turned, credit_turned, count = bench.row(
        f"""SELECT coalesce(sum(a) FILTER (d), 0), coalesce(sum(a) FILTER (NOT d), 0),
            coalesce(sum(abs(a)) FILTER (d = (a >= 0)), 0), coalesce(sum(abs(a)) FILTER (d <> (a >= 0)), 0), count(*)
        FROM (SELECT {_SIDE} = 'D' AS d, {amount} AS a FROM {TABLE} WHERE part = ?)""",
        [part],
    )
    totals = found.totals[part]
    where = "the opening balance" if part == "opening" else "the transactions"
    again = "The file was cut off or filtered. Export it again; the figures of the last good sync stand."
    for side, stated, read in (
        ("debit", totals.debit, (debit, debit_turned)),
        ("credit", totals.credit, (credit, credit_turned)),
    ):
        if stated is not None and _decimal(stated, file) not in read:
            raise BadFile(
                f"the {side} of {where} adds up to {read[0]:.2f}, the file states {stated}",
                subject=file,
                next_step=again,
            )
    if debit != credit:
        raise BadFile(
            f"{where}: debit {debit:.2f} and credit {credit:.2f} differ by {debit - credit:.2f}",
            subject=file,
            next_step=again,
        )
    if totals.lines is not None and totals.lines.lstrip("0") != str(count).lstrip("0"):
        bench.note(
            "lines_count_differs",
            f"{file}: {where} hold {count} lines, the file states {totals.lines} (some packages count transactions)",
        )


def _add_due_dates(bench: Workbench, file: str) -> None:
    """The due dates of the subledgers, where a line has one and only one."""
    bench.db.execute(
        f"""UPDATE lines SET due_date = d.due
        FROM (
            SELECT journal, entry, line_no, min({dates.parsed("due")}) AS due FROM {DUE_DATES}
            GROUP BY ALL HAVING count(DISTINCT due) = 1
        ) d
        WHERE lines.file = ? AND lines.journal = d.journal AND lines.entry = d.entry AND lines.line_no = d.line_no""",
        [file],
    )


def _add_balances(bench: Workbench, found: AuditFile, label: str, file: str) -> None:
    """The package's own balances, where the file tells them: at the start and the end, each on its side."""
    if not found.balances:
        return
    columns = ("account", "opening", "opening_side", "closing", "closing_side")
    texts = {name: pa.array([row.get(name) for row in found.balances], pa.string()) for name in columns}
    bench.insert("told_balances", pa.table(texts), create=True)
    bench.db.execute("CREATE OR REPLACE VIEW told_rows AS SELECT rowid + 1 AS row, * FROM told_balances")

    def signed(end: str) -> str:
        notation = amounts.decide(
            bench, "told_rows", end, name=f"{end} balance", file=file, fixed=".", place="'account ' || account"
        )
        return f"coalesce({amounts.parsed(end, notation)}, 0) * CASE {end}_side WHEN 'C' THEN -1 ELSE 1 END"

    bench.db.execute(
        f"""INSERT INTO balances BY NAME SELECT {literal(label)} AS fiscal_year, {literal(file)} AS file, account,
            {signed("opening")} AS opening, {signed("closing")} AS closing FROM told_rows ORDER BY row;
        DROP VIEW told_rows; DROP TABLE told_balances"""
    )


def _drop_repeated_opening(bench: Workbench, file: str) -> None:
    """Some packages tell the opening twice, as an element and as transactions; the transactions say more."""
    told, alike = bench.row(
        """SELECT count(*) FILTER (t <> 0), bool_and(o = t) FROM (
            SELECT account, coalesce(sum(debit - credit) FILTER (l.kind = 'opening'), 0) AS o,
                coalesce(sum(debit - credit) FILTER (l.kind IS NULL), 0) AS t
            FROM lines l LEFT JOIN journals j ON j.code = l.journal
            WHERE l.file = ? AND (l.kind = 'opening' OR l.period = 0 OR j.type = 'O') GROUP BY account)""",
        [file],
    )
    if not told or not bench.row("SELECT count(*) FROM lines WHERE file = ? AND kind = 'opening'", [file])[0]:
        return
    if alike:
        bench.db.execute("DELETE FROM lines WHERE file = ? AND kind = 'opening'", [file])
        bench.note("opening_told_twice", f"{file}: the opening balance repeats opening entries and is left out")
    else:
        bench.note("two_openings", f"{file}: opening balance and opening entries differ; both are kept")


def _decimal(text_: str, file: str) -> Decimal:
    try:
        return Decimal(text_)
    except InvalidOperation:
        raise BadFile(f"a total of the file is {text_!r}, which is no amount", subject=file) from None
