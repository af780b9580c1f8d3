"""Home: waiting imports, pending users, and the chart of imports a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from handover_console.pages.home import BAR_HEIGHT, days_of, to_fix

from tests.console.browser import Browser
from tests.console.samples import EMPTY_HOME, one_import
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS

TODAY = date(2026, 11, 30)


def test_each_day_has_its_number_and_the_busiest_is_the_highest() -> None:
    counts = [0, 1, 0, 2]
    days = days_of(
        {"day": str(TODAY - timedelta(days=3 - number)), "imports": count}
        for number, count in enumerate(counts)
    )

    assert [one.count for one in days] == counts
    assert days[-1].day == TODAY
    assert [one.height for one in days] == [0, BAR_HEIGHT / 2, 0, BAR_HEIGHT]
    assert [one.height for one in days_of([{"day": "2026-11-30", "imports": 0}])] == [0]


def test_lines_that_an_import_has_corrected_are_no_longer_to_be_fixed() -> None:
    def ended(name: str, state: str, lines: int, rejected: int, follows: str) -> dict[str, Any]:
        counts = {"lines": lines, "rejected": rejected}
        return {"import_id": name, "state": state, "counts": counts, "follows": follows}

    recent = [
        ended("again", "error", lines=2, rejected=1, follows="part"),
        ended("good", "done", lines=3, rejected=0, follows="whole"),
        ended("stopped", "cancelled", lines=4, rejected=0, follows="untouched"),
        ended("part", "error", lines=58, rejected=15, follows=""),
        ended("whole", "error", lines=58, rejected=3, follows=""),
        ended("untouched", "error", lines=9, rejected=4, follows=""),
    ]

    found = {one["import_id"]: one["left"] for one in to_fix(recent)}

    assert found == {"again": 1, "part": 13, "untouched": 4}


def test_only_admins_see_pending_users_and_only_for_them_the_api_is_called(
    browser: Browser, stand: Stand
) -> None:
    awaited = [{"address": "new@lumina.example", "accounts": 2}]
    stand.canned |= EMPTY_HOME | {
        ("GET", "/imports"): (200, {"imports": [one_import()], "cursor": None}),
        ("GET", "/pending/addresses"): (200, {"awaited": awaited, "cursor": None}),
    }

    browser.sign_in(INSIDERS[0], groups=("Admin",))
    for_admin = browser.get("/home")
    browser.sign_in(INSIDERS[2], groups=("Sales",))
    stand.requests.clear()
    for_sales = browser.get("/home")

    assert "new@lumina.example 2 accounts wait" in for_admin.text
    assert "Set-up" in for_admin.text
    assert "Pending users" not in for_sales.text
    assert "Set-up" not in for_sales.text
    assert {one[1].partition("?")[0] for one in stand.requests} == {"/imports", "/imports/days"}
