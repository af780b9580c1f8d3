"""From a page to changed accounts and back, with the real API and all functions."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import pytest
from handover.model import Mode

from tests.console.browser import Browser, Page
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, World
from tests.kit.fixtures import pipeline
from tests.kit.pipeline import AMINA, BARAKA, SALES, Pipeline, file_of

__all__ = ["pipeline"]

MANY = 12
CHOICE = "single-strict/account_manager"


@pytest.fixture
def admin(browser: Browser, stand: Stand, pipeline: Pipeline) -> Browser:
    """An Admin at a dozen accounts of one manager."""
    pipeline.kenyan(MANY, held_by=AMINA)
    pipeline.settle()
    stand.world = World(pipeline)
    browser.sign_in(INSIDERS[0])
    return browser


def followed(browser: Browser, page: Page) -> Page:
    """The page that an answer redirects to; a ticket redirects to its import."""
    for _ in range(3):
        if page.status != HTTPStatus.SEE_OTHER:
            break
        to = urlsplit(page.headers["location"])
        page = browser.get(to.path.removeprefix("/console"), **dict(parse_qsl(to.query)))
    return page


def place(page: Page, what: str) -> str:
    """The target of the form with that action."""
    (found,) = [one for one in page.read.values("action") if one.endswith(f"/{what}")]
    return found.removeprefix("/console")


def ended(browser: Browser, pipeline: Pipeline, page: Page) -> Page:
    """The import that an answer redirects to, after everything that follows."""
    pipeline.settle()
    return followed(browser, page)


def test_accounts_are_handed_over_exactly_as_previewed_and_the_handover_is_undone(
    admin: Browser, pipeline: Pipeline
) -> None:
    form = {"holder": AMINA, "choice": CHOICE, "to": BARAKA, "which": "all"}

    preview = ended(admin, pipeline, admin.post("/accounts/hand-over", form))
    held_before = pipeline.holders("K000", "K011")
    done = ended(admin, pipeline, admin.post(place(preview, "apply"), {"mode": "run"}))
    held = pipeline.holders("K000", "K011")
    back = ended(admin, pipeline, admin.post(place(done, "undo")))
    undone = ended(admin, pipeline, admin.post(place(back, "apply"), {"mode": "run"}))

    assert f"Apply these {MANY} changes" in preview.text
    assert "Amina Otieno → Baraka Mwangi" in preview.text
    assert (held_before, held) == ([AMINA, AMINA], [BARAKA, BARAKA])
    assert f"{MANY} accounts changed" in done.text
    assert f"{MANY} accounts get back what they had before" in back.text
    assert f"{MANY} accounts changed" in undone.text
    assert pipeline.holders("K000", "K011") == [AMINA, AMINA]


def test_an_undo_keeps_an_account_that_changed_since_and_the_preview_says_why(
    admin: Browser, pipeline: Pipeline
) -> None:
    ticked = {"account.1": "K000", "account.2": "K001", "choice": CHOICE, "to": BARAKA}
    preview = ended(admin, pipeline, admin.post("/accounts/hand-over", ticked))
    done = ended(admin, pipeline, admin.post(place(preview, "apply"), {"mode": "run"}))
    edit = {"id": "K001", "choice": CHOICE, "to": SALES}
    saved = followed(admin, admin.post("/accounts/show", {**edit, "step": "save"}))
    pipeline.settle()

    back = ended(admin, pipeline, admin.post(place(done, "undo")))

    assert "The change is saved" in saved.text
    assert "1 account gets back what it had before. 1 line is left alone" in back.text
    assert "K001" in back.text.split("Left alone, and why")[-1].split("Who will gain")[0]
    changes = admin.get("/accounts/show", id="K001").text.split("What has changed")[1]
    assert "edited by hand" in changes
    assert "of an import" in changes


def test_the_approver_sees_who_would_be_removed_and_approves(
    admin: Browser, pipeline: Pipeline
) -> None:
    ids = [f"K{number:03d}" for number in range(MANY)]
    dry_run = pipeline.upload(file_of([(one, "None") for one in ids]), mode=Mode.DRY_RUN)
    pipeline.run(dry_run)

    seen = admin.get(f"/imports/{pipeline.item(dry_run).pk}")
    waits = ended(admin, pipeline, admin.post(place(seen, "apply"), {"mode": "run"}))
    listed = admin.get("/approvals")
    approved = admin.post(place(waits, "approve"))
    held_before = pipeline.holders(*ids)
    pipeline.run()
    done = followed(admin, approved)

    assert "would clear more than the tenant's limit" in waits.text
    assert "Who would be taken off" in waits.text
    assert "Amina Otieno → nobody" in waits.text
    assert "customers.csv" in listed.text
    assert set(held_before) == {AMINA}
    assert f"{MANY} accounts changed" in done.text
    assert set(pipeline.holders(*ids)) == {""}
