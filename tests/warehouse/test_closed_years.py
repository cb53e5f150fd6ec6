"""A closed year is told under the codes that it was closed with, until a person says otherwise or it opens again."""

from __future__ import annotations

from connectors.sandbox.company import company
from tests.warehouse.conftest import Ledger
from warehouse.bench import MappingRule, Workbench

FEES = "613200"
RULE = MappingRule("dossier", "exact", FEES, "X23")
REACHING = MappingRule("dossier", "exact", FEES, "X23", closed_years=True)


def closed(*labels: str):  # type: ignore[no-untyped-def]
    """Books in which exactly these years are closed."""

    def spoil(bench: Workbench) -> None:
        bench.db.execute("UPDATE books.fiscal_years SET closed = list_contains(?, label)", [list(labels)])

    return spoil


def codes(ledger: Ledger) -> dict[object, object]:
    """The code of the fees account in each year, as every report tells it."""
    found = {
        view: dict(ledger.rows(f"SELECT DISTINCT fiscal_year, common_code FROM ledger.{view} WHERE account = ?", FEES))
        for view in ("trial_balance_year", "trial_balance", "general_ledger")
    }
    assert found["trial_balance"] == found["general_ledger"] == found["trial_balance_year"]
    return found["trial_balance_year"]


def test_a_year_that_closes_under_our_eyes_keeps_its_codes(ledger: Ledger) -> None:
    ledger.load(company(), spoil=closed("2024"))
    ledger.load(company(), sync="s2", spoil=closed("2024", "2025"))
    ledger.load(company(), sync="s3", spoil=closed("2024", "2025"), rules=(RULE,))
    # 2024 was closed before anybody looked: nothing tells what it was closed with.
    assert codes(ledger) == {"2024": "X23", "2025": "X20", "2026": "X23"}
    ledger.load(company(), sync="s4", spoil=closed("2024", "2025"), rules=(RULE,))
    assert codes(ledger)["2025"] == "X20", "and keeps them at every later sync"


def test_a_rule_for_closed_years_reaches_them_and_can_be_taken_back(ledger: Ledger) -> None:
    ledger.load(company(), spoil=closed("2024"))
    ledger.load(company(), sync="s2", spoil=closed("2024", "2025"))
    ledger.load(company(), sync="s3", spoil=closed("2024", "2025"), rules=(REACHING,))
    assert codes(ledger) == {"2024": "X23", "2025": "X23", "2026": "X23"}
    ledger.load(company(), sync="s4", spoil=closed("2024", "2025"))
    assert codes(ledger) == {"2024": "X20", "2025": "X20", "2026": "X20"}
    ledger.load(company(), sync="s5", spoil=closed("2024", "2025"), rules=(RULE,))
    assert codes(ledger)["2025"] == "X20", "it was closed with X20, whatever reached it in between"


def test_a_year_that_opens_again_follows_the_mapping_in_force(ledger: Ledger) -> None:
    ledger.load(company(), spoil=closed("2024"))
    ledger.load(company(), sync="s2", spoil=closed("2024", "2025"))
    ledger.load(company(), sync="s3", spoil=closed("2024"), rules=(RULE,))
    assert codes(ledger)["2025"] == "X23"
    assert ledger.rows("SELECT * FROM ledger.year_mapping") == []


def test_frozen_codes_change_no_total(ledger: Ledger) -> None:
    ledger.load(company(), spoil=closed("2024"))
    before = ledger.rows("SELECT fiscal_year, sum(amount) FROM ledger.income_statement GROUP BY 1 ORDER BY 1")
    ledger.load(company(), sync="s2", spoil=closed("2024", "2025"))
    ledger.load(company(), sync="s3", spoil=closed("2024", "2025"), rules=(RULE,))
    assert ledger.rows("SELECT fiscal_year, sum(amount) FROM ledger.income_statement GROUP BY 1 ORDER BY 1") == before
    assert ledger.rows("SELECT DISTINCT sum(amount) FROM ledger.balance_sheet GROUP BY fiscal_year") == [(0,)]
