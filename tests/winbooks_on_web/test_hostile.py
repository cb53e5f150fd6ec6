"""Answers that are no answers: circles, other shapes, a list that is called otherwise, refusals that pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.sandbox.vendor import Answer, Request
from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox
from connectors.winbooks_on_web.sandbox.vendor import FOLDER
from foundation.errors import ReportABug, VendorDown, WrongInput
from tests.landed import Clock

from .landed import connect, expected, read, told
from .test_reading import REVISIONS


def answering(sandbox: WinBooksOnWebSandbox, part: str, answer: Callable[[Answer], Answer]) -> None:
    """From now on what is asked with ``part`` is answered otherwise."""
    vendor = sandbox.vendor
    honest = vendor.answer

    def other(request: Request) -> Answer:
        found = honest(request)
        return answer(found) if part in request.target + request.body.decode() else found

    vendor.answer = other


def test_parts_that_run_in_a_circle_end(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    answering(sandbox, "BookYears", lambda found: Answer(200, found.body, headers={"ContinuePath": "0.0"}))
    with pytest.raises(VendorDown, match="circle"):
        connector.fiscal_years(FOLDER)
    assert connector.calls < 6


def test_a_window_that_is_told_again_and_again_ends(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    first: list[bytes] = []
    answering(
        sandbox,
        '"MaxResult":100',
        lambda found: Answer(200, (first.append(found.body) or first)[0]),  # type: ignore[func-returns-value]
    )
    with pytest.raises(VendorDown, match="again and again"):
        read(connector)


@pytest.mark.parametrize("body", [b"null", b'{"Message":"An error has occurred."}', b"", b'[{"Id":"a"'])
def test_what_is_no_list_is_asked_for_again_and_then_told(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, body: bytes
) -> None:
    answering(sandbox, "GLAccounts", lambda found: Answer(200, body))
    with pytest.raises(VendorDown, match="something else than data"):
        read(connector)


def test_a_date_that_is_none_is_told(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    sandbox.vendor.books.rows["GLTransHeader"][0]["BookDate"] = "soon"
    with pytest.raises(ReportABug, match="BookDate"):
        read(connector)


def test_a_list_of_lines_that_is_called_otherwise_is_named_by_the_setting(
    sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    vendor = sandbox.vendor
    honest = vendor.answer

    def renamed(request: Request) -> Answer:
        place = request.target.replace("/GLTranss/", "/NoSuchList/").replace("/GLTrans/", "/GLTranss/")
        return honest(Request(request.method, place, request.headers, request.body))

    vendor.answer = renamed
    with pytest.raises(WrongInput, match="does not answer this question"):
        read(connect(sandbox, clock))
    connector = connect(sandbox, clock, gltrans="GLTrans")
    assert told(connector, read(connector)) == expected(REVISIONS[0])


def test_the_vendor_s_words_are_told_where_it_has_some(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    answering(sandbox, "BookYears", lambda found: Answer(400, b'{"Message":"Le dossier est verrouill\xc3\xa9"}'))
    with pytest.raises(WrongInput, match="Le dossier est verrouillé"):
        connector.fiscal_years(FOLDER)
