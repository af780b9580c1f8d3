"""Home: what waits, and the chart of imports a day."""

from __future__ import annotations

from datetime import date, timedelta

from handover_console.pages.home import BAR_HEIGHT, DAYS, days_of

from tests.console.browser import Browser
from tests.console.samples import one_import
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS

TODAY = date(2026, 11, 30)


def received(*days_ago: int) -> list[dict[str, str]]:
    """Imports, newest first, that came so many days ago."""
    return [
        {"received_at": f"{TODAY - timedelta(days=days)}T23:59:59.000Z"}
        for days in sorted(days_ago)
    ]


def test_each_day_has_its_number_and_the_busiest_is_the_highest() -> None:
    days = days_of(received(0, 0, 3, 20), TODAY, is_all=True)

    assert [one.count for one in days] == [0] * 10 + [1, 0, 0, 2]
    assert days[-1].day == TODAY
    assert days[-1].height == BAR_HEIGHT
    assert days[10].height == BAR_HEIGHT / 2
    assert len(days) == DAYS


def test_a_day_of_which_only_a_part_is_known_is_left_out() -> None:
    days = days_of(received(0, 1, 2, 2), TODAY, is_all=False)

    assert [one.count for one in days] == [1, 1]


def test_no_day_is_shown_when_today_alone_has_more_than_are_read() -> None:
    assert days_of(received(0, 0), TODAY, is_all=False) == []


def test_admins_see_who_is_awaited_and_nobody_else_asks_for_it(
    browser: Browser, stand: Stand
) -> None:
    awaited = [{"address": "new@lumina.example", "account_id": f"K{n}"} for n in range(2)]
    stand.canned |= {
        ("GET", "/imports"): (200, {"imports": [one_import()], "cursor": None}),
        ("GET", "/pending"): (200, {"pending": awaited, "cursor": None}),
    }

    browser.sign_in(INSIDERS[0], groups=("Admin",))
    for_admin = browser.get("/home")
    browser.sign_in(INSIDERS[2], groups=("Sales",))
    stand.asked.clear()
    for_sales = browser.get("/home")

    assert "new@lumina.example 2 accounts wait" in for_admin.text
    assert "Set-up" in for_admin.text
    assert "Awaited" not in for_sales.text
    assert "Set-up" not in for_sales.text
    assert [one[1].partition("?")[0] for one in stand.asked] == ["/imports"]
