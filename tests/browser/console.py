"""A person at the console, in a real browser that records every error."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from tests.kit.deployed import PASSWORD

# The machine may be busy; a story continues as soon as it can.
LONGEST_MS = 60_000
WATCH_POLICY = """addEventListener("securitypolicyviolation", (event) =>
  reportViolation(`${event.violatedDirective} ${event.blockedURI}`))"""
DROP = """(zone, [name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "text/csv" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
  }
}"""
AXE = Axe()
RUN_AXE = """(rules) => axe.run({
  resultTypes: ["violations"],
  ...(rules.length ? { runOnly: { type: "rule", values: rules } } : {}),
}).then((found) => found.violations)"""
expect.set_options(timeout=LONGEST_MS)


@dataclass
class Console:
    """A page of the console. `wrong` holds errors, refused requests and breaches of the policy."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)
    pictures: list[tuple[str, bytes]] = field(default_factory=list)

    def open(self, path: str = "") -> None:
        """Opens a page by its address; "" is the front page."""
        self.page.goto(self.address + (f"console{path}" if path else ""))

    def sign_in(self, email: str, path: str = "") -> None:
        """Signs in on the pages of the user pool, starting at the requested page."""
        self.open(path)
        if not path:
            self.page.get_by_role("link", name="Sign in").click()
        self.page.locator("input[name=username]").fill(email)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def heading(self, name: str) -> Locator:
        """A heading with exactly this text."""
        return self.page.get_by_role("heading", name=name, exact=True)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def sees(self, name: str, locator: Locator) -> None:
        """Waits for a screen, which must fit the window; stores its picture for a failure."""
        expect(locator).to_be_visible()
        self.pictures.append((name, self.page.screenshot(type="jpeg", quality=60)))
        self.fits(name)

    def fits(self, name: str) -> None:
        """Fails if the page is wider than the window."""
        wide, window = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= window, f"{name} is {wide} px wide in a window of {window} px"

    def drop(self, filename: str, content: bytes) -> None:
        """Drops a file from the desktop on the import page."""
        zone = self.page.locator("#drop")
        expect(zone).to_be_visible()  # once the script that receives the file is loaded
        zone.evaluate(DROP, [filename, base64.b64encode(content).decode()])

    def axe(self, *rules: str) -> list[str]:
        """What axe-core finds wrong with the page, and where; by all rules or some."""
        # The script is half a megabyte: a page gets it once, and returns only the violations.
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.axe_script)
        found = self.page.evaluate(RUN_AXE, list(rules))
        return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]

    def tab_to(self, target: Locator) -> None:
        """Goes to an element by the keyboard alone; fails when Tab does not reach it."""
        expect(target).to_be_visible()
        for _ in range(80):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def keep_pictures(self, folder: Path) -> None:
        """Writes the pictures of all screens so far, and of the present one."""
        folder.mkdir(parents=True, exist_ok=True)
        shown = [*self.pictures, ("last", self.page.screenshot(full_page=True, type="jpeg"))]
        for number, (name, picture) in enumerate(shown, 1):
            (folder / f"{number}-{name}.jpg").write_bytes(picture)

    def note(self, what: str) -> None:
        # The sign-in pages are not ours.
        if self.page.url.startswith(self.address):
            self.wrong.append(what)


@contextmanager
def console_in(browser: Browser, address: str, **how: Any) -> Iterator[Console]:
    """A new browser profile with one page; `how` are Playwright's settings of a device."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
    context.set_default_timeout(LONGEST_MS)
    console = Console(context.new_page(), address)

    def on_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            console.note(f"console: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            console.note(f"{response.status}: {response.url}")

    def on_violation(_source: object, breach: str) -> None:
        console.note(f"policy: {breach}")

    if how.get("java_script_enabled", True):
        context.expose_binding("reportViolation", on_violation)
        context.add_init_script(WATCH_POLICY)
    console.page.on("console", on_message)
    console.page.on("pageerror", lambda error: console.note(f"script: {error}"))
    console.page.on("response", on_response)
    try:
        yield console
    finally:
        context.close()
