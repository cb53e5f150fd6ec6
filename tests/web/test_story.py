"""From nothing to first figures, as the people of a firm live it: connect, link, wait, look; counted in clicks."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from connectors.catalog import package
from connectors.sandbox.stage import company_of
from portal.web.formats import Formats
from portal.web.packages import label_of
from portal.web.texts import Texts
from tests.web.browsing import Browser
from tests.web.connecting import vendor

MOST_CLICKS = 8
EN = Texts("en")


def test_first_figures_of_an_exact_online_dossier_in_at_most_eight_clicks(web: Browser, tmp_path: Path) -> None:
    told = company_of(package("exact_online_be"))
    with vendor("exact_online_be", tmp_path) as exact:
        web.as_person().open("/dossiers").click("Set up synchronisation")
        web.click("Add a synchronisation for the firm")
        web.find("[href='/connections/new/exact_online_be?then=link']").click()
        web.clicks += 1
        # Only a sandbox is elsewhere than the package's own address; no click of the story goes to that.
        web.driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for name, value in exact.settings.items():
            web.fill(label_of(name, EN), value)
        web.fill(label_of("client_secret", EN), exact.secrets["client_secret"])
        web.click("Sign in at Exact Online BE")  # there and back by itself
        field = web.field("Dossier in the package")
        field.send_keys(told.name[:5])
        web.wait(lambda: len(web.driver.find_elements(By.CSS_SELECTOR, "[role=option]")) == 1, "one dossier left")
        field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
        web.sees("How should it be synchronised?").click("Option 2: replace everything").click("Save and sync")
        web.click("See how far the figures prove themselves")
        year = told.years[-1]
        web.sees(year.label)
        assert web.clicks <= MOST_CLICKS, f"it took {web.clicks} clicks"
        closing = {account: row["closing"] for (label, account), row in told.balances().items() if label == year.label}
        account, amount = max(closing.items(), key=lambda each: abs(each[1]))
        assert account in web.text
        assert Formats("en").money(amount) in web.text
        assert web.driver.get_log("browser") == []
