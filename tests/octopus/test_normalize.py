"""From the vendor's fields to the books: names, signs, currencies, kinds."""

from __future__ import annotations

from decimal import Decimal

from connectors.octopus import Octopus
from connectors.octopus.sandbox import OctopusSandbox
from connectors.sandbox.company import company

from .landed import Clock, Landed, books, connect, expected, read, told

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


def test_balances_are_compared_whether_they_are_movements_or_stand_at_the_end(
    connector: Octopus, sandbox: OctopusSandbox
) -> None:
    query = "SELECT * FROM books.trial_balances ORDER BY ALL"
    moved = books(connector, read(connector)).execute(query).fetchall()
    sandbox.knobs.cumulative = sandbox.knobs.keys_as_objects = True
    assert books(connector, read(connector)).execute(query).fetchall() == moved
    summed: dict[tuple[str, str], Decimal] = {}
    for year, _, account, _, debit, credit, _ in moved:
        summed[year, account] = summed.get((year, account), Decimal(0)) + debit - credit
    for (year, account), row in COMPANY.balances().items():
        assert summed.get((year, account), Decimal(0)) == row["debit"] - row["credit"]


def test_records_without_keys_and_unknown_fields_do_no_harm(connector: Octopus, sandbox: OctopusSandbox) -> None:
    sandbox.knobs.keyless_records = sandbox.knobs.unknown_fields = True
    landed = read(connector)
    assert {note.code for note in landed.notes} == {"keyless_accounts", "keyless_relations"}
    assert told(connector, landed) == expected(COMPANY)
