"""One company, told alike by every version and protocol."""

from __future__ import annotations

import pytest

from connectors.odoo.sandbox import Knobs, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock, books

from .conftest import SMALL
from .landed import connect, read, standing_lines, told_lines

EVERY_WAY = [
    *((version, "json-rpc") for version in range(14, 20)),
    *((version, "xml-rpc") for version in (14, 17, 19)),
    (19, "json-2"),
]


@pytest.mark.parametrize(("version", "protocol"), EVERY_WAY)
def test_every_version_and_protocol_tells_the_same_books(clock: Clock, version: int, protocol: str) -> None:
    with open_sandbox("odoo", SMALL, knobs=Knobs(version=version), now=clock) as sandbox:
        connector = connect(sandbox, clock, protocol=protocol)
        assert connector.fiscal_years("4") == [
            *(type(year)("Premier exercice", year.start, year.end, closed=True) for year in SMALL.years[:1]),
            *SMALL.years[1:],
        ]
        db = books(connector, read(connector))
        assert told_lines(db) == standing_lines(sandbox)
        accounts = {
            number: (name, kind, package_type, active)
            for number, name, kind, package_type, active in db.execute(
                "SELECT number, name, type, package_type, active FROM books.accounts"
            ).fetchall()
        }
        assert accounts.keys() == {account.number for account in SMALL.accounts}
        for account in SMALL.accounts:
            assert accounts[account.number][:2] == (account.name, account.kind)
            assert accounts[account.number][3] == account.active
        numbers = SMALL.numbers
        assert accounts[numbers["customers"]][2] == "O:asset_receivable"
        assert accounts[numbers["purchases"]][2] == "O:expense_direct_cost"
        assert db.execute("FROM books.carried_result").fetchall() == [(numbers["result_brought_forward"],)]
        connector.close()


@pytest.mark.parametrize(("version", "path"), [(19, "/json/2/"), (18, "/jsonrpc"), (14, "/jsonrpc")])
def test_the_protocol_follows_the_server_s_version(clock: Clock, version: int, path: str) -> None:
    with open_sandbox("odoo", SMALL, knobs=Knobs(version=version), now=clock) as sandbox:
        connector = connect(sandbox, clock)
        connector.verify()
        signed_in_apart = "common authenticate" in sandbox.vendor.requests
        assert signed_in_apart == (path == "/jsonrpc")
        connector.close()


@pytest.mark.parametrize("protocol", ["json-rpc", "xml-rpc"])
def test_later_changes_arrive_by_the_older_protocols_too(clock: Clock, protocol: str) -> None:
    with open_sandbox("odoo", SMALL, knobs=Knobs(version=17), now=clock) as sandbox:
        connector = connect(sandbox, clock, protocol=protocol)
        first = read(connector)
        assert read(connector, first).unchanged
        sandbox.show(company("BE", 2, 2))
        later = read(connector, first)
        assert told_lines(books(connector, later)) == standing_lines(sandbox)
        connector.close()
