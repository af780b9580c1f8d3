"""One tenant sees nothing of another, beyond the answers that tests/rights compares."""

from __future__ import annotations

import pytest

from tests.kit.caller import Answer
from tests.kit.cast import (
    INSIDERS,
    OTHER,
    OTHER_ADMIN,
    OTHERS_WORDS,
    OWN,
    SALES,
    SHARED_ACCOUNT,
    TWIN,
    Actor,
    World,
    signed_in_as,
)


def assert_tells_nothing_of_others(answer: Answer) -> None:
    text = f"{answer.text} {answer.headers}".lower()

    assert not [word for word in OTHERS_WORDS if word in text], text


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_lists_contain_only_things_of_the_own_tenant(world: World, actor: Actor) -> None:
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


def test_a_cursor_of_another_tenant_lists_only_own_imports(world: World) -> None:
    other = signed_in_as("other-admin", OTHER_ADMIN, OTHER)
    theirs = world.ask(other, "GET", "/imports", query={"limit": "1"}).body["cursor"]

    page = world.ask(INSIDERS[0], "GET", "/imports", query={"cursor": theirs})

    assert page.status == 200
    assert {one["tenant"] for one in page.body["imports"]} <= {OWN}
    assert_tells_nothing_of_others(page)


def test_an_address_in_two_tenants_has_only_the_role_of_the_own_tenant(world: World) -> None:
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
