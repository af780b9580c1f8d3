"""People, with the real API: the list, what they hold, and how somebody leaves."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from tests.console.browser import Browser
from tests.console.samples import PROFILES, member
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OTHER_SALES, SALES, TOGO_SALES, World

ADMIN, SUPPORT = INSIDERS[0], INSIDERS[3]
PERSON = str(member()["email"])


@pytest.fixture
def at_work(browser: Browser, stand: Stand, worlds: World) -> Browser:
    """A browser of a signed-in Admin, with the real API."""
    stand.world = worlds
    browser.sign_in(ADMIN, groups=("Admin",))
    return browser


def test_a_user_of_another_tenant_is_not_found(at_work: Browser) -> None:
    for path in ("/people/one", "/people/edit", "/people/leaving"):
        assert at_work.get(path, email=OTHER_SALES.email).status == HTTPStatus.NOT_FOUND


def test_the_list_shows_how_many_accounts_each_holds(at_work: Browser) -> None:
    page = at_work.get("/people")

    after = page.text.split(SALES.email)[1]
    assert after.split()[0] == "12"
    assert f"/console/people/one?email={SALES.email.replace('@', '%40')}" in page.read.values(
        "href"
    )


def test_the_list_says_if_a_user_holds_more_accounts_than_it_counts(
    browser: Browser, stand: Stand
) -> None:
    stand.canned["GET", "/users"] = 200, {"users": [member(held=1000)], "cursor": None}
    browser.sign_in(ADMIN)

    assert "1 000+" in browser.get("/people").text


def test_a_search_that_has_found_nobody_so_far_offers_to_continue(
    browser: Browser, stand: Stand
) -> None:
    stand.canned["GET", "/users"] = 200, {"users": [], "cursor": "next"}
    browser.sign_in(ADMIN)

    page = browser.get("/people", name="sam")

    assert "Nobody matches so far" in page.text
    assert "/console/people?name=sam&cursor=next" in page.read.values("href")
    assert len(stand.requests) == 3


def test_people_are_found_by_the_beginning_of_their_name(at_work: Browser) -> None:
    found, nobody = at_work.get("/people", name="sam"), at_work.get("/people", name="zz")

    assert SALES.email in found.text
    assert TOGO_SALES.email not in found.text
    assert "Nobody's name begins with “zz”" in nobody.text


def test_only_admins_are_offered_what_only_admins_can_do(at_work: Browser) -> None:
    for_admin = at_work.get("/people/one", email=SALES.email)
    at_work.sign_in(SUPPORT)
    for_support = at_work.get("/people/one", email=SALES.email)

    assert "/console/people/delete" in for_admin.read.values("action")
    assert [one for one in for_support.read.values("action") if "/people/" in one] == []
    assert "K001" in for_support.text


def test_a_user_is_invited_edited_and_deleted(at_work: Browser) -> None:
    email = "new.joiner@lumina.example"
    fields = {"email": email, "name": "New Joiner", "roles": "Sales; Support", "opco": "Kenya"}

    invited = at_work.post("/people/new", fields)
    shown = at_work.get("/people/one", **invited.query)
    edited = at_work.post("/people/edit", {**fields, "name": "Newer Joiner"})
    changed = at_work.get("/people/one", **edited.query)
    deleted = at_work.post("/people/delete", {"email": email})

    assert invited.query == {"email": email, "done": "invited"}
    assert "Sales, Support" in shown.text
    assert "The invitation is on its way" in shown.text
    assert "Newer Joiner" in changed.text
    assert deleted.headers["location"].startswith("/console/imports/")


def test_a_refused_form_keeps_the_typed_values_and_says_what_is_wrong(
    at_work: Browser,
) -> None:
    typed = {"email": "no-address", "name": "Newest Joiner", "roles": "Sales"}

    page = at_work.post("/people/new", typed)

    assert page.status == HTTPStatus.BAD_REQUEST
    assert "'no-address' is no address" in page.text
    assert "Nothing was stored." in page.text
    assert {"no-address", "Newest Joiner", "Sales"} <= set(page.read.values("value"))


@pytest.mark.parametrize("path", ["/people/new", "/people/edit", "/people/delete"])
def test_a_user_who_is_not_an_admin_changes_nobody(
    at_work: Browser, worlds: World, path: str
) -> None:
    at_work.sign_in(SUPPORT)
    before = worlds.state()

    page = at_work.post(path, {"email": SALES.email, "name": "X", "roles": "Admin"})

    assert page.status == HTTPStatus.FORBIDDEN
    assert worlds.state() == before


def test_a_leaver_hands_over_role_by_role_with_a_preview(at_work: Browser, stand: Stand) -> None:
    page = at_work.get("/people/leaving", email=SALES.email)
    form = {"email": SALES.email, "role": "account_manager", "profile": "single-strict"}

    previewed = at_work.post(
        "/people/leaving", {**form, "what": "hand", "to": "joyce.wambui@lumina.example"}
    )

    assert "account manager: 12 accounts" in page.text
    assert previewed.headers["location"].startswith("/console/imports/")
    assert stand.requests[-1] == (
        "POST",
        "/assignments",
        {
            "profile": "single-strict",
            "role": "account_manager",
            "held_by": SALES.email,
            "to": "joyce.wambui@lumina.example",
            "mode": "dry_run",
        },
    )


def test_a_handover_without_a_successor_is_refused(at_work: Browser, stand: Stand) -> None:
    form = {"email": SALES.email, "role": "account_manager", "profile": "single-strict"}

    page = at_work.post("/people/leaving", {**form, "what": "hand", "to": " "})

    assert page.status == HTTPStatus.BAD_REQUEST
    assert "Give the address of who takes over" in page.text
    assert "account manager: 12 accounts" in page.text
    assert [one for one in stand.requests if one[0] == "POST"] == []


def test_a_role_is_left_empty_if_that_is_chosen(at_work: Browser, stand: Stand) -> None:
    form = {"email": SALES.email, "role": "account_manager", "profile": "single-strict"}

    at_work.post("/people/leaving", {**form, "what": "clear", "to": TOGO_SALES.email})

    body = stand.requests[-1][2]
    assert isinstance(body, dict)
    assert body["to"] is None
    assert body["mode"] == "dry_run"


def test_the_last_step_makes_a_user_inactive_and_keeps_the_rest(at_work: Browser) -> None:
    done = at_work.post("/people/leaving/last", {"email": TOGO_SALES.email})
    page = at_work.get("/people/one", **done.query)
    again = at_work.get("/people/leaving", email=TOGO_SALES.email)

    assert "they can neither sign in nor be assigned" in page.text
    assert TOGO_SALES.name in page.text
    assert "Togo" in page.text
    assert "is already inactive" in again.text


def test_a_role_that_no_profile_assigns_is_marked_so(browser: Browser, stand: Stand) -> None:
    person = PERSON.replace("@", "%40")
    stand.canned |= {
        ("GET", f"/users/{person}"): (200, member()),
        ("GET", f"/portfolios/{person}"): (
            200,
            {"accounts": [{"role": "deputy", "account_id": "K1"}], "cursor": None},
        ),
        ("GET", "/profiles"): (200, PROFILES),
    }
    browser.sign_in(ADMIN)

    assert (
        "No profile that you may use assigns this role"
        in browser.get("/people/leaving", email=PERSON).text
    )
