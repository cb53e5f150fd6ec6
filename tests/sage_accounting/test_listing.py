"""Pages: their sizes and ends, rows that come and go meanwhile, and pages that the vendor fails to tell."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from connectors.contract import ExtractRequest
from connectors.sage_accounting import SageAccounting
from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sandbox.vendor import Fault
from foundation.errors import VendorDown
from tests.landed import Clock
from tests.reader import Reader, company_sums

from .landed import asked, told


def fill(sandbox: SageSandbox, total: int) -> None:
    """Books entries until there are ``total``."""
    books = sandbox.vendor.books
    for number in range(total - len(books.entries)):
        books.post(date(2026, 1, 1) + timedelta(days=number % 300), [("bank", "0.00")], at=books.now())


@pytest.mark.parametrize("total", [799, 800, 801, 1000])
@pytest.mark.parametrize("tell_next", [True, False])
def test_a_list_comes_whole_whatever_its_length(
    reader: Reader, sandbox: SageSandbox, total: int, *, tell_next: bool
) -> None:
    fill(sandbox, total)
    sandbox.knobs.tell_next = tell_next
    reader.read()
    assert reader.rows("SELECT count(DISTINCT id) FROM landed.ledger_entries") == [(total,)]
    pages = [each for each in asked(sandbox, "ledger_entries") if "items_per_page=200" in each and "since" not in each]
    assert len(pages) == -(-total // 200), "no page beyond the end is asked for"
    assert reader.sums() == company_sums(told())


def test_what_is_booked_while_pages_are_read_is_there_in_the_end(reader: Reader, sandbox: SageSandbox) -> None:
    def book(path: str, page: int) -> None:
        if path == "/ledger_entries" and page == 2:
            sandbox.knobs.while_paging = None
            sandbox.vendor.books.post(date(2026, 12, 31), [("fees", "10.00"), ("bank", "-10.00")], reference="NEW")

    sandbox.knobs.while_paging = book
    reader.read()
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE document = 'NEW'") == [(2,)]
    assert reader.rows("SELECT count(*) - count(DISTINCT line_key) FROM books.journal_lines") == [(0,)]


@pytest.mark.parametrize("hides_deleted", [True, False])
@pytest.mark.parametrize("gone", [1, 3, 201])
def test_what_is_deleted_while_pages_are_read_hides_no_other(
    reader: Reader, sandbox: SageSandbox, gone: int, *, hides_deleted: bool
) -> None:
    books = sandbox.vendor.books
    fill(sandbox, 1100)
    sandbox.knobs.hides_deleted = hides_deleted
    latest = sorted(books.entries.values(), key=lambda entry: (entry.day, entry.id), reverse=True)

    def delete(path: str, page: int) -> None:
        if path == "/ledger_entries" and page == 4:
            sandbox.knobs.while_paging = None
            for entry in latest[:gone]:
                books.delete(entry.id)

    sandbox.knobs.while_paging = delete
    reader.read()
    standing = {entry.id for entry in books.entries.values() if not entry.deleted}
    assert {key for (key,) in reader.rows("SELECT line_key FROM books.journal_lines")} == standing


def test_a_row_that_no_page_of_many_can_tell_is_read_alone(reader: Reader, sandbox: SageSandbox, clock: Clock) -> None:
    sandbox.knobs.poisoned = {list(sandbox.vendor.books.entries)[300]}
    reader.read()
    assert reader.sums() == company_sums(told())
    sizes = Counter(each.partition("items_per_page=")[2].partition("&")[0] for each in asked(sandbox, "attributes=all"))
    assert sizes["1"] <= 20
    assert sizes["20"] <= 9 + 5
    assert sum(clock.slept) < 60


def test_a_row_that_cannot_be_told_at_all_is_no_reason_to_go_on_without(
    connector: SageAccounting, sandbox: SageSandbox
) -> None:
    sandbox.knobs.faults = [Fault("500", path="page=2", times=-1)]
    with pytest.raises(VendorDown, match="500"):
        list(connector.extract(ExtractRequest(sandbox.external_id)))


def test_a_page_that_is_cut_is_fetched_again(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.knobs.faults = [Fault(kind, path="ledger_entries", skip=2) for kind in ("truncated", "html", "cut")]
    reader.read()
    assert reader.sums() == company_sums(told())
    assert [fault.times for fault in sandbox.knobs.faults] == [0, 0, 0]
