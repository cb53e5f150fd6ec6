"""What the connector tells of connections, companies and years, before any books are read."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from connectors.contract import DossierRef, ExtractRequest
from connectors.odoo import Odoo
from connectors.odoo.sandbox import Knobs, OdooSandbox, open_sandbox
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from tests.landed import Clock

from .conftest import SMALL
from .landed import connect

PROTOCOLS = ("json-2", "json-rpc", "xml-rpc")


def test_every_company_that_the_user_sees_is_a_dossier(connector: Odoo) -> None:
    found = list(connector.discover())
    assert [ref.external_id for ref in found] == ["1", "4", "5", "6"]
    assert found[1] == DossierRef("4", "4", SMALL.name, SMALL.vat_number, "EUR", "BE")
    assert found[0].vat_number is None


def test_verifying_costs_two_calls(connector: Odoo, sandbox: OdooSandbox) -> None:
    connector.verify()
    assert connector.calls == sandbox.calls == 2  # the version, and who the user is


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_key_asks_for_another(sandbox: OdooSandbox, clock: Clock, protocol: str) -> None:
    connector = connect(sandbox, clock, protocol=protocol, api_key="a-wrong-key-1234")
    with pytest.raises(SignInAgain, match="reconnect") as raised:
        connector.verify()
    assert "a-wrong-key-1234" not in str(raised.value)
    assert clock.slept == []
    assert sandbox.calls <= 2
    connector.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_database_is_named(sandbox: OdooSandbox, clock: Clock, protocol: str) -> None:
    connector = connect(sandbox, clock, protocol=protocol, database="elsewhere")
    with pytest.raises(WrongInput, match="database"):
        connector.verify()
    assert clock.slept == []
    connector.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_user_without_accounting_rights_is_told_which(sandbox: OdooSandbox, clock: Clock, protocol: str) -> None:
    sandbox.knobs.accounting_rights = False
    connector = connect(sandbox, clock, protocol=protocol)
    with pytest.raises(AskForAccess, match="Accounting: Auditor"):
        list(connector.extract(ExtractRequest("4")))
    connector.close()


def test_a_company_that_is_not_seen_and_one_that_is_none_are_wrong_input(connector: Odoo) -> None:
    for external_id in ("9", "77", "x"):
        with pytest.raises(WrongInput, match="compan"):
            connector.fiscal_years(external_id)
        with pytest.raises(WrongInput, match="compan"):
            list(connector.extract(ExtractRequest(external_id)))


def test_a_protocol_that_is_none_and_one_that_is_too_new_are_refused(sandbox: OdooSandbox, clock: Clock) -> None:
    with pytest.raises(WrongInput, match="json-rpc"):
        connect(sandbox, clock, protocol="soap")
    with open_sandbox("odoo", SMALL, knobs=Knobs(version=17), now=clock) as older:
        connector = connect(older, clock, protocol="json-2")
        with pytest.raises(WrongInput, match="protocol"):
            connector.verify()
        connector.close()


def test_without_records_years_follow_from_the_year_end(clock: Clock) -> None:
    with open_sandbox("odoo", SMALL, knobs=Knobs(year_records=False), now=clock) as sandbox:
        connector = connect(sandbox, clock)
        assert [(y.label, y.start, y.closed) for y in connector.fiscal_years("4")] == [
            ("2023", date(2023, 1, 1), True),
            ("2024", date(2024, 1, 1), True),
            ("2025", date(2025, 1, 1), True),
            ("2026", date(2026, 1, 1), False),
        ]
        connector.close()


def test_years_reach_from_the_first_entry_to_the_last_one_in_the_future(connector: Odoo, sandbox: OdooSandbox) -> None:
    sandbox.vendor.books.add_entry("2028-02-02", [("604000", "10.00"), ("440000", "-10.00")])
    assert [year.label for year in connector.fiscal_years("4")][-2:] == ["2027", "2028"]


def test_a_company_without_entries_has_the_present_year(connector: Odoo) -> None:
    assert [(year.label, year.start) for year in connector.fiscal_years("6")] == [("2026", date(2026, 1, 1))]


def test_names_come_in_the_user_s_language_or_the_one_set(sandbox: OdooSandbox, clock: Clock) -> None:
    for given, asked in (({}, "fr_BE"), ({"lang": "nl_BE"}, "nl_BE")):
        connector = connect(sandbox, clock, **given)
        connector.fiscal_years("4")
        assert f'"lang": "{asked}"' in sandbox.vendor.requests[-1]
        connector.close()


def test_the_day_on_which_the_key_lapses_is_kept_where_it_is_told(sandbox: OdooSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    connector = connect(sandbox, clock, tokens=tokens, api_key_expires="2027-02-01")
    connector.verify()
    assert tokens.read()["consent_expires_at"] == datetime(2027, 2, 1, tzinfo=UTC).isoformat()
    connector.close()
    with pytest.raises(WrongInput, match="api_key_expires"):
        connect(sandbox, clock, api_key_expires="soon").verify()
