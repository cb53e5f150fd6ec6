"""Connecting, listing dossiers over domains, book years, sessions."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.catalog import package
from connectors.contract import Access
from connectors.sandbox.company import company
from connectors.tokens import MemoryTokenStore
from connectors.yuki import Yuki, open_connector
from connectors.yuki.sandbox import Fault, YukiSandbox
from connectors.yuki.sandbox.operations import DOMAIN
from foundation.errors import AskForAccess, RateLimited, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .landed import Dossier, connect


def operations(sandbox: YukiSandbox) -> list[str]:
    return [operation for operation, _ in sandbox.vendor.asked]


def test_verifying_costs_a_session_and_one_call(connector: Yuki, sandbox: YukiSandbox) -> None:
    connector.verify()
    assert operations(sandbox) == ["Authenticate", "Domains"]
    assert connector.calls == 2


def test_a_refused_key_is_said_once_and_not_shown(sandbox: YukiSandbox, clock: Clock) -> None:
    refused = connect(sandbox, clock, key="5ec7e700-wrong")
    with pytest.raises(SignInAgain, match="reconnect") as error:
        refused.verify()
    assert "5ec7e700" not in str(error.value)
    with pytest.raises(SignInAgain):
        refused.verify()
    assert (operations(sandbox), clock.slept) == (["Authenticate"], [])


def test_administrations_of_every_domain_are_found_and_a_dormant_domain_left_out(connector: Yuki) -> None:
    found = {ref.code: ref for ref in connector.discover()}
    assert list(found) == ["1", "1042", "1007"]
    ours = found["1042"]
    assert (ours.name, ours.vat_number, ours.currency, ours.country) == (
        "Atelier Grand-Livre",
        "BE0403019261",
        "EUR",
        "BE",
    )


def test_a_key_of_one_domain_needs_no_move_to_it(connector: Yuki, sandbox: YukiSandbox) -> None:
    sandbox.vendor.domains = {DOMAIN: "Atelier"}
    assert [ref.code for ref in connector.discover()] == ["1042", "1007"]
    assert operations(sandbox) == ["Authenticate", "Domains", "AdministrationsWithInternalCustomerCode"]


def test_a_key_that_may_not_list_domains_reads_its_own(connector: Yuki, sandbox: YukiSandbox) -> None:
    sandbox.vendor.domains = {DOMAIN: "Atelier"}
    sandbox.knobs.forbidden |= {"Domains", "AdministrationsWithInternalCustomerCode"}
    connector.verify()
    assert [ref.code for ref in connector.discover()] == ["ad000000", "ad000000"]


def test_when_every_domain_is_refused_that_is_said(connector: Yuki, sandbox: YukiSandbox) -> None:
    sandbox.knobs.forbidden |= {"Administrations", "AdministrationsWithInternalCustomerCode"}
    with pytest.raises(AskForAccess, match="no right"):
        list(connector.discover())
    sandbox.knobs.forbidden.add("Domains")
    with pytest.raises(AskForAccess, match="no right"):
        connector.verify()


def test_an_unknown_dossier_is_wrong_input(connector: Yuki) -> None:
    with pytest.raises(WrongInput, match="discover"):
        connector.fiscal_years("ad000000-0000-0000-0000-00000000dead")


@pytest.mark.parametrize("untold", ["empty", "same", "fault"])
@pytest.mark.parametrize("bounds", ["shifted", "exact"])
def test_book_years_are_asked_for_one_by_one(connector: Yuki, sandbox: YukiSandbox, untold: str, bounds: str) -> None:
    sandbox.knobs.untold_year, sandbox.knobs.whole_period = untold, bounds  # type: ignore[assignment]
    found = connector.fiscal_years(sandbox.external_id)
    assert [(y.label, y.start, y.end, y.closed) for y in found] == [
        (y.label, y.start, y.end, None) for y in company("BE").years
    ]


def test_without_bounds_calendar_years_stand_in(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.whole_period = "absurd"
    found = dossier.connector.fiscal_years(sandbox.external_id)
    assert [(year.start, year.end) for year in found] == [
        (date(2023, 7, 1), date(2023, 12, 31)),
        *((date(y, 1, 1), date(y, 12, 31)) for y in (2024, 2025, 2026)),
    ]
    dossier.read()
    assert "assumed_years" in dossier.codes()


def test_a_session_is_kept_between_processes_one_for_each_domain(
    sandbox: YukiSandbox, clock: Clock, connector: Yuki
) -> None:
    tokens = MemoryTokenStore()
    first = connect(sandbox, clock, tokens=tokens)
    list(first.discover())
    given = sandbox.vendor.given
    assert given == 4  # where a session begins, and three domains
    list(connect(sandbox, clock, tokens=tokens).discover())
    assert sandbox.vendor.given == given
    clock.pass_by(hours=21)
    list(connect(sandbox, clock, tokens=tokens).discover())
    assert sandbox.vendor.given == 2 * given
    assert {session.domain for session in sandbox.vendor.sessions.values()} == set(sandbox.vendor.domains)


def test_a_session_that_lapses_in_mid_read_is_replaced_once(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.faults.append(Fault("401", path="GetTransactionDetails", skip=2))
    dossier.read()
    assert dossier.operations().count("Authenticate") == 4  # at first, in two domains until it is found, and again
    assert len(dossier.rows("FROM books.journal_lines")) > 500


def test_the_day_s_limit_parks_until_midnight_and_others_of_the_domain_need_not_ask(
    sandbox: YukiSandbox, clock: Clock
) -> None:
    connector = connect(sandbox, clock)
    connector.fiscal_years(sandbox.external_id)
    sandbox.knobs.faults.append(Fault("429_day"))
    with pytest.raises(RateLimited) as error:
        connector.fiscal_years(sandbox.external_id)
    assert error.value.resume_at is not None
    assert error.value.resume_at.isoformat() == "2026-11-25T00:00:00+00:00"
    asked = len(sandbox.vendor.asked)
    with pytest.raises(RateLimited):
        connector.fiscal_years(sandbox.external_id)
    assert len(sandbox.vendor.asked) == asked


def test_more_calls_a_day_can_be_set(sandbox: YukiSandbox, clock: Clock) -> None:
    few = connect(sandbox, clock, calls_per_day="12")
    for _ in range(11):
        few.verify()
    with pytest.raises(RateLimited):
        few.verify()
    assert (few.calls, sandbox.vendor.over_limit) == (12, 0)
    with pytest.raises(WrongInput, match="calls_per_day"):
        connect(sandbox, clock, calls_per_day="many")


def test_the_catalog_opens_this_room() -> None:
    row = package("yuki")
    settings = row.complete_settings({})
    assert settings == {"base_url": "https://api.yukiworks.be"}
    opened = row.load_room().open_connector(Access("yuki", settings, {"access_key": Secret("k")}))
    assert opened.calls == 0
    with pytest.raises(WrongInput, match="access_key"):
        open_connector(Access("yuki", settings, {}))
