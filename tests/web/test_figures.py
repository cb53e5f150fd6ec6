"""The pages of a dossier's figures: what they prove, what they show side by side, and what they hand out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from portal.web.formats import Formats
from portal.web.texts import LANGUAGES, Texts
from tests.web.figures import PAGES, accounts, amount, balances, page, told, words
from tests.web.stage import OTHER_FIRM, Person, Stage

DOCS = Path(__file__).parents[2] / "docs" / "warehouse.md"


@pytest.fixture(scope="module")
def sound(shared_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dossier whose package proves its figures."""
    with shared_stage.linked("verocount", tmp_path_factory.mktemp("sound")) as (_, dossier):
        shared_stage.sync(dossier)
        yield dossier


@pytest.fixture(scope="module")
def listed(shared_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A client list."""
    with shared_stage.linked("adminpulse", tmp_path_factory.mktemp("listed")) as (_, dossier):
        shared_stage.sync(dossier)
        yield dossier


@pytest.fixture(scope="module")
def accountant(shared_stage: Stage) -> Person:
    return shared_stage.person("accountant")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_sound_dossier_is_proven_in_every_language(shared_stage: Stage, sound: str, language: str) -> None:
    person = shared_stage.person("accountant")
    assert person.user
    shared_stage.house.registry.change_user(person.user.user_id, language=language)
    tree, texts = page(person, f"/dossiers/{sound}/trust"), Texts(language)
    shared_stage.house.registry.change_user(person.user.user_id, language="en")
    assert tree.get("lang") == language
    top = words(tree.xpath("//section[@aria-labelledby='proof']")[0])
    assert texts("trust.verdict.proven") in top
    assert "VeroCount" in top
    shown = {words(row) for row in tree.xpath("//section[@aria-labelledby='checks']//tbody/tr")}
    proven = f"{texts('trust.state.proven')} {texts('checks.equals_package')}"
    assert any(row.startswith(proven) for row in shown)
    assert not any(row.startswith(texts("trust.state.failed")) for row in shown)


def test_the_trial_balance_tells_the_company_beside_what_the_package_says(accountant: Person, sound: str) -> None:
    money = Formats("en").money
    for year in ("2025", "2026"):
        rows = balances(page(accountant, f"/dossiers/{sound}/trust?year={year}"))
        expected = {account: row for (label, account), row in told().balances().items() if label == year}
        assert rows.keys() == expected.keys()
        for account, row in expected.items():
            name, code, opening, debit, credit, closing, beside, difference = rows[account]
            assert name
            assert code
            assert [opening, closing] == [money(row["opening"]), money(row["closing"])]
            assert beside == money(row["closing"])
            assert difference == ""
            assert money(row["opening"] + amount(debit) - amount(credit)) == closing


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_page_is_told_in_every_language(shared_stage: Stage, sound: str, listed: str, language: str) -> None:
    person = shared_stage.person("support")
    assert person.user
    shared_stage.house.registry.change_user(person.user.user_id, language=language)
    for dossier in (sound, listed):
        for name in (
            *PAGES,
            "years?year=2025",
            "accounts?account=613200",
            "changes?show=lines",
            "changes?show=deleted",
        ):
            tree = page(person, f"/dossiers/{dossier}/{name}")
            assert tree.get("lang") == language
            assert len(tree.xpath("//h1")) == 1
            assert not tree.xpath(
                "//table[not(caption)] | //th[not(@scope)] | //input[@type='text' and not(ancestor::label)]"
            )


def test_totals_add_up_and_a_search_finds_by_number_and_by_name(accountant: Person, sound: str) -> None:
    tree = page(accountant, f"/dossiers/{sound}/trust?year=2025")
    foot = [words(cell) for cell in tree.xpath("//tfoot//td")]
    assert (foot[0], foot[3], foot[4], foot[5]) == ("0.00", "0.00", "0.00", "0.00")
    assert foot[1] == foot[2] != "0.00"
    some = balances(page(accountant, f"/dossiers/{sound}/trust?year=2025&search=70"))
    assert some
    assert all(account.startswith("70") for account in some)
    name = next(iter(some.values()))[0]
    assert next(iter(some)) in balances(page(accountant, f"/dossiers/{sound}/trust?search={name.upper()}"))
    assert balances(page(accountant, f"/dossiers/{sound}/trust?only=differences")) == {}


def test_charts_tell_their_figures_in_words(accountant: Person, sound: str) -> None:
    tree = page(accountant, f"/dossiers/{sound}/trust")
    charts = tree.xpath("//svg")
    assert len(charts) == 6
    named = {name: each for each in charts for name in each.xpath("title/text()")}
    expenses = words(named["Expenses of the year"].find("desc"))
    codes = {row["number"]: row["common_code"] for row in accounts(accountant, sound)}
    spent = sum(
        row["closing"]
        for (year, account), row in told().balances().items()
        if year == "2025" and codes[account].startswith("X")
    )
    assert f"2025: {Formats('en').money(Decimal(spent))}" in expenses
    assert not tree.xpath("//*[@style]")


def test_every_check_has_a_sentence_in_every_language(shared_stage: Stage, sound: str, listed: str) -> None:
    with shared_stage.house.warehouse.reader() as db:
        ran = {name for (name,) in db.execute("SELECT DISTINCT check_name FROM ledger.check_results").fetchall()}
    tables = DOCS.read_text(encoding="utf-8")
    documented = {
        name
        for row in re.findall(r"^\| (`[^|]+) \| (?:yes|warns)", tables, re.MULTILINE)
        for name in re.findall(r"`([a-z_]+)`", row)
    }
    assert len(ran) > 25
    assert {"equals_package", "clients_remain"} <= documented
    for language in LANGUAGES:
        texts = Texts(language)
        assert {name for name in ran | documented if not texts.has(f"checks.{name}")} == set()


def test_a_client_list_shows_its_clients_and_has_no_books(accountant: Person, listed: str) -> None:
    tree = page(accountant, f"/dossiers/{listed}/trust")
    assert "This is the firm’s client list" in words(tree)
    assert words(tree.xpath("//dl[@class='numbers']/div[1]")[0]).startswith("active")
    for other in ("accounts", "years"):
        assert "no accounts, fiscal years or figures" in words(page(accountant, f"/dossiers/{listed}/{other}"))
    assert accountant.get(f"/dossiers/{listed}/export?format=csv").status_code == 422


def test_what_is_another_firms_is_not_there(shared_stage: Stage, sound: str) -> None:
    stranger = shared_stage.person("administrator", OTHER_FIRM)
    for name in (*PAGES, "export?format=csv", "making"):
        assert stranger.get(f"/dossiers/{sound}/{name}").status_code == 404
    for name in ("trial-balance", "checks", "accounts", "changes", "years", "syncs", "export?format=csv"):
        assert stranger.api("GET", f"/dossiers/{sound}/{name}").status_code == 404
    assert (
        stranger.post(f"/dossiers/{sound}/accounts", page="/dossiers", account="613200", code="X24").status_code == 404
    )
    assert shared_stage.house.registry.mapping_rules(sound) == []


def test_the_books_are_taken_along_in_every_form(accountant: Person, sound: str) -> None:
    lines = [line for line in told().lines if line.year == "2025"]
    csv = accountant.get(f"/dossiers/{sound}/export?format=csv&year=2025")
    assert len(csv.text.strip().splitlines()) == len(lines) + 1
    assert f'filename="{sound}-2025.csv"' in csv.headers["Content-Disposition"]
    fec = accountant.get(f"/dossiers/{sound}/export?format=fec&year=2025")
    assert fec.text.startswith("JournalCode\t")
    assert f'filename="{sound}-2025-fec.txt"' in fec.headers["Content-Disposition"]
    assert b"<auditfile" in accountant.get(f"/dossiers/{sound}/export?format=xaf&year=2025").content[:300]
    from openpyxl import load_workbook

    book = accountant.api("GET", f"/dossiers/{sound}/export?format=xlsx&year=2025")
    sheet = load_workbook(BytesIO(book.content), read_only=True)["general_ledger"]
    assert sum(1 for _ in sheet.rows) == len(lines) + 1
    assert accountant.get(f"/dossiers/{sound}/export?format=xaf&year=1999").status_code == 422
    assert accountant.get(f"/dossiers/{sound}/export?format=exe").status_code == 422


def test_files_that_were_sent_leave_nothing_behind(shared_stage: Stage, accountant: Person, sound: str) -> None:
    accountant.get(f"/dossiers/{sound}/export?format=csv&year=2025")
    accountant.get(f"/dossiers/{sound}/export?format=csv&year=1999")
    from tests.web.stage import until

    until(lambda: not list(shared_stage.house.home.scratch.glob("tmp*")), 10)
