"""Every screen, in both themes and at its narrowest: axe-core finds nothing, and it fits."""

from __future__ import annotations

from typing import Literal

import pytest
from handover_console.site import PAGES

from tests.browser.conftest import Opening
from tests.browser.console import Console
from tests.kit.deployed import ADMIN, BACK_OFFICE, DeployedStack, accounts_csv

# Answers that are not pages: downloads, and parts that a script loads.
NO_SCREENS = {
    "/accounts/export",
    "/imports/{name}/progress",
    "/imports/{name}/report",
    "/imports/{name}/results",
    "/profiles/{name}/template",
}
NARROWEST, WIDE = 320, 1280
OTHER = "brian.kiptoo@lumina.example"
# The screens by the pattern of their address, with a word where one address has several.
SCREENS = {
    "/home": "/home",
    "/import": "/import",
    "/imports": "/imports",
    "/imports empty": "/imports?person=nobody",
    "/imports/{name} columns": "/imports/{columns}",
    "/imports/{name} preview": "/imports/{preview}",
    "/imports/{name} waiting": "/imports/{waiting}",
    "/imports/{name} result": "/imports/{result}",
    "/imports/{name} lines": "/imports/{result}?outcome=all",
    "/imports/{name} refused": "/imports/{refused}",
    "/imports/{name} missing": "/imports/nothing-here",
    "/approvals": "/approvals",
    "/accounts": "/accounts",
    "/accounts/show": "/accounts/show?id={account}",
    "/accounts/show then": "/accounts/show?id={account}&at=2026-05-31",
    "/people": "/people",
    "/people/one": f"/people/one?email={OTHER}",
    "/people/new": "/people/new",
    "/people/edit": f"/people/edit?email={OTHER}",
    "/people/pending": "/people/pending",
    "/people/leaving": f"/people/leaving?email={OTHER}",
    "/requests": "/requests",
    "/requests/{name}": "/requests/{request}",
    "/set-up": "/set-up",
    "/set-up/audit": "/set-up/audit",
    "/set-up/profiles/{name}": "/set-up/profiles/single-strict",
    "/authenticator": "/authenticator",
}
# By theme, the rules of axe-core that a screen must keep: all of them, and again those that look at
# colours, which alone differ between the themes.
RULES: dict[Literal["light", "dark"], tuple[str, ...]] = {
    "light": (),
    "dark": ("color-contrast", "link-in-text-block"),
}


@pytest.fixture(scope="module")
def names(deployed: DeployedStack) -> dict[str, str]:
    """Imports by the screen that shows them, an account and a request."""
    accounts = deployed.new_accounts(24)
    few = accounts_csv((accounts[0], OTHER), (accounts[1], "brian.kipto@lumina.example"))
    held = accounts_csv(*((one, OTHER) for one in accounts[2:]))
    cleared = accounts_csv(*((one, "None") for one in accounts[2:]))
    deployed.run(held)
    tickets = {
        "columns": deployed.upload(few, profile="", mode="preview"),
        "preview": deployed.upload(few, mode="dry_run"),
        "result": deployed.upload(
            few, filename='<b>"a"</b> & a name that is longer than a phone.csv'
        ),
        "refused": deployed.upload(b"nothing,of,use\n1,2,3\n"),
        "waiting": deployed.upload(cleared, as_=BACK_OFFICE),
    }
    waiting = deployed.in_state(tickets.pop("waiting"), "awaiting_approval")
    ended = {name: deployed.ended(ticket)["import_id"] for name, ticket in tickets.items()}
    body = {"account_id": accounts[2], "subject": "A call", "description": "Please call back."}
    made = deployed.api("POST", "/requests", body=body)
    assert made.status == 201, made.body
    others = {"account": accounts[2], "request": made.json["request_id"]}
    return {**ended, **others, "waiting": waiting["import_id"]}


def test_every_page_of_the_console_is_among_the_screens() -> None:
    patterns = {path for method, path in PAGES if method == "GET"}

    assert patterns == {one.partition(" ")[0] for one in SCREENS} | NO_SCREENS


def check(console: Console, name: str) -> list[str]:
    """What is wrong with the open screen, in either theme."""
    found = []
    for theme, rules in RULES.items():
        console.page.emulate_media(color_scheme=theme)
        found += [f"{name}, {theme}: {one}" for one in console.axe(*rules)]
    console.page.set_viewport_size({"width": NARROWEST, "height": 700})
    console.fits(name)
    console.page.set_viewport_size({"width": WIDE, "height": 900})
    return found


def test_axe_finds_nothing_wrong_with_any_screen(
    open_console: Opening, names: dict[str, str]
) -> None:
    # Colours in transition between the themes belong to neither.
    console = open_console(reduced_motion="reduce")
    console.open()
    found = check(console, "welcome")
    console.sign_in(ADMIN)

    for name, path in SCREENS.items():
        console.open(path.format(**names))
        found += check(console, name)

    assert found == []
    # The missing page says so, and there is no other error.
    assert [one for one in console.wrong if "nothing-here" not in one and "404" not in one] == []
    console.wrong.clear()
