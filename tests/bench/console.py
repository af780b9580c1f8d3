"""The budgets of the console's design: bytes, seconds and actions, and pages of long lists.

Without a Chromium on this machine only the lists are measured.
"""

from __future__ import annotations

import gzip
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from handover.deadline import Deadline
from handover.pipeline.summaries import RESULTS
from handover.runtime import rfc3339
from handover.store.import_items import ImportItem
from handover.store.tables import TableNames, Tables, connect
from playwright.sync_api import Error, Response, sync_playwright

from infra import local
from infra.chromium import find_chromium
from tests.bench.ended import ended_import, users
from tests.bench.table import Topic, at_most
from tests.browser.console import Console, console_in
from tests.kit.deployed import ADMIN, TENANT, DeployedStack
from tests.kit.stack import ROOT, furnished_stack

SAMPLE = ROOT / "events" / "uploads" / "pulse-sample.csv"
SCREEN_KILOBYTES, USABLE_SECONDS, ACTIONS, PAGE_MILLISECONDS = 60, 1, 12, 300
LIMITS = (100, 1000)
TURNS = 5
IMPORT_ID = "b" * 32
# The address, the password, and Enter.
SIGN_IN_ACTIONS = 3
# The actions of an informed person: takes all suggestions, which are for typos, and types the right
# value of each other cell. Lines to delete or that nobody can guess (24, 26, 32, 36, 50) stay.
MANAGER, KENYAN = "account manager", "brian.kiptoo@lumina.example"
CORRECTED = {
    (5, "Account ID"): "00042000",
    (12, MANAGER): KENYAN,
    (34, MANAGER): KENYAN,
    (44, MANAGER): "eric.habimana@lumina.example",
    (48, MANAGER): "afi.dossou@lumina.example",
    (57, MANAGER): "eric.habimana@lumina.example",
    (59, MANAGER): "diane.uwase@lumina.example",
}
GIVE_UP_SECONDS = 300.0
NOTES = (
    "Bytes are those of the page, its style and its scripts, each compressed as gzip.",
    "Usable: from following the link until the zone takes a file; the functions are warm.",
    (
        "Actions: whatever a person clicks, types into one field, or chooses, from the sign-in "
        "page on. All suggestions together are one action, each cell without one is one."
    ),
    "Pages of lines: the whole request over HTTP, the median of warm ones.",
)


@dataclass
class Seen:
    """The bytes that a browser fetched for each address, compressed."""

    compressed: dict[str, int] = field(default_factory=dict)

    def note(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if response.ok and (path.endswith((".js", ".css", "/console/import"))):
            # A page that was left already has no body.
            with suppress(Error):
                self.compressed[path] = len(gzip.compress(response.body()))


def measure(*, quick: bool = False) -> Topic:
    """The budgets of the console's design, each with what was measured."""
    with (
        tempfile.TemporaryDirectory(prefix="handover-bench-") as name,
        furnished_stack(Path(name)) as deployed,
    ):
        os.environ |= local.environment(deployed.stack)
        rows = [*_lists(deployed, 10_000 if quick else 100_000), *_screens(deployed)]
    return Topic("The console", ("what", "found", "goal", ""), tuple(rows), NOTES)


def _lists(deployed: DeployedStack, lines: int) -> list[tuple[str, ...]]:
    _store(deployed, lines)
    rows: list[tuple[str, ...]] = []
    for limit in LIMITS:
        path = f"/imports/{IMPORT_ID}/lines?limit={limit}"
        deployed.api("GET", path)  # starts the function
        found = 1000 * statistics.median(
            _seconds(partial(deployed.api, "GET", path)) for _ in range(TURNS)
        )
        what = f"first {limit:,} of {lines:,} lines"
        rows.append((what, f"{found:,.0f} ms", *at_most(found, PAGE_MILLISECONDS, " ms")))
    return rows


def _store(deployed: DeployedStack, lines: int) -> None:
    """Stores an import of that many lines that has ended, without the API."""
    tables = _tables(deployed.stack)
    tables.directory.put_users(TENANT, users(), Deadline(time.time() + GIVE_UP_SECONDS))
    made = ended_import(lines)
    for name, body in made.files.items():
        key = f"{TENANT}/{IMPORT_ID}/{name}"
        deployed.client("s3").put_object(
            Bucket=deployed.stack.outputs["ReportsBucket"], Key=key, Body=body
        )
    now = rfc3339(time.time())
    ImportItem(
        IMPORT_ID,
        tenant=TENANT,
        profile="single-strict",
        source="user",
        uploader=ADMIN,
        filename=f"{RESULTS}.csv",
        received_at=now,
        bucket="uploads",
        key="in/bench",
        version_id="1",
        precedence=now,
        state="error",
        finished_at=now,
        lines=lines,
        updated=lines - made.rejected,
        rejected=made.rejected,
        is_indexed=True,
    ).save()


def _tables(stack: local.LocalStack) -> Tables:
    made = stack.resources
    return connect(
        TableNames(
            accounts=made["AccountsTable"],
            directory=made["DirectoryTable"],
            imports=made["ImportsTable"],
            history=made["HistoryTable"],
            portfolios=made["PortfolioTable"],
        )
    )


def _screens(deployed: DeployedStack) -> list[tuple[str, ...]]:
    chromium = find_chromium()
    if chromium is None:
        return [("the screens", "no Chromium here", "", "")]
    seen = Seen()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        with console_in(browser, deployed.stack.console_url) as console:
            console.page.on("response", seen.note)
            console.sign_in(ADMIN, "/import")
            usable = statistics.median(_seconds(lambda: _open(console)) for _ in range(TURNS))
            console.open("/home")  # the page after signing in
            steps = _steps(console)
            for step in steps:
                step()
            console.page.get_by_text("All lines were good.").wait_for()
        browser.close()
    kilobytes = sum(seen.compressed.values()) / 1024
    actions = SIGN_IN_ACTIONS + len(steps)
    return [
        (
            "the import screen, compressed",
            f"{kilobytes:.1f} KB",
            *at_most(kilobytes, SCREEN_KILOBYTES, " KB"),
        ),
        (
            "the import screen, until usable",
            f"{usable:.2f} s",
            *at_most(usable, USABLE_SECONDS, " s"),
        ),
        (
            "the sample of 58 lines, to all lines good",
            f"{actions} actions",
            *at_most(actions, ACTIONS, " actions"),
        ),
    ]


def _open(console: Console) -> None:
    console.open("/import")
    console.page.locator("#drop").wait_for()


def _steps(console: Console) -> list[Callable[[], None]]:
    """The actions of a person who knows the right values."""
    page = console.page

    def fill(line: int, column: str, text: str) -> Callable[[], None]:
        return lambda: page.get_by_label(f"{column}, line {line}", exact=True).fill(text)

    return [
        lambda: page.locator("#file").set_input_files(SAMPLE),  # on Home; the preview follows
        lambda: page.locator(".apply button").click(),
        lambda: page.locator("#take-all").click(),
        *(fill(line, column, text) for (line, column), text in CORRECTED.items()),
        lambda: page.locator("[name='keep.16']").check(),
        lambda: console.button("Apply the corrected lines").click(),
    ]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
