"""From the vendor's fields to the books: names, signs, currencies, kinds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.octopus import Octopus
from connectors.octopus.sandbox import OctopusSandbox
from connectors.sandbox.company import company
from tests.landed import Clock, Landed, books

from .landed import connect, expected, read, told

COMPANY = company("BE", entries_per_month=2)


def one(connector: Octopus, landed: Landed, sql: str) -> tuple[object, ...]:
    found = books(connector, landed).execute(sql).fetchall()
    assert len(found) == 1
    return found[0]


def test_lines_carry_debit_or_credit_currency_due_date_and_party(connector: Octopus, sandbox: OctopusSandbox) -> None:
    line = next(line for line in COMPANY.lines if line.party == "USCORP" or line.party == "SMITHCO")
    found = one(
        connector,
        read(connector),
        "SELECT debit, credit, currency, amount_currency, due_date, period, journal, counterparty, description "
        f"FROM books.journal_lines WHERE document = '{line.document}' AND line_no = {line.line_no} "
        f"AND fiscal_year = '{line.year}'",
    )
    relation = str(sandbox.vendor.books.relation(line.party or ""))
    assert found == (
        line.amount,
        Decimal(0),
        line.currency,
        line.amount_currency,
        line.due_date,
        line.period,
        "V1",
        relation,
        line.description,
    )


def test_relations_tell_who_they_are(connector: Octopus, sandbox: OctopusSandbox) -> None:
    rows = books(connector, read(connector)).execute("SELECT * FROM books.counterparties").fetchall()
    assert rows[0] == ("11", "Dupont & Fils SRL", "customer", "BE0403170701", "BE", None)
    assert len(rows) == len(COMPANY.parties)


def test_an_account_has_the_name_of_the_latest_bookyear_in_a_language_that_it_has(connector: Octopus) -> None:
    landed = read(connector)
    rows = dict(books(connector, landed).execute("SELECT number, name FROM books.accounts").fetchall())
    assert rows == {account.number: account.name for account in COMPANY.accounts}


def test_names_come_in_the_language_of_the_connection(sandbox: OctopusSandbox, clock: Clock) -> None:
    french = connect(sandbox, clock, locale_id="1")
    landed = read(french)
    accounts = landed.tables["accounts"].to_pylist()
    landed.tables["accounts"] = landed.tables["accounts"].from_pylist(
        [row | {"description_NL": "Nederlands"} for row in accounts], schema=landed.tables["accounts"].schema
    )
    assert one(french, landed, "SELECT name FROM books.accounts WHERE number = '550000'") == ("Banque EUR",)
    dutch = connect(sandbox, clock)
    assert one(dutch, landed, "SELECT name FROM books.accounts WHERE number = '550000'") == ("Nederlands",)


def test_only_what_an_opening_journal_holds_on_a_first_day_is_an_opening(connector: Octopus) -> None:
    db = books(connector, read(connector))
    rows = db.execute("SELECT DISTINCT journal, fiscal_year, period_kind FROM books.journal_lines").fetchall()
    assert [row for row in rows if row[2] == "opening"] == [("D2", "2024", "opening")]
    kinds = dict(db.execute("SELECT code, type FROM books.journals").fetchall())
    assert kinds == {"A1": "purchase", "V1": "sales", "V2": "sales", "F1": "bank", "D1": "general", "D2": "opening"}


@pytest.mark.parametrize("cumulative", [False, True])
@pytest.mark.parametrize("carries_over", [False, True])
def test_balances_are_read_as_movements_whatever_they_turn_out_to_be(
    connector: Octopus, sandbox: OctopusSandbox, cumulative: bool, carries_over: bool
) -> None:
    sandbox.knobs.cumulative = sandbox.knobs.keys_as_objects = cumulative
    sandbox.knobs.carries_over = carries_over
    rows = books(connector, read(connector)).execute(
        "SELECT fiscal_year, account, sum(debit - credit) FROM books.trial_balances GROUP BY ALL"
    )
    moved = {(year, account): amount for year, account, amount in rows.fetchall() if amount}
    wanted = {key: row["debit"] - row["credit"] for key, row in COMPANY.balances().items()}
    assert moved == {key: amount for key, amount in wanted.items() if amount}


def test_balances_that_lack_a_line_differ_and_are_not_talked_away(connector: Octopus, sandbox: OctopusSandbox) -> None:
    sandbox.knobs.missing_lines = 3
    db = books(connector, read(connector))
    rows = db.execute(
        "SELECT count(*) FROM (SELECT fiscal_year, period, account, sum(debit - credit) AS amount "
        "FROM books.trial_balances GROUP BY ALL) t FULL JOIN (SELECT fiscal_year, period, account, "
        "sum(debit - credit) AS amount FROM books.journal_lines WHERE period_kind = 'normal' GROUP BY ALL) l "
        "USING (fiscal_year, period, account) WHERE coalesce(t.amount, 0) <> coalesce(l.amount, 0)"
    ).fetchall()
    assert rows[0][0] >= 3


def test_records_without_keys_and_unknown_fields_do_no_harm(connector: Octopus, sandbox: OctopusSandbox) -> None:
    sandbox.knobs.keyless_records = sandbox.knobs.unknown_fields = True
    landed = read(connector)
    assert {note.code for note in landed.notes} == {"keyless_accounts", "keyless_relations"}
    assert told(connector, landed) == expected(COMPANY)
