"""Signing in and out, and staying signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Cookie, expect

from tests.browser.conftest import Opening
from tests.browser.console import Console
from tests.kit.deployed import ADMIN, DeployedStack

ID, REFRESH = "__Host-handover-id", "__Host-handover-refresh"


def cookies(console: Console) -> dict[str, Cookie]:
    return {one["name"]: one for one in console.page.context.cookies()}


@pytest.fixture
def short_tokens(deployed: DeployedStack) -> Iterator[None]:
    """Tokens that are valid for five minutes: the console refreshes one with that little left."""
    pools, outputs = deployed.client("cognito-idp"), deployed.stack.outputs
    which = {"UserPoolId": outputs["UserPoolId"], "ClientId": outputs["UserPoolClientId"]}
    found = pools.describe_user_pool_client(**which)["UserPoolClient"]
    dates = ("CreationDate", "LastModifiedDate")
    # An update resets fields that it leaves out, and refuses empty ones.
    kept = {name: value for name, value in found.items() if value and name not in dates}
    pools.update_user_pool_client(**{**kept, **which, "IdTokenValidity": 5})
    yield
    pools.update_user_pool_client(**{**kept, **which})


def test_signing_in_leads_to_the_requested_page_and_signing_out_leaves_the_console(
    open_console: Opening,
) -> None:
    console = open_console()

    console.sign_in(ADMIN, "/imports?state=done&person=ines")
    console.sees("history", console.heading("History"))
    expect(console.page.get_by_label("Person")).to_have_value("ines")
    kept = cookies(console)
    console.button("Sign out").click()
    console.sees("welcome", console.page.get_by_role("link", name="Sign in"))

    assert sorted(kept) == [ID, REFRESH]
    assert all(one["httpOnly"] and one["secure"] for one in kept.values())
    assert cookies(console) == {}
    console.page.go_back()
    expect(console.heading("History")).to_have_count(0)


def test_a_token_that_ends_soon_is_refreshed_until_the_sign_in_is_revoked(
    open_console: Opening, deployed: DeployedStack, short_tokens: None
) -> None:
    console = open_console()
    console.sign_in(ADMIN)
    before = cookies(console)

    console.page.get_by_role("link", name="History").click()
    console.sees("history", console.heading("History"))
    after = cookies(console)
    deployed.client("cognito-idp").revoke_token(
        Token=after[REFRESH]["value"], ClientId=deployed.stack.outputs["UserPoolClientId"]
    )
    console.page.get_by_role("link", name="Home").click()

    console.sees("welcome", console.page.get_by_role("link", name="Sign in"))
    assert before[ID]["value"] != after[ID]["value"]
    assert before[REFRESH]["value"] == after[REFRESH]["value"]
