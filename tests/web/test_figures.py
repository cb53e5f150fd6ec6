"""The pages of a dossier's figures: what they prove, what they show side by side, and what they hand out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from lxml import html

from connectors.catalog import package
from connectors.sandbox.company import Company
from connectors.sandbox.stage import company_of
from connectors.xero.sandbox import XeroSandbox
from portal.web.formats import Formats
from portal.web.texts import LANGUAGES, Texts
from tests.contract.dossier import told_by
from tests.flow.test_planted_faults import Retold, an_entry
from tests.web.stage import OTHER_FIRM, Person, Stage

DOCS = Path(__file__).parents[2] / "docs" / "warehouse.md"
PAGES = ("trust", "accounts", "changes", "years", "history")


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


def told() -> Company:
    return company_of(package("verocount"))


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


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


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


def accounts(person: Person, dossier: str) -> list[dict[str, Any]]:
    return person.api("GET", f"/dossiers/{dossier}/accounts").json()["accounts"]


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


def test_a_planted_difference_is_seen_side_by_side_with_its_cause(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero", tmp_path) as (sandbox, dossier):
        cast(XeroSandbox, sandbox).knobs.revaluation = Decimal("42.10")
        stage.sync(dossier)
        person = stage.person("accountant")
        tree = page(person, f"/dossiers/{dossier}/trust?year=2025&only=differences")
        rows = balances(tree)
        assert {account: (row[-1], amount(row[-2]) - amount(row[-3])) for account, row in rows.items()} == {
            "140000": ("42.10 revaluation", Decimal("-42.10")),
            "550100": ("-84.20 revaluation", Decimal("84.20")),
            "754000": ("42.10 revaluation", Decimal("-42.10")),
        }
        assert "3 accounts differ" in words(tree)
        assert "revaluation that it has not booked" in words(tree.xpath("//section[@aria-labelledby='proof']")[0])
        causes = tree.xpath("//section[@aria-labelledby='differences']//tbody/tr/td[last()]")
        assert {words(cell) for cell in causes} == {Texts("en")("trust.because.revaluation")}
        found = person.api("GET", f"/dossiers/{dossier}/checks").json()
        assert found["verdict"] == "revalued"
        assert {row["cause"] for row in found["differences"]} == {"revaluation"}


def test_figures_that_a_failed_sync_left_standing_say_so(stage: Stage, tmp_path: Path) -> None:
    row = package("winbooks")
    with stage.linked("winbooks", tmp_path, told_by(row, 1)) as (sandbox, dossier):
        stage.sync(dossier)
        person = stage.person("accountant")
        before = balances(page(person, f"/dossiers/{dossier}/trust"))
        assert "these figures are old ones" not in person.get(f"/dossiers/{dossier}/trust").text
        lines = list(told_by(row, 1).lines)
        lost = [line for line in lines if (line.entry, line.line_no) != (an_entry(lines), 1)]
        sandbox.show(Retold(told_by(row, 1).country, 1, told=tuple(lost)))
        with pytest.raises(AssertionError):
            stage.sync(dossier)
        tree = page(person, f"/dossiers/{dossier}/trust")
        assert "The latest sync failed: these figures are old ones." in words(tree)
        assert "The books do not add up" in words(tree)
        assert "entries_balance" in words(tree.xpath("//section[contains(@class, 'trouble')]")[0])
        assert balances(tree) == before
        history = page(person, f"/dossiers/{dossier}/history")
        assert "The books do not add up" in words(history.xpath("//tbody/tr[1]")[0])


def test_totals_say_everywhere_that_there_are_no_lines(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero_tb", tmp_path) as (_, dossier):
        stage.sync(dossier)
        tree = page(stage.person("accountant"), f"/dossiers/{dossier}/trust")
        assert "totals, without lines" in words(tree.xpath("//section[@aria-labelledby='proof']")[0])
        assert "there are no lines behind them" in words(tree.xpath("//section[@aria-labelledby='balance']")[0])
        assert "Closing (the package’s)" in words(tree)
        assert not tree.xpath("//a[contains(@href, '/export')]")
        refused = stage.person("analyst").api("GET", f"/dossiers/{dossier}/export?format=csv")
        assert (refused.status_code, "no lines" in refused.text) == (422, True)


def test_a_client_list_shows_its_clients_and_has_no_books(accountant: Person, listed: str) -> None:
    tree = page(accountant, f"/dossiers/{listed}/trust")
    assert "This is the firm’s client list" in words(tree)
    assert words(tree.xpath("//dl[@class='facts']/div[1]")[0]).startswith("active")
    for other in ("accounts", "years"):
        assert "no accounts, fiscal years or figures" in words(page(accountant, f"/dossiers/{listed}/{other}"))
    assert accountant.get(f"/dossiers/{listed}/export?format=csv").status_code == 422


def test_a_dossier_without_figures_says_so(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        person = stage.person("support")
        for name in PAGES[:3]:
            assert "There are no figures yet" in words(page(person, f"/dossiers/{dossier}/{name}"))
        assert "Nothing was synced yet" in words(page(person, f"/dossiers/{dossier}/history"))
        form = {"label": "2025", "start": "2025-01-01", "end": "2025-11-30", "why": "x", "move_neighbours": "true"}
        answer = person.post(f"/dossiers/{dossier}/years", page="/dossiers", **form)
        assert "The figures follow at the next sync" in answer.text
        assert stage.launcher.launched == []


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


def test_history_tells_who_asked_what_it_took_and_leads_to_the_run(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        support = stage.person("support")
        support.post(f"/dossiers/{dossier}/accounts", page="/dossiers", account="613200", code="X24", why="rent")
        stage.launcher.wait()
        tree = page(support, f"/dossiers/{dossier}/history")
        again, first = tree.xpath("//tbody/tr")
        assert "made again" in words(again)
        assert "support Demo" in words(again)
        assert "support Demo" not in words(first)
        links = again.xpath(".//a[contains(@href, '/runs/')]/@href")
        assert links == [f"{stage.settings.dagster_url}/runs/{run_of(stage, dossier)}"]
        assert not page(stage.person("analyst"), f"/dossiers/{dossier}/history").xpath("//a[contains(@href, '/runs/')]")


def run_of(stage: Stage, dossier: str) -> str | None:
    last = stage.house.registry.last_run(dossier)
    return last and last.dagster_run_id


def test_the_age_of_figures_is_drawn_once_they_were_read_twice(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        person = stage.person("analyst")
        assert page(person, f"/dossiers/{dossier}/history").xpath("//svg") == []
        stage.sync(dossier)
        [chart] = page(person, f"/dossiers/{dossier}/history").xpath("//svg")
        assert "Read 2 times" in words(chart)


def test_long_lists_come_in_pages(stage: Stage, tmp_path: Path) -> None:
    """More accounts than a page holds, told from the warehouse's own tables."""
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        add_accounts(stage, dossier, 450)
        person = stage.person("analyst")
        first = page(person, f"/dossiers/{dossier}/accounts?search=99")
        assert len(first.xpath("//table[contains(@class, 'figures')]/tbody/tr")) == 200
        [second] = first.xpath("//a[@rel='next']/@href")
        last = page(person, page(person, second).xpath("//a[@rel='next']/@href")[0])
        assert len(last.xpath("//table[contains(@class, 'figures')]/tbody/tr")) == 50
        assert not last.xpath("//a[@rel='next']")


def add_accounts(stage: Stage, dossier: str, count: int) -> None:
    import duckdb

    from warehouse.store import Warehouse

    warehouse = cast(Warehouse, stage.house.warehouse)
    with duckdb.connect(str(warehouse.live)) as db:
        db.execute(
            "INSERT INTO ledger.accounts BY NAME SELECT ? AS dossier_id, (990000 + i)::VARCHAR AS number, "
            "'More' AS name, 'U99' AS common_code, 'unmapped' AS mapping_rule FROM range(?) r(i)",
            [dossier, count],
        )
    warehouse.publish()
