"""Pages about what an earlier version has stored: each is shown."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from tests.console.browser import Browser
from tests.console.stand import Stand
from tests.functional.older.loading import load
from tests.kit.cast import Actor, World
from tests.kit.pipeline import ADMIN, TENANT, on_memory

# A part in braces is a name of the older stack.
PAGES = (
    "/home",
    "/imports",
    "/imports/{done}",
    "/imports/{error}",
    "/imports/{refused}",
    "/imports/{dry run}",
    "/imports/{clearing}",
    "/imports/{half}",
    "/imports/{removal}",
    "/imports/{ticket}",
    "/approvals",
    "/accounts",
    "/accounts/show?id=K000",
    "/accounts/show?id=K008",
    "/accounts/show?id=N1",
    "/people",
    "/people/one?email=amina.otieno@lumina.example",
    "/people/edit?email=cara.njeri@lumina.example",
    "/people/pending",
    "/people/leaving?email=leila.leaver@lumina.example",
    "/requests/{request}",
    "/set-up",
    "/set-up/profiles/house-list",
)


@pytest.mark.usefixtures("clients_of_memory")
def test_every_page_shows_what_older_code_has_stored(
    browser: Browser, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.pool["GetUser"] = 200, {"UserMFASettingList": []}
    with on_memory(monkeypatch) as pipeline:
        older = load(pipeline, "d4b7b5e")
        stand.world = World(pipeline)
        admin = Actor("admin", {"email": ADMIN, "custom:tenant": TENANT})
        browser.sign_in(admin, groups=("Admin",))

        for page in PAGES:
            path, _, query = page.format(**older.names).partition("?")
            assert browser.get(path, **dict(parse_qsl(query))).status == 200, page
