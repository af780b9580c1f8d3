"""Who may do what through the API: role, tenant and object against every action.

What another tenant has is answered exactly as what nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.functional.api.caller import Answer
from tests.intruders import accounts, errands, people
from tests.intruders.actions import Action, editing, on
from tests.intruders.cast import (
    INSIDERS,
    OTHER,
    OTHER_ACCOUNT,
    OTHER_ADMIN,
    OTHER_PROFILE,
    OTHER_SALES,
    OTHERS_WORDS,
    OUTSIDERS,
    OWN,
    OWN_PROFILE,
    SALES,
    SHARED_ACCOUNT,
    TWIN,
    Actor,
    World,
    signed_in_as,
)

# For admin, office, sales, support and an admin of another opco, in this order.
ALL = (200, 200, 200, 200, 200)
RIGHTS: dict[Action, tuple[int, ...]] = {
    Action("POST", "/imports", profile="single-strict"): (201, 201, 403, 403, 201),
    Action("POST", "/imports", profile=OWN_PROFILE): (403, 403, 201, 403, 403),
    Action("GET", "/imports"): ALL,
    on("ended"): ALL,
    on("running"): ALL,
    on("ticket"): ALL,
    on("ended", rest="/report"): (302, 302, 403, 403, 302),
    on("ended", rest="/results"): (302, 302, 403, 403, 302),
    on("of-sales", rest="/report"): (302, 403, 302, 403, 302),
    on("of-sales", rest="/results"): (302, 403, 302, 403, 302),
    on("running", rest="/report"): (409, 409, 403, 403, 409),
    on("running", rest="/results"): (409, 409, 403, 403, 409),
    on("waiting", "POST", "/approve"): (202, 403, 403, 403, 202),
    on("ended", "POST", "/approve"): (409, 403, 403, 403, 409),
    on("ticket", "POST", "/approve"): (409, 403, 403, 403, 409),
    on("waiting", "POST", "/cancel"): (202, 202, 403, 403, 202),
    on("running", "POST", "/cancel"): (202, 403, 403, 403, 202),
    on("ended", "POST", "/cancel"): (409, 409, 403, 403, 409),
    on("ticket", "POST", "/cancel"): (202, 202, 403, 403, 202),
    Action("GET", "/profiles"): ALL,
    Action("GET", f"/profiles/{OWN_PROFILE}"): ALL,
    Action("GET", f"/profiles/{OWN_PROFILE}/template"): ALL,
    **accounts.RIGHTS,
    **people.RIGHTS,
    **errands.RIGHTS,
}
INSIDE = [
    pytest.param(actor, action, status, id=f"{actor} {action}")
    for action, statuses in RIGHTS.items()
    for actor, status in zip(INSIDERS, statuses, strict=True)
]
OUTSIDE = [
    pytest.param(actor, action, id=f"{actor} {action}") for action in RIGHTS for actor in OUTSIDERS
]


def across() -> Iterator[Any]:
    """Every action on what another tenant has, and the same on what nobody has."""
    absent_import, absent_ticket = "f" * 32, "20260706T120000000Z-0123456789abcdef"
    pairs = [
        (Action(method, f"/imports/{{name}}{rest}", of), absent)
        for of, absent in (
            ("ended", absent_import),
            ("waiting", absent_import),
            ("running", absent_import),
            ("ticket", absent_ticket),
        )
        for method, rest in (
            ("GET", ""),
            ("GET", "/report"),
            ("GET", "/results"),
            ("POST", "/approve"),
            ("POST", "/cancel"),
            ("POST", "/undo"),
        )
    ]
    there = [
        (Action("GET", quote(f"/accounts/{OTHER}#{OTHER_ACCOUNT}")), "/accounts/nowhere%23x"),
        (Action("GET", f"/profiles/{OTHER_PROFILE}"), "/profiles/nobodys-list"),
        (Action("GET", f"/profiles/{OTHER_PROFILE}/template"), "/profiles/nobodys-list/template"),
        *accounts.THERE,
        *people.THERE,
    ]
    for actor in INSIDERS:
        for action, absent in pairs:
            yield pytest.param(
                actor, action, action.path.format(name=absent), id=f"{actor} {action}"
            )
        for action, path in there:
            yield pytest.param(actor, action, path, id=f"{actor} {action}")


ACROSS = list(across())


def asked(world: World, actor: Actor, action: Action, tenant: str) -> Answer:
    path = action.path.format(name=world.names[tenant].get(action.of, ""))
    return world.ask(actor, action.method, path, action.body)


def told(answer: Answer) -> tuple[Any, ...]:
    """All of an answer but where it was asked for."""
    body = dict(answer.body)
    assert body.pop("instance")
    return answer.status, answer.headers, body


def assert_tells_nothing_of_others(answer: Answer, *but: str) -> None:
    text = f"{answer.text} {answer.headers}"
    for allowed in but:
        text = text.replace(allowed, "")
    found = [word for word in OTHERS_WORDS if word in text.lower()]
    assert not found, text


@pytest.mark.parametrize(("actor", "action", "status"), INSIDE)
def test_a_user_may_do_what_their_role_allows_and_nothing_else(
    world: World, actor: Actor, action: Action, status: int
) -> None:
    before = world.state()

    answer = asked(world, actor, action, OWN)

    assert answer.status == status, answer.text
    assert_tells_nothing_of_others(answer)
    assert (world.state() == before) == (action.method == "GET" or status >= 400)


@pytest.mark.parametrize(("actor", "action"), OUTSIDE)
def test_who_is_no_active_user_of_the_tenant_may_do_nothing(
    world: World, actor: Actor, action: Action
) -> None:
    before = world.state()

    answer = asked(world, actor, action, OWN)

    assert answer.status == 403, answer.text
    assert answer.body["detail"] == (
        "you are signed in, but no active user of a tenant's directory"
    )
    assert world.state() == before


@pytest.mark.parametrize(("actor", "action", "absent"), ACROSS)
def test_what_another_tenant_has_is_answered_as_what_nobody_has(
    world: World, actor: Actor, action: Action, absent: str
) -> None:
    before = world.state()

    there = asked(world, actor, action, OTHER)
    nowhere = world.ask(actor, action.method, absent, action.body)

    assert there.status in (403, 404)
    if there.status == 403:  # by role alone, before anything is looked up
        by_role = action.path.endswith("/approve") or action.method == "PATCH"
        assert by_role or (action, absent) in people.THERE
    assert told(there) == told(nowhere)
    assert_tells_nothing_of_others(there, there.body["instance"])
    assert world.state() == before


@pytest.mark.parametrize("actor", INSIDERS[:2], ids=str)
def test_another_tenants_profile_is_announced_for_as_nobodys(world: World, actor: Actor) -> None:
    answers = [
        world.ask(actor, "POST", "/imports", {"profile": profile, "filename": "a.csv"})
        for profile in (OTHER_PROFILE, "nobodys-list")
    ]

    assert told(answers[0]) == told(answers[1])
    assert answers[0].status == 400
    assert_tells_nothing_of_others(answers[0])


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_a_request_for_another_tenants_account_is_one_for_nobodys(
    world: World, actor: Actor
) -> None:
    before = world.state()

    answers = [
        world.ask(actor, "POST", "/requests", accounts.REQUEST | {"account_id": account_id})
        for account_id in (OTHER_ACCOUNT, "NOIR-78")
    ]

    assert told(answers[0]) == told(answers[1])
    assert answers[0].status == 404
    assert_tells_nothing_of_others(answers[0])
    assert world.state() == before


def test_another_tenants_user_is_assigned_as_little_as_nobody(world: World) -> None:
    addresses = (OTHER_SALES.email, "petra@umbra.example")

    answers = [
        asked(world, INSIDERS[0], editing(SHARED_ACCOUNT, address), OWN) for address in addresses
    ]

    there, nowhere = (
        answer.text.replace(address, "") for answer, address in zip(answers, addresses, strict=True)
    )
    assert answers[0].status == 422
    assert there == nowhere


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_lists_hold_the_own_tenants_things_alone(world: World, actor: Actor) -> None:
    listed = world.ask(actor, "GET", "/imports", query={"limit": "100"})

    assert {one["tenant"] for one in listed.body["imports"]} == {OWN}
    names = world.names[OWN]
    mine = set(names.values()) - {names["ticket"], names["request"]}
    assert mine <= {one["import_id"] for one in listed.body["imports"]}
    for path in (
        "/profiles",
        "/accounts",
        f"/accounts?holder={TWIN.email}",
        f"/accounts/{SHARED_ACCOUNT}/history",
        f"/portfolios/{TWIN.email}",
    ):
        assert_tells_nothing_of_others(world.ask(actor, "GET", path))


def test_a_cursor_of_another_tenant_leads_to_the_own_tenants_imports(world: World) -> None:
    other = signed_in_as("other-admin", OTHER_ADMIN, OTHER)
    theirs = world.ask(other, "GET", "/imports", query={"limit": "1"}).body["cursor"]

    page = world.ask(INSIDERS[0], "GET", "/imports", query={"cursor": theirs})

    assert page.status == 200
    assert {one["tenant"] for one in page.body["imports"]} <= {OWN}
    assert_tells_nothing_of_others(page)


def test_an_address_that_two_tenants_have_brings_no_role_along(world: World) -> None:
    """The same address is an Admin in the other tenant."""
    there, here = (signed_in_as("twin", TWIN, tenant) for tenant in (OTHER, OWN))
    waiting = world.names[OWN]["waiting"]

    assert world.ask(here, "POST", f"/imports/{waiting}/approve").status == 403
    assert world.ask(there, "POST", f"/imports/{waiting}/approve").status == 404


@pytest.mark.parametrize("groups", ["[Admin]", "Admin", "[Sales Admin]"])
def test_groups_in_a_token_give_no_right(world: World, groups: str) -> None:
    actor = Actor("sales", {"email": SALES.email, "custom:tenant": OWN, "cognito:groups": groups})
    waiting = world.names[OWN]["waiting"]

    assert world.ask(actor, "POST", f"/imports/{waiting}/approve").status == 403


def test_the_matrix_is_as_large_as_it_is_said_to_be() -> None:
    assert len(INSIDE) + len(OUTSIDE) + len(ACROSS) >= 500
