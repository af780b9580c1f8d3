"""Undo: always previewed first; only the preview leads to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from tests.console import samples
from tests.console.browser import Browser
from tests.console.samples import IMPORT_ID, line, lines, one_import
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OWN, Actor, World

HERE = f"/imports/{IMPORT_ID}"
UNDONE = "e" * 32


@pytest.fixture
def signed_in(browser: Browser, stand: Stand) -> Browser:
    """An Admin at an import."""
    browser.sign_in(INSIDERS[0])
    stand.canned |= {
        ("GET", f"{HERE}/summary"): (200, samples.summary()),
        ("GET", f"{HERE}/lines"): (200, lines(line(3, outcome="updated"))),
        ("POST", f"{HERE}/undo"): (202, {"import_ticket": "t-1"}),
        ("POST", f"{HERE}/apply"): (202, one_import(import_id=UNDONE)),
    }
    return browser


def found(stand: Stand, **changes: Any) -> None:
    """Sets fields of the import."""
    stand.canned["GET", HERE] = 200, one_import(**changes)


def test_an_undo_begins_with_its_preview(signed_in: Browser, stand: Stand) -> None:
    found(stand)

    offered = signed_in.get(HERE)
    page = signed_in.post(f"{HERE}/undo")

    assert f"/console{HERE}/undo" in offered.read.values("action")
    assert stand.requests[-1] == ("POST", f"{HERE}/undo", {"mode": "dry_run"})
    assert page.headers["location"] == "/console/imports/t-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": {**samples.COUNTS, "updated": 0, "cleared": 0}},
        {"mode": "dry_run"},
    ],
)
def test_an_import_without_changes_has_no_undo(
    signed_in: Browser, stand: Stand, changes: dict[str, Any]
) -> None:
    found(stand, **changes)

    assert f"/console{HERE}/undo" not in signed_in.get(HERE).read.values("action")


def test_the_preview_says_what_is_taken_back_and_what_stays_and_why(
    signed_in: Browser, stand: Stand
) -> None:
    why = "The account has changed since: account_manager is Sam, expected Ama"
    counts = {**samples.COUNTS, "superseded": 2}
    found(stand, mode="dry_run", state="done", undo_of=UNDONE, counts=counts)
    stand.canned["GET", f"{HERE}/lines"] = (
        200,
        lines(line(3, outcome="superseded", message=why, code="", hint="", suggestion="")),
    )

    page = signed_in.get(HERE)

    assert "34 accounts get back what they had before. 2 lines are left alone" in page.text
    assert "15 lines cannot be taken back" in page.text
    assert "Left alone, and why" in page.text
    assert why in page.text
    assert "Take back these 34 changes" in page.text
    assert f"/console/imports/{UNDONE}" in page.read.values("href")
    assert f"/console{HERE}?outcome=superseded#lines" in page.read.values("href")


def test_an_undo_applies_exactly_its_preview(signed_in: Browser, stand: Stand) -> None:
    page = signed_in.post(f"{HERE}/apply", {"mode": "run"})

    assert stand.requests[-1] == ("POST", f"{HERE}/apply", {"mode": "run"})
    assert page.headers["location"] == f"/console/imports/{UNDONE}"


def test_an_undo_without_effect_says_so(signed_in: Browser, stand: Stand) -> None:
    counts = {**samples.COUNTS, "updated": 0, "cleared": 0, "rejected": 0}
    found(stand, mode="dry_run", state="done", undo_of=UNDONE, counts=counts)

    page = signed_in.get(HERE)

    assert "There is nothing to take back" in page.text
    assert "No line is left alone" in page.text


@pytest.mark.parametrize("actor", INSIDERS, ids=str)
def test_a_user_who_may_not_import_such_files_may_not_undo_one(
    browser: Browser, stand: Stand, worlds: World, actor: Actor
) -> None:
    stand.world = worlds
    browser.sign_in(actor)

    page = browser.post(f"/imports/{worlds.names[OWN]['ended']}/undo")

    may = actor.name in ("admin", "office", "togo-admin")
    assert page.status == (HTTPStatus.SEE_OTHER if may else HTTPStatus.FORBIDDEN)
