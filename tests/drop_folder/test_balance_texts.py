"""The balances of annual-accounts software: First (TAB) and Accon (fixed width)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import BadFile
from tests.drop_folder.folders import YEARS, Read, fill, read

BALANCES = {"100000": Decimal("-1000.00"), "400000": Decimal("121.00"), "5500000000": Decimal("879.00")}


def accon(balances: dict[str, Decimal], *, width: int = 12) -> str:
    rows = []
    for account, balance in balances.items():
        debit, credit = max(balance, Decimal(0)), max(-balance, Decimal(0))
        rows.append(f"{account:<{width}}{debit:>15.2f}{credit:>15.2f}{'Rekening ' + account:<30}")
    return "\r\n".join(rows) + "\r\n"


def totals(folder: Path, text: str, name: str = "balans_2024.accon.txt") -> Read:
    return read(fill(folder / "0123", {"fiscal_years.csv": YEARS, name: text}), totals_only=True)


@given(
    told=st.dictionaries(
        st.from_regex(r"[1-7]\d{2,9}", fullmatch=True), st.decimals("-99999999.99", "99999999.99", places=2), min_size=1
    ),
    width=st.integers(10, 20),
)
@settings(max_examples=25, deadline=None)
def test_fixed_width_is_read_whatever_the_width_of_accounts(
    told: dict[str, Decimal], width: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = {**told, "8": -sum(told.values(), Decimal(0))}
    found = totals(tmp_path_factory.mktemp("accon"), accon(told, width=width))
    assert dict(found.rows("SELECT account, closing FROM books.trial_balances")) == told
    assert found.value("SELECT name FROM books.accounts WHERE number = '8'") == "Rekening 8"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (accon(BALANCES).replace("121.00", "121,00"), "line 2 is not an account"),
        (accon(BALANCES).replace(" 121.00", "121.00"), "line 2 is not an account"),
        (accon(BALANCES) + "Totaal\r\n", "line 4 is not an account"),
        (accon({**BALANCES, "6": Decimal(1)}), r"add up to 1\.00 instead of 0"),
    ],
)
def test_what_is_no_such_text_is_refused_with_its_line(text: str, cause: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=cause) as refused:
        totals(tmp_path, text)
    assert "balans_2024.accon.txt" in str(refused.value)


def test_both_texts_tell_the_same(tmp_path: Path) -> None:
    first = "".join(
        f"{account}\tRekening {account}\t{max(balance, 0):.2f}\t{max(-balance, 0):.2f}\n".replace(".", ",")
        for account, balance in BALANCES.items()
    )
    found = [
        totals(tmp_path / name, text, f"balans_2024.{name}.txt").rows(
            "SELECT account, closing FROM books.trial_balances"
        )
        for name, text in (("accon", accon(BALANCES)), ("first", first))
    ]
    assert sorted(found[0]) == sorted(found[1]) == sorted(BALANCES.items())
