from __future__ import annotations

from decimal import Decimal

import pytest

from portal import output


def test_numbers_stand_to_the_right_also_where_some_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"name": "a", "amount": Decimal("1234.50"), "open": True, "none": None},
        {"name": "b", "amount": None, "open": False, "none": None},
        {"name": "c", "amount": Decimal("7.25"), "open": None, "none": None},
    ]
    output.show(rows, json=False)
    _, first, second, third = (line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert (first.split(), second.split(), third.split()) == (["a", "1234.50", "yes"], ["b", "no"], ["c", "7.25"])
    assert first.index("1234.50") + len("1234.50") == third.index("7.25") + len("7.25")
    assert first.index("yes") == second.index("no"), "what is no number stands to the left"
