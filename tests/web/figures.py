"""What people read on the pages of a dossier's figures, and programs over the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lxml import html

from connectors.catalog import package
from connectors.sandbox.company import Company
from connectors.sandbox.stage import company_of
from tests.web.stage import Person, Stage

PAGES = ("trust", "accounts", "changes", "years", "history")
RIGHT = {
    "label": "2025",
    "start": "2025-01-01",
    "end": "2025-11-30",
    "why": "year end moved",
    "move_neighbours": "true",
}
"""The form of a correction that can be."""


def page(person: Person, path: str) -> Any:
    answer = person.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return html.fromstring(answer.text)


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


def balances(tree: Any) -> dict[str, list[str]]:
    """The cells of each account of the trial balance, as people read them."""
    table = tree.xpath("//section[@aria-labelledby='balance']//table")[0]
    return {words(row.find("th")): [words(cell) for cell in row.findall("td")] for row in table.xpath("tbody/tr[th]")}


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def accounts(person: Person, dossier: str) -> list[dict[str, Any]]:
    return person.api("GET", f"/dossiers/{dossier}/accounts").json()["accounts"]


def told() -> Company:
    return company_of(package("verocount"))


def figures(person: Person, dossier: str, what: str, **asked: str) -> Any:
    answer = person.api("GET", f"/dossiers/{dossier}/{what}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def deeds(stage: Stage, dossier: str) -> list[tuple[str, str]]:
    found = stage.house.registry.deeds(stage.people["Demo", "support"].firm_id, subject=dossier)
    return [(deed.what, deed.who) for deed in found]
