"""The sandbox company corrected by entries of their own is the one that is changed and deleted, told otherwise."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from connectors.sandbox.company import company


@pytest.mark.parametrize("revision", [0, 1, 2])
def test_corrections_by_entries_end_with_the_same_balances(revision: int) -> None:
    plain, corrected = company("BE", revision), company("BE", revision, corrects_by_entries=True)
    assert {key: row["closing"] for key, row in corrected.balances().items()} == {
        key: row["closing"] for key, row in plain.balances().items()
    }


def test_what_is_corrected_by_entries_is_neither_changed_nor_deleted() -> None:
    looks = [company("BE", revision, corrects_by_entries=True) for revision in range(3)]
    for before, after in pairwise(looks):
        booked = {line for line in before.lines if line.kind == "normal"}
        assert booked < set(after.lines)
        assert after.deleted == ()
    entries: dict[int, Decimal] = {}
    for line in looks[1].lines:
        entries[line.entry] = entries.get(line.entry, Decimal(0)) + line.amount
    assert set(entries.values()) == {0}
