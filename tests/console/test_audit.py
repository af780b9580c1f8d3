"""The audit trail, with the real API and with canned answers."""

from __future__ import annotations

from http import HTTPStatus

from handover.audit import Act, Door, Outcome
from handover_console.texts import TEXTS

from tests.console import samples
from tests.console.browser import Browser
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, World


def test_an_admin_sees_what_was_changed_by_whom(
    browser: Browser, stand: Stand, worlds: World
) -> None:
    stand.world = worlds
    browser.sign_in(INSIDERS[0])
    worlds.ask(INSIDERS[0], "PATCH", "/settings", {"clear_guard_lines": 77})

    page = browser.get("/set-up/audit", act="settings_changed")

    assert page.status == HTTPStatus.OK
    assert "Changed the settings" in page.text
    assert "clear_guard_lines" in page.text
    assert "77" in page.text


def test_a_user_who_is_not_an_admin_is_refused(
    browser: Browser, stand: Stand, worlds: World
) -> None:
    stand.world = worlds
    browser.sign_in(INSIDERS[1])

    assert browser.get("/set-up/audit").status == HTTPStatus.FORBIDDEN


def test_the_filters_of_the_api_are_kept_on_the_next_page(browser: Browser, stand: Stand) -> None:
    stand.canned["GET", "/audit"] = 200, {"entries": [samples.entry()], "cursor": "more"}
    browser.sign_in(INSIDERS[0])

    page = browser.get("/set-up/audit", about="role owner", since="2026-11-01")

    assert ("GET", "/audit?about=role+owner&since=2026-11-01&limit=50", None) in stand.requests
    (following,) = [one for one in page.read.values("href") if one and "cursor=more" in one]
    assert "about=role" in following


def test_every_act_door_and_outcome_has_a_text() -> None:
    acts = {key.removeprefix("act.") for key in TEXTS if key.startswith("act.")}
    doors = {key.removeprefix("door.") for key in TEXTS if key.startswith("door.")}
    outcomes = {key.removeprefix("act_outcome.") for key in TEXTS if key.startswith("act_outcome.")}

    assert acts == {one.value for one in Act}
    assert doors == {one.value for one in Door}
    assert outcomes == {one.value for one in Outcome} - {"done"}
