"""Approvals: who would lose which manager, and who may decide, with the real API."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tests.console import samples
from tests.console.browser import Browser, Page
from tests.console.samples import IMPORT_ID, line, lines, one_import
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OWN, Actor, World

ADMIN, OFFICE, SALES = INSIDERS[:3]
HERE = f"/imports/{IMPORT_ID}"
DRY_RUN = "f" * 32
WAITING = {
    "state": "awaiting_approval",
    "finished_at": None,
    "follows": DRY_RUN,
    "approval": {
        "reason": "would clear more than the tenant's limit",
        "would_clear": 12,
        "lines": 40,
    },
}


@pytest.fixture
def admin(browser: Browser, stand: Stand) -> Browser:
    """An Admin at a colleague's waiting import that applies a dry run."""
    browser.sign_in(ADMIN)
    loss = line(3, "Sam Sales", outcome="cleared", code="", message="", hint="", suggestion="")
    stand.canned |= {
        ("GET", samples.ME): (200, samples.user("ines", "Admin")),
        ("GET", HERE): (200, one_import(**WAITING, uploader="joyce.wambui@lumina.example")),
        ("GET", f"/imports/{DRY_RUN}"): (200, one_import(mode="dry_run", import_id=DRY_RUN)),
        ("GET", f"/imports/{DRY_RUN}/summary"): (200, samples.summary("Sam Sales")),
        ("GET", f"/imports/{DRY_RUN}/lines"): (200, lines(loss)),
        ("POST", f"{HERE}/approve"): (202, one_import()),
    }
    return browser


def actions(page: Page) -> list[str]:
    """The targets of the forms of a page."""
    return [one.removeprefix("/console") for one in page.read.values("action")]


def test_an_import_that_waits_shows_why_and_who_would_lose_whom(
    admin: Browser, stand: Stand
) -> None:
    page = admin.get(HERE)

    assert "would clear more than the tenant's limit" in page.text
    assert "12 of 40 lines take somebody off" in page.text
    assert "Who would be taken off" in page.text
    assert "KE3 cleared account manager Sam Sales → nobody" in page.text
    assert {f"{HERE}/approve", f"{HERE}/cancel"} <= set(actions(page))
    assert f"GET /imports/{DRY_RUN}/lines?outcome=cleared" in " ".join(
        f"{method} {target}" for method, target, _ in stand.requests
    )
    assert "You uploaded this file yourself" not in page.text


def test_approving_continues_the_import_and_shows_it(admin: Browser, stand: Stand) -> None:
    page = admin.post(f"{HERE}/approve")

    assert stand.requests[-1][:2] == ("POST", f"{HERE}/approve")
    assert page.headers["location"] == f"/console{HERE}"


@pytest.mark.parametrize("wish", ["approve", "cancel"])
def test_the_reason_is_sent_with_the_decision(admin: Browser, stand: Stand, wish: str) -> None:
    stand.canned["POST", f"{HERE}/cancel"] = 202, one_import()

    admin.post(f"{HERE}/{wish}", {"reason": " The region moves. "})

    assert stand.requests[-1] == ("POST", f"{HERE}/{wish}", {"reason": "The region moves."})


def test_uploaders_read_that_another_admin_must_approve(admin: Browser, stand: Stand) -> None:
    stand.canned["GET", HERE] = 200, one_import(**WAITING)

    assert "You uploaded this file yourself" in admin.get(HERE).text


@pytest.mark.parametrize(
    "changes",
    [{"mode": "preview"}, {"mode": "dry_run", "profile": "another"}],
)
def test_another_dry_run_is_not_shown_as_the_preview_of_the_import(
    admin: Browser, stand: Stand, changes: dict[str, str]
) -> None:
    stand.canned["GET", f"/imports/{DRY_RUN}"] = 200, one_import(import_id=DRY_RUN, **changes)

    page = admin.get(HERE)

    assert "sent without a preview" in page.text
    assert "Sam Sales" not in page.text


@pytest.mark.parametrize("status", [403, 404, 409])
def test_an_import_can_be_decided_even_if_its_preview_cannot_be_read(
    admin: Browser, stand: Stand, status: int
) -> None:
    stand.canned["GET", f"/imports/{DRY_RUN}/summary"] = status, {"detail": "no"}

    page = admin.get(HERE)

    assert page.status == HTTPStatus.OK
    assert f"{HERE}/approve" in actions(page)


def test_the_list_has_what_waits_and_a_link_to_more(admin: Browser, stand: Stand) -> None:
    rows = [one_import(**WAITING, filename="a.csv"), one_import(filename="b.csv")]
    stand.canned["GET", "/imports"] = 200, {"imports": rows, "cursor": "further"}

    page = admin.get("/approvals")

    assert "a.csv" in page.text
    assert "b.csv" not in page.text
    assert "/console/approvals?cursor=further" in page.read.values("href")


def test_an_empty_list_says_what_it_would_contain(admin: Browser, stand: Stand) -> None:
    stand.canned["GET", "/imports"] = 200, {"imports": [], "cursor": None}

    assert "Nothing waits for approval" in admin.get("/approvals").text


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_each_person_is_offered_only_what_the_api_allows_them(
    browser: Browser, stand: Stand, worlds: World, actor: Actor
) -> None:
    stand.world = worlds
    browser.sign_in(actor)
    name = worlds.names[OWN]["waiting"]

    page, listed = browser.get(f"/imports/{name}"), browser.get("/approvals")

    is_admin = "admin" in actor.name
    assert "office.csv" in listed.text
    assert ("Only an Admin" in page.text) is not is_admin
    assert (f"/imports/{name}/approve" in actions(page)) is is_admin
    assert (f"/imports/{name}/cancel" in actions(page)) is (is_admin or actor is OFFICE)


def test_only_an_admin_approves_and_only_once(
    browser: Browser, stand: Stand, worlds: World
) -> None:
    stand.world = worlds
    path = f"/imports/{worlds.names[OWN]['waiting']}/approve"
    given = []
    for actor in (OFFICE, SALES, ADMIN, ADMIN):
        browser.sign_in(actor)
        given.append(browser.post(path).status)

    assert given == [
        HTTPStatus.FORBIDDEN,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.CONFLICT,
    ]
