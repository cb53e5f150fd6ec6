"""From landed entries to the books: signs, kinds, parties, currencies, balances."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from connectors.bocount import BoCount
from connectors.bocount.sandbox import BoCountSandbox
from tests.landed import Landed

from .landed import read, rows, told


@pytest.fixture
def landed(connector: BoCount, sandbox: BoCountSandbox) -> Landed:
    return read(connector, sandbox)


def _replaced(landed: Landed, name: str, **columns: list[str] | list[bool]) -> None:
    table = landed.tables[name]
    rows = [
        row | {key: values[n % len(values)] for key, values in columns.items()}
        for n, row in enumerate(table.to_pylist())
    ]
    landed.tables[name] = pa.Table.from_pylist(rows, schema=table.schema)


def test_closing_dates_close_a_year_and_are_told_as_its_last_day(connector: BoCount, landed: Landed) -> None:
    found = rows(
        connector,
        landed,
        "SELECT DISTINCT period_kind, date FROM books.journal_lines WHERE period_kind <> 'normal' ORDER BY 2",
    )
    assert found == [
        ("opening", date(2023, 7, 1)),
        ("closing", date(2024, 12, 31)),
        ("closing", date(2025, 12, 31)),
    ]


def test_closing_dates_are_known_without_a_source_code_and_by_it_alone(connector: BoCount, landed: Landed) -> None:
    query = "SELECT count(*) FROM books.journal_lines WHERE period_kind = 'closing'"
    both = rows(connector, landed, query)
    apart = dict(landed.tables)
    landed.tables = apart | {"details": apart["details"].slice(0, 0)}
    assert rows(connector, landed, query) == both
    landed.tables = apart | {"closing": apart["closing"].slice(0, 0)}
    assert rows(connector, landed, query) == both
    assert both > [(0,)]


def test_a_year_closed_again_is_closed_by_a_further_entry(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.show(told(2))
    books = read(connector, sandbox)
    sums = (
        "SELECT count(DISTINCT entry_key), sum(debit - credit) FILTER (account = '613200') FROM books.journal_lines "
        "WHERE period_kind = 'closing' AND date = '2025-12-31'"
    )
    expected = sum(x.amount for x in told(2).lines if x.kind == "closing" and (x.year, x.account) == ("2025", "613200"))
    assert rows(connector, books, sums) == [(2, expected)]


def test_corrections_keep_their_negative_sides(connector: BoCount, landed: Landed) -> None:
    negative = rows(connector, landed, "SELECT debit, credit FROM books.journal_lines WHERE debit < 0 OR credit < 0")
    assert (Decimal("-121.0000"), Decimal(0)) in negative


def test_a_foreign_currency_has_its_amount_and_vat_its_two_groups(connector: BoCount, landed: Landed) -> None:
    found = rows(
        connector,
        landed,
        "SELECT DISTINCT currency, amount_currency IS NULL FROM books.journal_lines ORDER BY 1 NULLS LAST",
    )
    assert found == [("GBP", False), ("USD", False), (None, True)]
    codes = rows(connector, landed, "SELECT DISTINCT vat_code FROM books.journal_lines ORDER BY 1 NULLS LAST")
    assert codes == [("BI/0",), ("BI/21",), (None,)]


def test_transactions_are_entries_and_balance(connector: BoCount, landed: Landed) -> None:
    off = "SELECT entry_key FROM books.journal_lines GROUP BY 1 HAVING sum(debit - credit) <> 0"
    assert rows(connector, landed, off) == []
    keys = rows(connector, landed, "SELECT count(DISTINCT entry_key) FROM books.journal_lines")
    landed.tables["details"] = landed.tables["details"].slice(0, 0)
    assert rows(connector, landed, off) == []  # by document and date
    openings = [line for line in told(0).lines if line.kind != "opening" or line.year == "2024"]
    assert keys == [(len({line.entry for line in openings}),)]


def test_a_customer_and_a_supplier_of_one_number_stay_apart(connector: BoCount, landed: Landed) -> None:
    landed.tables["vendors"] = pa.concat_tables([landed.tables["vendors"], landed.tables["customers"].slice(0, 1)])
    found = dict(rows(connector, landed, "SELECT code, kind FROM books.counterparties"))
    assert (found["DUPONT/customer"], found["DUPONT/supplier"], found["ELECTRA"]) == (
        "customer",
        "supplier",
        "supplier",
    )
    used = rows(
        connector, landed, "SELECT DISTINCT counterparty FROM books.journal_lines WHERE counterparty LIKE 'DUP%'"
    )
    assert used == [("DUPONT/customer",)]


def test_captions_are_read_encoded_and_plain(connector: BoCount, landed: Landed) -> None:
    query = "SELECT number, type, statement, package_type, heading FROM books.accounts "
    query += "WHERE number IN ('6', '340000', '700000')"
    expected = [
        ("340000", None, "balance", None, False),
        ("6", None, "result", None, True),
        ("700000", "income", "result", "B:Income", False),
    ]
    assert sorted(rows(connector, landed, query)) == expected
    _replaced(landed, "glaccounts", accountCategory=["Cost_x0020_of_x0020_Goods_x0020_Sold"])
    _replaced(landed, "accounts", category=[" "])
    assert rows(connector, landed, "SELECT DISTINCT type FROM books.accounts WHERE NOT heading") == [("expense",)]


def test_without_any_category_the_class_of_the_number_decides(connector: BoCount, landed: Landed) -> None:
    _replaced(landed, "accounts", category=["_x0020_"])
    landed.tables["glaccounts"] = landed.tables["glaccounts"].slice(0, 0)
    found = dict(rows(connector, landed, "SELECT left(number, 1), any_value(statement) FROM books.accounts GROUP BY 1"))
    assert {key for key, value in found.items() if value == "result"} == {"6", "7"}


def test_periods_follow_one_another_in_a_long_year(connector: BoCount, landed: Landed) -> None:
    found = rows(
        connector,
        landed,
        "SELECT fiscal_year, max(period), min(start_date), max(end_date) FROM books.periods GROUP BY 1 ORDER BY 1",
    )
    assert found[0] == ("2024", 18, date(2023, 7, 1), date(2024, 12, 31))


def test_the_opening_from_a_date_is_what_was_booked_before(connector: BoCount, sandbox: BoCountSandbox) -> None:
    books = read(connector, sandbox, since=date(2025, 1, 1))
    found = dict(
        rows(
            connector,
            books,
            "SELECT account, sum(debit - credit) FROM books.journal_lines WHERE period_kind = 'opening' GROUP BY 1",
        )
    )
    opened = {x.account: x.amount for x in told(0).lines if (x.year, x.kind) == ("2025", "opening")}
    assert {account: amount for account, amount in found.items() if amount} == opened


def test_results_of_an_open_year_are_carried_apart_in_lines_and_balances(
    connector: BoCount, sandbox: BoCountSandbox
) -> None:
    """The year before is not closed yet: the package's balances still hold its income and expenses."""
    posted = sandbox.vendor.books.posted
    sandbox.vendor.books.removed |= {e.number for e in posted if e.line.kind == "closing" and e.line.year == "2025"}
    books = read(connector, sandbox, since=date(2026, 1, 1))
    result = sum(
        line.amount
        for line in told(0).lines
        if line.year == "2025" and line.kind == "normal" and line.account[0] in "67"
    )
    opening = "SELECT debit - credit FROM books.journal_lines WHERE account = 'RESULT-CARRIED'"
    assert rows(connector, books, opening) == [(result,)]
    balances = (
        "SELECT opening, closing FROM books.trial_balances WHERE account = 'RESULT-CARRIED' AND fiscal_year = '2026'"
    )
    assert rows(connector, books, balances) == [(result, result)]
    assert rows(connector, books, "SELECT type FROM books.accounts WHERE number = 'RESULT-CARRIED'") == [("equity",)]


def test_amounts_of_trial_balances_lose_their_separators_and_no_cent(connector: BoCount, landed: Landed) -> None:
    texts = landed.tables["trialBalances"].column("totalDebit").to_pylist()
    assert any("," in text for text in texts)
    found = rows(
        connector,
        landed,
        "SELECT sum(debit) FROM books.trial_balances WHERE fiscal_year = '2025' AND account LIKE '4%'",
    )
    lines = [x for x in told(0).lines if x.year == "2025" and x.kind == "normal" and x.account[0] == "4"]
    assert found == [(sum(line.debit for line in lines),)]
