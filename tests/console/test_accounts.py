"""Accounts: search, handover with a preview, and export."""

from __future__ import annotations

import csv
import io
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from handover.reading.guards import guard
from handover_console.pages import accounts as pages
from handover_console.sheets import guarded

from tests.console import samples
from tests.console.browser import Browser, Page
from tests.console.samples import CHOICE, HOSTILE, account, user
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OTHERS_WORDS, Actor, World

AMA = "ama.lawson@lumina.example"


@pytest.fixture
def admin(browser: Browser, stand: Stand) -> Browser:
    """An Admin at a list of two accounts."""
    browser.sign_in(INSIDERS[0])
    found = {"accounts": [account("KE1"), account("KE2")], "cursor": None}
    stand.canned |= {
        ("GET", "/accounts"): (200, found),
        ("GET", "/profiles"): (200, [samples.WITH_ROLE]),
        ("GET", samples.ME): (200, user("ines", "Admin")),
        ("GET", "/users"): (200, {"users": [], "cursor": None}),
        ("POST", "/assignments"): (202, {"import_ticket": "t-1"}),
    }
    return browser


def searches(stand: Stand) -> list[dict[str, str]]:
    """The searches for accounts that the API received."""
    return [
        dict(parse_qsl(urlsplit(target).query))
        for method, target, _ in stand.requests
        if method == "GET" and urlsplit(target).path == "/accounts"
    ]


def handed(stand: Stand) -> list[Any]:
    """The assignments that the API received."""
    return [body for method, target, body in stand.requests if (method, target) == HAND_OVER]


HAND_OVER = ("POST", "/assignments")
TICKED = {"choice": CHOICE, "to": AMA, "account.1": "KE1", "account.2": "K/2"}
ALL = {"choice": CHOICE, "to": AMA, "which": "all"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"limit": "50"}),
        ({"holder": " ama ", "status": "active"}, {"holder": "ama", "status": "active"}),
        ({"portal": "north", "cursor": "c"}, {"portal": "north", "cursor": "c"}),
        ({"id": "K/1", "status": "active"}, {"beginning": "K/1", "status": "active"}),
    ],
)
def test_a_search_uses_the_filters_of_the_api(
    admin: Browser, stand: Stand, query: dict[str, str], expected: dict[str, str]
) -> None:
    page = admin.get("/accounts", **query)

    (sent,) = searches(stand)
    assert expected.items() <= sent.items()
    assert ("status" in sent) == ("status" in expected)
    assert "KE1" in page.text
    assert "/console/accounts/show?id=KE1" in page.read.values("href")


def test_a_search_that_finds_little_continues_and_then_offers_more(
    admin: Browser, stand: Stand
) -> None:
    stand.canned["GET", "/accounts"] = 200, {"accounts": [], "cursor": "further"}

    page = admin.get("/accounts", portal="north")

    assert len(searches(stand)) == pages.MAX_READS
    assert "No account matches so far" in page.text
    assert "/console/accounts?cursor=further&portal=north" in page.read.values("href")


@pytest.mark.parametrize(
    ("query", "words"),
    [({}, "There are no accounts yet"), ({"portal": "x"}, "No account matches")],
)
def test_an_empty_list_says_what_to_do(
    admin: Browser, stand: Stand, query: dict[str, str], words: str
) -> None:
    stand.canned["GET", "/accounts"] = 200, {"accounts": [], "cursor": None}

    assert words in admin.get("/accounts", **query).text


def test_ticked_accounts_are_handed_over_by_way_of_a_previewed_dry_run(
    admin: Browser, stand: Stand
) -> None:
    page = admin.post("/accounts/hand-over", {**TICKED, "which": "ticked"})

    assert handed(stand) == [
        {
            "profile": "single-strict",
            "role": "account_manager",
            "to": [AMA],
            "account_ids": ["KE1", "K/2"],
            "mode": "dry_run",
        }
    ]
    assert page.headers["location"] == "/console/imports/t-1"


def test_all_accounts_of_one_holder_are_handed_over_by_the_holder(
    admin: Browser, stand: Stand
) -> None:
    admin.post("/accounts/hand-over", {**ALL, "holder": "sam@lumina.example"})

    (body,) = handed(stand)
    assert body["held_by"] == "sam@lumina.example"
    assert "account_ids" not in body


def test_all_accounts_of_another_search_are_read_first(admin: Browser, stand: Stand) -> None:
    admin.post("/accounts/hand-over", {**ALL, "holder": "sam@lumina.example", "status": "active"})

    (body,) = handed(stand)
    assert body["account_ids"] == ["KE1", "KE2"]
    assert searches(stand)[0]["status"] == "active"


def test_more_accounts_than_one_assignment_may_name_are_not_handed_over(
    admin: Browser, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_FOUND", 1)

    page = admin.post("/accounts/hand-over", {**ALL, "portal": "north"})

    assert handed(stand) == []
    assert "More than 1 accounts match" in page.text


def test_choosing_nobody_removes_the_holders_of_the_role(admin: Browser, stand: Stand) -> None:
    admin.post("/accounts/hand-over", {**TICKED, "to": "", "nobody": "1"})

    assert [body["to"] for body in handed(stand)] == [[]]


def test_a_name_means_the_only_active_user_who_has_it(admin: Browser, stand: Stand) -> None:
    found = [user(AMA, name="Ama Lawson"), user("x@lumina.example", name="Ama Lawson Junior")]
    stand.canned["GET", "/users"] = 200, {"users": found, "cursor": None}

    admin.post("/accounts/hand-over", {**TICKED, "to": "ama lawson"})

    assert [body["to"] for body in handed(stand)] == [[AMA]]


@pytest.mark.parametrize(
    ("changes", "users", "words"),
    [
        ({"to": ""}, [], "Name who takes over"),
        ({"nobody": "1"}, [], "Either name somebody or choose nobody"),
        ({"choice": ""}, [], "Choose the role"),
        ({"account.1": "", "account.2": ""}, [], "No account is ticked"),
        ({"to": "Ama"}, [], "no active user called “Ama”"),
        ({"to": "Ama"}, [user(AMA, name="Ama", status="inactive")], "no active user called"),
        (
            {"to": "Ama"},
            [user(AMA, name="Ama"), user("b@lumina.example", name="Ama")],
            f"Several users are called “Ama”: Ama ({AMA}), Ama (b@lumina.example)",
        ),
    ],
)
def test_an_incomplete_form_is_shown_again_as_it_was(
    admin: Browser, stand: Stand, changes: dict[str, str], users: list[Any], words: str
) -> None:
    stand.canned["GET", "/users"] = 200, {"users": users, "cursor": None}
    form = {name: value for name, value in {**TICKED, **changes}.items() if value}

    page = admin.post("/accounts/hand-over", {**form, "portal": "north"})

    assert page.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert words in page.text
    assert handed(stand) == []
    assert values(page, "portal") == ["north", "north"]
    assert values(page, "to") == [form.get("to", "")]
    ticked = [one for _, one in page.read.elements if "checked" in one and one["type"] != "radio"]
    assert ("KE1" in [one["value"] for one in ticked]) == ("account.1" in form)


def values(page: Page, name: str) -> list[str | None]:
    """The values of the fields of that name."""
    return [one.get("value") for _, one in page.read.elements if one.get("name") == name]


def test_a_refusal_by_the_api_is_shown_on_the_page(admin: Browser, stand: Stand) -> None:
    stand.canned["POST", "/assignments"] = 400, {"detail": "'x' is no active user", "field": "to"}

    page = admin.post("/accounts/hand-over", TICKED)

    assert "'x' is no active user" in page.text
    assert "Nothing was changed" in page.text


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_each_person_is_offered_only_what_the_api_allows_them(
    browser: Browser, stand: Stand, worlds: World, actor: Actor
) -> None:
    stand.world = worlds
    browser.sign_in(actor)
    form = {**TICKED, "account.1": "K001", "to": "sam.sales@lumina.example"}
    may = actor.name in ("admin", "office", "togo-admin")

    page = browser.get("/accounts", holder="sam.sales@lumina.example")
    given = browser.post("/accounts/hand-over", form)

    assert "K001" in page.text
    assert (f'value="{CHOICE}"' in page.body) is may
    assert (given.status == HTTPStatus.SEE_OTHER) is may
    assert [word for word in OTHERS_WORDS if word in page.body.lower()] == []


def rows_of(page: Page) -> list[list[str]]:
    """A CSV file, by line."""
    return list(csv.reader(io.StringIO(page.body.removeprefix("\ufeff"))))


def test_the_accounts_of_a_search_are_exported_with_every_role(
    admin: Browser, stand: Stand
) -> None:
    awaited = samples.assignee("", email="new@lumina.example", mobile="", is_pending=True)
    stand.canned["GET", "/accounts"] = (
        200,
        {
            "accounts": [
                account("KE1", samples.assignee(), awaited),
                account("=1+1", assigned={"workflow": ["Onboarding"]}, people={}),
            ],
            "cursor": None,
        },
    )

    page = admin.get("/accounts/export", portal="north")

    assert page.headers["content-type"].startswith("text/csv")
    assert page.headers["content-disposition"] == 'attachment; filename="accounts.csv"'
    assert page.body.startswith("\ufeff")
    header, first, second = rows_of(page)
    assert header[5:] == [
        "portals",
        "account_manager",
        "account_manager name",
        "account_manager mobile",
        "account_manager phone",
        "workflow",
    ]
    assert first[0] == "KE1"
    assert first[6] == "wanjiru.mwangi@lumina.example,pending:new@lumina.example"
    assert (second[0], second[-1]) == ("'=1+1", "Onboarding")


def test_an_export_that_is_too_large_is_refused_as_a_whole(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MAX_FOUND", "MAX_FILE_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(pages, limit, 1)
            page = admin.get("/accounts/export")
        assert page.status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "handover export" in page.text


def test_an_export_that_takes_too_long_is_refused_as_a_whole(
    admin: Browser, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.canned["GET", "/accounts"] = 200, {"accounts": [account()], "cursor": "further"}
    monkeypatch.setattr(pages, "READ_SECONDS", 0.05)

    assert admin.get("/accounts/export").status == HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize(
    "value",
    [*HOSTILE[:6], "=1", "'=1", "-1", "@x", "+1", "|x", "%x", "\uff1d1", "a;=1", "a,'=1", "a", ""],
)
def test_a_cell_of_an_export_is_guarded_as_in_a_report(value: str) -> None:
    assert guarded(value) == guard(value)


def test_a_control_character_never_reaches_an_export() -> None:
    assert guarded("a\x00\x1b[2Jb") == "a\ufffd\ufffd[2Jb"
