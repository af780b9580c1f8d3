"""Requests, with the real API: mine, those of an account, new ones and notes."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tests.console.browser import Browser
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OTHER, OTHERS_WORDS, OWN, SHARED_ACCOUNT, Actor, World

ADMIN, SALES, SUPPORT = INSIDERS[0], INSIDERS[2], INSIDERS[3]


@pytest.fixture
def at_work(browser: Browser, stand: Stand, worlds: World) -> Browser:
    """A browser of a signed-in Admin, with the real API."""
    stand.world = worlds
    browser.sign_in(ADMIN)
    return browser


def test_holders_of_an_account_see_its_requests_as_theirs(at_work: Browser) -> None:
    at_work.sign_in(SALES)

    page = at_work.get("/requests")

    assert page.status == HTTPStatus.OK
    assert "Meter" in page.text
    assert SHARED_ACCOUNT in page.text


def test_a_user_without_accounts_reads_what_to_do_first(at_work: Browser) -> None:
    at_work.sign_in(SUPPORT)

    assert "No request yet" in at_work.get("/requests").text


def test_a_request_is_created_and_gets_a_note(at_work: Browser) -> None:
    typed = {"account_id": "K001", "subject": "Address", "description": "P.O. Box 1", "contact": ""}

    made = at_work.post("/requests", typed)
    path = made.headers["location"].removeprefix("/console")
    noted = at_work.post(f"{path}/notes", {"text": "Called her."})
    page = at_work.get(path)
    listed = at_work.get("/requests", account="K001")

    assert noted.headers["location"] == made.headers["location"]
    assert "P.O. Box 1" in page.text
    assert "Called her." in page.text
    assert "Address" in listed.text


@pytest.mark.parametrize(
    ("actor", "account", "status"),
    [(ADMIN, "nowhere", HTTPStatus.NOT_FOUND), (SUPPORT, "K001", HTTPStatus.FORBIDDEN)],
    ids=str,
)
def test_a_refused_request_keeps_the_typed_values(
    at_work: Browser, worlds: World, actor: Actor, account: str, status: HTTPStatus
) -> None:
    at_work.sign_in(actor)
    before = worlds.state()

    page = at_work.post(
        "/requests", {"account_id": account, "subject": "Mine", "description": "A long text"}
    )

    assert page.status == status
    assert "The request was not created." in page.text
    assert "A long text" in page.text
    assert {account, "Mine"} <= set(page.read.values("value"))
    assert worlds.state() == before


def test_a_request_of_another_tenant_is_not_found(at_work: Browser, worlds: World) -> None:
    path = f"/requests/{worlds.names[OTHER]['request']}"

    shown, noted = at_work.get(path), at_work.post(f"{path}/notes", {"text": "Mine."})

    assert shown.status == noted.status == HTTPStatus.NOT_FOUND
    assert [word for word in OTHERS_WORDS if word in shown.body.lower()] == []


def test_only_holders_of_the_account_see_its_requests(at_work: Browser, worlds: World) -> None:
    path = f"/requests/{worlds.names[OWN]['request']}"

    statuses = []
    for actor in (ADMIN, SALES, SUPPORT):
        at_work.sign_in(actor)
        statuses.append(at_work.get(path).status)

    assert statuses == [HTTPStatus.OK, HTTPStatus.OK, HTTPStatus.FORBIDDEN]
