"""People at a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.web.stage import FIRM, Stage

_SECONDS = 30


class Browser:
    """A Chromium with somebody signed in. Pages are found by what people read: labels, buttons, links."""

    def __init__(self, driver: Chrome, stage: Stage) -> None:
        self.driver, self.stage = driver, stage
        self.clicks = 0

    def as_person(self, role: str = "administrator", firm: str = FIRM, *, language: str = "en") -> Browser:
        """Signs somebody in, and opens nothing yet."""
        user = self.stage.people[firm, role]
        self.stage.house.registry.change_user(user.user_id, language=language)
        person = self.stage.person(role, firm)
        self.driver.get(f"{self.stage.address}/sign-in")
        self.driver.delete_all_cookies()
        for cookie in person.session.cookies:
            self.driver.add_cookie({"name": cookie.name, "value": cookie.value or "", "path": "/"})
        self.clicks = 0
        return self

    def open(self, path: str) -> Browser:
        self.driver.get(self.stage.address + path)
        return self

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.stage.address)

    def find(self, css: str) -> WebElement:
        return self.wait(lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, css)), None), css)

    def field(self, label: str) -> WebElement:
        """The input with that label."""
        xpath = (
            f"//label[contains(normalize-space(.), {_quoted(label)})]//*[self::input or self::select or self::textarea]"
            f" | //*[@id=//label[contains(normalize-space(.), {_quoted(label)})]/@for]"
        )
        return self.wait(lambda: next(iter(self.driver.find_elements(By.XPATH, xpath)), None), f"field {label}")

    def fill(self, label: str, text: str) -> Browser:
        field = self.field(label)
        field.clear()
        field.send_keys(text)
        return self

    def click(self, words: str) -> Browser:
        """Presses the button, or follows the link, with these words (or this label)."""
        quoted = _quoted(words)
        xpath = (
            f"//*[self::button or self::a or self::summary or self::label or @role='option']"
            f"[contains(normalize-space(.), {quoted}) or contains(@aria-label, {quoted})]"
        )

        def shown() -> WebElement | None:
            return next((e for e in self.driver.find_elements(By.XPATH, xpath) if e.is_displayed()), None)

        self.wait(shown, f"{words!r} to click").click()
        self.clicks += 1
        return self

    def wait(self, done: Callable[[], Any], what: str = "", seconds: float = _SECONDS) -> Any:
        def quiet(_: object) -> Any:
            try:
                return done()
            except Exception:
                return None

        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.05)
        return waiting.until(quiet, f"waited in vain for {what} at {self.driver.current_url}")

    def sees(self, words: str, seconds: float = _SECONDS) -> Browser:
        """Waits until the page shows these words."""
        self.wait(lambda: words in self.text, f"the words {words!r}", seconds)
        return self


def _quoted(text: str) -> str:
    """The text as an XPath literal."""
    if '"' not in text:
        return f'"{text}"'
    return f"'{text}'"
