"""One stack and one browser for all stories, and the pictures of those that fail."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from infra.chromium import find_chromium
from tests.browser.console import Console, console_in
from tests.kit.deployed import DeployedStack
from tests.kit.stack import ROOT, furnished_stack

PICTURES = ROOT / ".local" / "browser"
MISSING = (
    "NO BROWSER: tests/browser did not run. Install Chromium (Debian: apt-get install chromium) or "
    "set CHROMIUM to the path of one."
)
# Enough for all stories: one command creates them, and takes longer than a page.
ACCOUNTS = 60
FAILED = pytest.StashKey[bool]()

Opening = Callable[..., Console]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None and os.environ.get("HANDOVER_BROWSER") == "required":  # on a build server
        pytest.fail(MISSING)
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def deployed(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DeployedStack]:
    """The deployed stack; the browser comes first, because without one no stack is needed."""
    with furnished_stack(tmp_path_factory.mktemp("stack")) as made:
        made.spare = made.new_accounts(ACCOUNTS)
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def sign_ins() -> dict[str, StorageState]:
    """The cookies of signed-in people, by address: each signs in once for all stories."""
    return {}


@pytest.fixture
def open_console(
    chromium: Browser,
    deployed: DeployedStack,
    sign_ins: dict[str, StorageState],
    request: pytest.FixtureRequest,
) -> Iterator[Opening]:
    """Opens the console for one more person, signed in if named, and fails on any page error."""
    opened: list[Console] = []
    folder = PICTURES / re.sub(r"\W+", "-", request.node.name).strip("-")
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:

        def opening(person: str = "", **how: Any) -> Console:
            if person in sign_ins:
                how["storage_state"] = sign_ins[person]
            console = stack.enter_context(console_in(chromium, deployed.stack.console_url, **how))
            opened.append(console)
            if person and person not in sign_ins:
                console.sign_in(person)
                sign_ins[person] = console.page.context.storage_state()
            return console

        yield opening
        wrong = [one for console in opened for one in console.wrong]
        if wrong or request.node.stash.get(FAILED, True):
            for number, console in enumerate(opened, 1):
                console.keep_pictures(folder / f"person-{number}")
        assert wrong == []
