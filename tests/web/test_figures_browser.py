"""People look at figures and correct what is theirs to correct, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sandbox.stage import company_of
from portal.web.texts import Texts
from tests.contract.dossier import told_by
from tests.web.browsing import Browser


def complaints(web: Browser) -> list[str]:
    """What the browser refused or missed in this test's pages; earlier ones may still have asked for theirs."""
    return [entry["message"] for entry in web.driver.get_log("browser") if web.stage.address in entry["message"]]


def test_the_trust_page_proves_a_sound_dossier_in_three_languages(web: Browser, tmp_path: Path) -> None:
    with web.stage.linked("verocount", tmp_path) as (_, dossier):
        web.stage.sync(dossier)
        web.as_person("accountant").open(f"/dossiers/{dossier}/trust")
        for name, language in (("English", "en"), ("Français", "fr"), ("Nederlands", "nl")):
            texts = Texts(language)
            web.click(name).sees(texts("checks.equals_package"))
            assert texts("trust.state.proven") in web.text
            assert texts("trust.column.difference") in web.text
            assert len(web.driver.find_elements("css selector", "svg[role=img]")) == 6
        assert complaints(web) == []


def test_an_account_without_a_code_is_mapped_by_one_click(web: Browser, tmp_path: Path) -> None:
    with web.stage.linked("xero", tmp_path) as (sandbox, dossier):
        web.stage.house.registry.set_mapping_rule(dossier, "700100", "U20", firm=True)
        web.stage.sync(dossier)
        calls = sandbox.calls
        web.as_person("accountant").open(f"/dossiers/{dossier}/trust").click("Accounts").click("Without a code (1)")
        web.sees("700100")
        before = web.clicks
        web.click("Give 700100 the code R10")
        web.sees("Without a code (0)").sees("Every account has a code.")
        assert web.clicks == before + 1
        web.click("All (").sees("a person, for this dossier")
        assert "accountant Demo" in web.text
        assert sandbox.calls == calls
        assert complaints(web) == []


def test_a_code_is_searched_by_its_name_and_given_with_a_reason(web: Browser, tmp_path: Path) -> None:
    with web.stage.linked("verocount", tmp_path) as (_, dossier):
        web.stage.sync(dossier)
        web.as_person("support").open(f"/dossiers/{dossier}/accounts?search=613200")
        web.click("Choose a code for 613200")
        offered = web.driver.find_elements("css selector", "datalist#chart option")
        assert any(each.get_attribute("value") == "X24" for each in offered)
        web.fill("Code of the common chart", "X").fill("Why (optional)", "rent in fact").click("Give this code")
        web.sees("is a heading of the common chart")
        assert web.field("Why (optional)").get_attribute("value") == "rent in fact"
        web.fill("Code of the common chart", "X24").click("Give this code").sees("rent in fact")
        web.wait(lambda: "a person, for this dossier" in web.text, "the figures")
        web.click("Take back the code of 613200").sees("Nobody gave a code")
        web.stage.launcher.wait()
        assert [message for message in complaints(web) if "422" not in message] == []


def test_support_corrects_a_fiscal_year_and_the_package_is_not_asked(web: Browser, tmp_path: Path) -> None:
    with web.stage.linked("xero", tmp_path) as (sandbox, dossier):
        web.stage.sync(dossier)
        calls = sandbox.calls
        web.as_person("support").open(f"/dossiers/{dossier}/years").click("Correct fiscal year 2025")
        web.field("Last day").send_keys("11302025")
        web.fill("Why (others will read it)", "year end moved").click("next to it").click("Correct the year")
        web.sees("The figures are being made again").sees("year end moved").sees("support Demo")
        assert "Jan 1, 2025 – Nov 30, 2025" in web.text.replace(
            "1 Jan 2025 – 30 Nov 2025", "Jan 1, 2025 – Nov 30, 2025"
        )
        assert "Dec 31, 2025" in web.text.replace("31 Dec 2025", "Dec 31, 2025"), "the package's own value stays"
        web.stage.launcher.wait()
        web.click("History").sees("made again")
        assert sandbox.calls == calls
        web.click("Trust").click("Show").sees("Trial balance 2026")
        assert "Support corrected this fiscal year" in web.text
        assert complaints(web) == []


def test_a_change_in_a_closed_year_is_seen_with_its_lines(web: Browser, tmp_path: Path) -> None:
    row = package("cegid")
    with web.stage.linked("cegid", tmp_path, told_by(row, 1)) as (sandbox, dossier):
        web.stage.sync(dossier)
        sandbox.show(told_by(row, 2))
        web.stage.sync(dossier)
        web.as_person("analyst").open(f"/dossiers/{dossier}/trust").sees("warning")
        web.click("Changes").sees("2 balances of closed years moved.")
        first = web.find("table.figures tbody tr").text
        assert first.startswith("2025 closed")
        assert "The package told otherwise." in first
        web.click("Lines (").sees("line added")
        assert complaints(web) == []


@pytest.mark.parametrize("path", ["accounts", "years"])
def test_an_analyst_finds_nothing_to_press(web: Browser, tmp_path: Path, path: str) -> None:
    with web.stage.linked("verocount", tmp_path) as (_, dossier):
        web.stage.sync(dossier)
        web.as_person("analyst").open(f"/dossiers/{dossier}/{path}").sees("2025" if path == "years" else "613200")
        assert company_of(package("verocount")).name in web.text
        main = web.find("main")
        assert main.find_elements("css selector", "form[method=post], button[name=code]") == []
