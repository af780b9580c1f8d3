"""The picture of the console's preview in README.md: `make picture`.

The sample of `make demo` is imported by a real browser into a stack of its own, up to the preview.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from infra import local
from infra.chromium import find_chromium
from infra.cli.main import main as handover
from infra.demo import ADMIN, DIRECTORY, ROOT, SAMPLE, TENANT
from infra.seeding.sign_ins import DEFAULT_PASSWORD

PICTURE = ROOT / "infra" / "console-preview.png"
WINDOW = {"width": 1200, "height": 1000}
LONGEST_MS = 60_000


def main() -> int:
    """Takes the picture; 0 when it is there."""
    chromium = find_chromium()
    if chromium is None:
        print("there is no Chromium: install one, or set CHROMIUM to its path", file=sys.stderr)
        return 1
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="handover-picture-") as home:
        for name in ("AWS_ENDPOINT_URL", "HANDOVER_STACK"):
            os.environ.pop(name, None)
        os.environ["HANDOVER_HOME"] = home
        stack = local.up(port=0)
        try:
            handover(["seed", DIRECTORY, "--tenant", TENANT])
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium)
                # Light and without moving parts, so that another picture differs only where the
                # console does.
                page = browser.new_page(
                    viewport={"width": WINDOW["width"], "height": WINDOW["height"]},
                    color_scheme="light",
                    reduced_motion="reduce",
                    timezone_id="UTC",
                    locale="en-GB",
                )
                page.set_default_timeout(LONGEST_MS)
                _show_preview(page, stack.console_url)
                page.screenshot(path=PICTURE)
                browser.close()
        finally:
            local.down()
    print(f"wrote {PICTURE.relative_to(ROOT)}, {PICTURE.stat().st_size:,} bytes")
    return 0


def _show_preview(page: Page, console_url: str) -> None:
    """From signing in to the preview of the sample, as a person gets there."""
    page.goto(f"{console_url}console/import")
    page.locator("input[name=username]").fill(ADMIN)
    page.locator("input[name=password]").fill(DEFAULT_PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#drop").wait_for()  # the script that sends the file shows it
    page.locator("#file").set_input_files(Path(SAMPLE))
    page.locator(".apply").wait_for()


if __name__ == "__main__":
    sys.exit(main())
