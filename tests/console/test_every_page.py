"""Every page with the real API: each user sees what the API allows, and no more."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import parse_qsl

import pytest
from handover_console.site import PAGES

from tests.console.browser import Browser
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OTHERS_WORDS, OWN, SALES, Actor, World

NOBODY: tuple[str, ...] = ()
WITHOUT_RIGHTS = ("sales", "support")
NO_ADMINS = ("office", *WITHOUT_RIGHTS)
# The people whom each page refuses; all others get it. A part in braces is a name of the world.
REFUSED = {
    "/home": NOBODY,
    "/import": NOBODY,
    "/imports": NOBODY,
    "/imports/{ended}": NOBODY,
    "/imports/{of-sales}": NOBODY,
    "/imports/{preview}": WITHOUT_RIGHTS,
    "/imports/{running}": NOBODY,
    "/imports/{waiting}": NOBODY,
    "/imports/{ended}/progress": NOBODY,
    "/imports/{ended}/report": WITHOUT_RIGHTS,
    "/imports/{ended}/results": WITHOUT_RIGHTS,
    "/profiles/single-strict/template": NOBODY,
    "/approvals": NOBODY,
    "/accounts": NOBODY,
    "/accounts/export": NOBODY,
    "/accounts/show?id=K001": NOBODY,
    "/people": NOBODY,
    f"/people/one?email={SALES.email}": NOBODY,
    "/people/new": NOBODY,
    f"/people/edit?email={SALES.email}": NOBODY,
    "/people/pending": NO_ADMINS,
    f"/people/leaving?email={SALES.email}": NOBODY,
    "/requests": NOBODY,
    "/requests/{request}": ("office", "support"),
    "/set-up": NO_ADMINS,
    "/set-up/audit": NO_ADMINS,
    "/set-up/profiles/single-strict": NOBODY,
    "/authenticator": NOBODY,
}


def test_every_page_is_in_the_table() -> None:
    patterns = [pattern for method, pattern in PAGES if method == "GET"]
    paths = [page.partition("?")[0] for page in REFUSED]

    def fits(pattern: str, path: str) -> bool:
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) is not None

    assert [one for one in patterns if not any(fits(one, path) for path in paths)] == []


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_each_user_gets_the_pages_of_their_roles_and_no_text_of_another_tenant(
    browser: Browser, stand: Stand, worlds: World, actor: Actor
) -> None:
    stand.world = worlds
    stand.pool["GetUser"] = 200, {"UserMFASettingList": []}
    browser.sign_in(actor, groups=("Admin",) if "admin" in actor.name else ())
    refused: list[str] = []
    for page in REFUSED:
        path, _, query = page.partition("?")
        found = browser.get(path.format(**worlds.names[OWN]), **dict(parse_qsl(query)))
        assert found.status in (HTTPStatus.OK, HTTPStatus.SEE_OTHER, HTTPStatus.FORBIDDEN), page
        assert [word for word in OTHERS_WORDS if word in found.body.lower()] == [], page
        refused += [page] if found.status == HTTPStatus.FORBIDDEN else []

    assert refused == [page for page, actors in REFUSED.items() if actor.name in actors]
