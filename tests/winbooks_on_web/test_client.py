"""Signing in, which folders there are, and their book years."""

from __future__ import annotations

import pytest

from connectors.contract import DossierRef, ExtractRequest
from connectors.tokens import MemoryTokenStore
from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox
from connectors.winbooks_on_web.sandbox.vendor import EMPTY, FOLDER, FORBIDDEN
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from tests.landed import Clock

from .landed import asked, connect


def test_one_exchange_serves_the_next_process(sandbox: WinBooksOnWebSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    connect(sandbox, clock, tokens=tokens).verify()
    connect(sandbox, clock, tokens=tokens).verify()
    assert sandbox.vendor.given == ["exchange_token"]
    assert set(tokens.read()) == {"access_token", "refresh_token", "issued_at", "expires_at"}


def test_a_token_is_renewed_before_it_runs_out_and_its_successor_is_kept(
    sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    tokens = MemoryTokenStore()
    connector = connect(sandbox, clock, tokens=tokens)
    for _ in range(3):
        connector.verify()
        clock.pass_by(seconds=880)
    assert sandbox.vendor.given == ["exchange_token", "refresh_token", "refresh_token"]
    assert tokens.read()["refresh_token"] in sandbox.vendor.refresh_tokens
    assert tokens.saved == 3


@pytest.mark.parametrize("told", [None, "for a while", 86_400])
def test_a_lifetime_that_is_not_told_or_not_kept_is_found_out(
    sandbox: WinBooksOnWebSandbox, clock: Clock, told: str | int | None
) -> None:
    sandbox.knobs.expires_in = told
    connector = connect(sandbox, clock)
    for _ in range(3):
        connector.verify()
        clock.pass_by(seconds=901)
    assert sandbox.vendor.given == ["exchange_token", "refresh_token", "refresh_token"]


def test_where_the_refresh_token_is_lost_the_exchange_token_is_tried_again(
    sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    connector = connect(sandbox, clock)
    connector.verify()
    sandbox.vendor.refresh_tokens.clear()
    clock.pass_by(seconds=901)
    connector.verify()
    assert sandbox.vendor.given == ["exchange_token"] * 2


def test_a_revoked_token_is_told_once_and_never_shown(sandbox: WinBooksOnWebSandbox, clock: Clock) -> None:
    connector = connect(sandbox, clock, exchange_token="wr0ng-t0ken")
    calls = asked(sandbox, "/OAuth20/Token")
    for _ in range(3):
        with pytest.raises(SignInAgain, match="External applications") as refusal:
            connector.verify()
        assert "wr0ng-t0ken" not in str(refusal.value)
    assert calls() == 1


def test_without_a_folder_a_kept_token_is_proven_by_another(sandbox: WinBooksOnWebSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    connect(sandbox, clock, tokens=tokens, folders="").verify()
    assert sandbox.vendor.given == ["exchange_token"]
    connect(sandbox, clock, tokens=tokens, folders="").verify()
    assert sandbox.vendor.given == ["exchange_token", "refresh_token"]


def test_discover_lists_the_folders_that_open(sandbox: WinBooksOnWebSandbox, clock: Clock) -> None:
    folders = f" {FOLDER} = Atelier Grand-Livre ;{EMPTY}; {FORBIDDEN}=Dicht; NOPE;"
    found = list(connect(sandbox, clock, folders=folders, country="LU").discover())
    assert found == [
        DossierRef(FOLDER, FOLDER, "Atelier Grand-Livre", currency="EUR", country="LU"),
        DossierRef(EMPTY, EMPTY, EMPTY, currency="EUR", country="LU"),
    ]
    assert list(connect(sandbox, clock, folders="").discover()) == []


def test_book_years_are_fiscal_years_also_of_a_folder_that_is_not_listed(
    sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    connector = connect(sandbox, clock, folders="")
    years = connector.fiscal_years(FOLDER)
    assert [(y.label, y.start, y.end) for y in years] == [
        (y.label, y.start, y.end) for y in sandbox.vendor.books.company.years
    ]
    assert {y.closed for y in years} == {None}
    assert connector.fiscal_years(EMPTY) == []


@pytest.mark.parametrize(
    ("folder", "status", "error"),
    [("NOPE", 404, WrongInput), ("NOPE", 400, WrongInput), ("NOPE", 401, AskForAccess), (FORBIDDEN, 404, AskForAccess)],
)
def test_a_folder_that_does_not_open_is_told_by_name(
    sandbox: WinBooksOnWebSandbox, connector: WinBooksOnWeb, folder: str, status: int, error: type[Exception]
) -> None:
    sandbox.knobs.refusal_of_folder = status
    with pytest.raises(error, match=folder):
        connector.fiscal_years(folder)
    assert connector.fiscal_years(FOLDER), "the sign-in is as good as it was"


def test_a_folder_without_a_name_is_refused_before_any_call(connector: WinBooksOnWeb) -> None:
    with pytest.raises(WrongInput, match="no folder"):
        list(connector.extract(ExtractRequest(" ")))
    assert connector.calls == 0
