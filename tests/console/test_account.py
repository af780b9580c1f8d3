"""One account: its team now and at a date, its history, and an edit under the rules."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from tests.console import samples
from tests.console.browser import Browser
from tests.console.samples import CHOICE, IMPORT_ID, account, assignee, change, user
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OTHER_ACCOUNT, Actor, World

AMA = "ama.lawson@lumina.example"
HERE = "/accounts/show"
FORM = {"id": "K/1", "choice": CHOICE, "to": AMA}


@pytest.fixture
def admin(browser: Browser, stand: Stand) -> Browser:
    """An Admin at an account with a history."""
    browser.sign_in(INSIDERS[0])
    past = [
        change([], ["old@lumina.example"], at="2026-01-02T00:00:00.000Z"),
        change(
            ["old@lumina.example"],
            ["wanjiru.mwangi@lumina.example", "pending:new@lumina.example"],
            import_id="edit-1",
            line=0,
        ),
    ]
    stand.canned |= {
        ("GET", "/accounts"): (200, {"accounts": [account("K/1")], "cursor": None}),
        ("GET", "/history"): (200, {"history": past, "cursor": None}),
        ("GET", "/profiles"): (200, [samples.WITH_ROLE]),
        ("GET", samples.ME): (200, user("ines", "Admin")),
    }
    return browser


def edited(stand: Stand, **changes: Any) -> None:
    """Sets the API's answer to an edit."""
    body = {
        "edit_id": "edit-2",
        "account_id": "K/1",
        "outcome": "updated",
        "dry_run": True,
        "changes": [
            {"role": "account_manager", "before": ["a@lumina.example"], "after": [AMA]},
        ],
        "assigned": {"account_manager": [AMA]},
        "version": 5,
        **changes,
    }
    stand.canned["PATCH", "/accounts"] = 200, body


def patched(stand: Stand) -> list[tuple[str, object]]:
    """The edits that the API received."""
    return [(target, body) for method, target, body in stand.requests if method == "PATCH"]


def test_an_account_shows_its_fields_its_team_and_its_history_newest_first(admin: Browser) -> None:
    page = admin.get(HERE, id="K/1")

    assert "Acme Holdings" in page.text
    assert "Wanjiru Mwangi wanjiru.mwangi@lumina.example +254 700 000 001" in page.text
    changes = page.text.split("What has changed")[1]
    assert "old@lumina.example → Wanjiru Mwangi, new@lumina.example (no user yet)" in changes
    assert changes.index("edited by hand") < changes.index("line 17 of an import")
    assert f"/console/imports/{IMPORT_ID}?q=17&outcome=all#lines" in page.read.values("href")


def test_a_long_history_is_shown_in_parts(admin: Browser, stand: Stand) -> None:
    stand.canned["GET", "/history"] = 200, {"history": [change([], [])], "cursor": "further"}

    page = admin.get(HERE, id="K/1")

    assert sum("/history" in target for _, target, _ in stand.requests) == 5
    assert "/console/accounts/show?id=K%2F1&cursor=further#changes" in page.read.values("href")


def test_a_date_shows_who_held_it_then(admin: Browser, stand: Stand) -> None:
    then = account("K/1", assignee("Old Holder"), at="2026-05-31T23:59:59.999Z")
    stand.canned["GET", "/accounts"] = 200, {"accounts": [then], "cursor": None}

    page = admin.get(HERE, id="K/1", at="2026-05-31")

    assert "Old Holder" in page.text.split("As it was at")[1]
    targets = [target for _, target, _ in stand.requests]
    assert "/accounts?id=K%2F1&at=2026-05-31" in targets


def test_an_invalid_date_is_explained_beside_the_rest(
    browser: Browser, stand: Stand, worlds: World
) -> None:
    stand.world = worlds
    browser.sign_in(INSIDERS[0])

    page = browser.get(HERE, id="K001", at="May")

    assert page.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "found 'May', expected a date" in page.text
    assert "Sam Sales" in page.text


def test_an_edit_is_first_checked_and_then_saved(admin: Browser, stand: Stand) -> None:
    edited(stand)

    checked = admin.post(HERE, {**FORM, "version": "4", "step": "check"})
    saved = admin.post(HERE, {**FORM, "version": "4", "step": "save"})

    assert "a@lumina.example → ama.lawson@lumina.example" in checked.text
    assert "Save this change" in checked.text
    assign = {"account_manager": [AMA]}
    assert patched(stand) == [
        (
            "/accounts?id=K%2F1",
            {"profile": "single-strict", "assign": assign, "dry_run": is_dry, "version": 4},
        )
        for is_dry in (True, False)
    ]
    assert saved.headers["location"] == "/console/accounts/show?id=K%2F1&saved=1"


def test_an_edit_that_changes_nothing_has_no_button_to_save(admin: Browser, stand: Stand) -> None:
    edited(stand, outcome="unchanged", changes=[])

    page = admin.post(HERE, {**FORM, "step": "check"})

    assert "the account is already like this" in page.text
    assert "Save this change" not in page.text


@pytest.mark.parametrize("step", ["check", "save"])
def test_a_rejected_edit_is_shown_with_what_to_do(admin: Browser, stand: Stand, step: str) -> None:
    stand.canned["PATCH", "/accounts"] = 422, {"detail": "Ama is inactive.", "hint": "Name another"}

    page = admin.post(HERE, {**FORM, "step": step})

    assert page.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Ama is inactive. Name another" in page.text
    assert "Nothing was changed" in page.text
    assert ("input", AMA) in [(tag, one.get("value")) for tag, one in page.read.elements]


def test_an_edit_that_names_nobody_is_refused_with_a_request_for_a_name(
    admin: Browser, stand: Stand
) -> None:
    page = admin.post(HERE, {**FORM, "to": "", "step": "check"})

    assert "Name who takes over" in page.text
    assert patched(stand) == []


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_each_person_is_offered_only_what_the_api_allows_them(
    browser: Browser, stand: Stand, worlds: World, actor: Actor
) -> None:
    stand.world = worlds
    browser.sign_in(actor)
    may = actor.name in ("admin", "office", "togo-admin")
    form = {**FORM, "id": "K001", "to": "sam.sales@lumina.example", "step": "check"}

    page = browser.get(HERE, id="K001")
    given = browser.post(HERE, form)

    assert "Sam Sales" in page.text
    assert (given.status == HTTPStatus.OK) is may, given.text


@pytest.mark.parametrize("account_id", [OTHER_ACCOUNT, "none", ""])
def test_an_account_of_another_tenant_is_not_found(
    browser: Browser, stand: Stand, worlds: World, account_id: str
) -> None:
    stand.world = worlds
    browser.sign_in(INSIDERS[0])

    assert browser.get(HERE, id=account_id).status == HTTPStatus.NOT_FOUND
