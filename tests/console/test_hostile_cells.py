"""Text from files, people and systems is shown as text on every page."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from tests.console import samples
from tests.console.browser import Browser
from tests.console.samples import HOSTILE, IMPORT_ID, line, lines, one_import
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS

HERE = f"/imports/{IMPORT_ID}"
OTHER_ID = "f" * 32
REFUSAL = "refused"
PERSON = "wanjiru.mwangi@lumina.example"
SCREENS = {
    "home": "/home",
    "history": "/imports",
    "import": "/import",
    "columns": HERE,
    "preview": HERE,
    "progress": HERE,
    "result": HERE,
    "all lines": f"{HERE}?outcome=all",
    REFUSAL: HERE,
    "cancelled": HERE,
    "counts": HERE,
    "problem": HERE,
    "approvals": "/approvals",
    "approval": HERE,
    "undo": HERE,
    "accounts": "/accounts",
    "account": "/accounts/show?id=A-1",
    "account then": "/accounts/show?id=A-1&at=2026-05-31",
    "people": "/people",
    "person": f"/people/one?email={PERSON}",
    "editing a person": f"/people/edit?email={PERSON}",
    "leaving": f"/people/leaving?email={PERSON}",
    "awaited": "/people/pending",
    "requests": "/requests",
    "request": f"/requests/{samples.request()['request_id']}",
    "set-up": "/set-up",
    "audit": "/set-up/audit",
    "profile": "/set-up/profiles/own",
    "authenticator": "/authenticator",
}
STATES: dict[str, dict[str, object]] = {
    "columns": {"mode": "preview", "state": "done"},
    "preview": {"mode": "dry_run", "state": "done"},
    "progress": {"state": "processing"},
    "cancelled": {"state": "cancelled"},
    "approval": {
        "state": "awaiting_approval",
        "follows": OTHER_ID,
        "approval": {"reason": "would clear", "would_clear": 12, "lines": 12},
    },
    "undo": {
        "mode": "dry_run",
        "state": "done",
        "undo_of": OTHER_ID,
        "counts": {**samples.COUNTS, "superseded": 1},
    },
}
PLAIN = {"a", "body", "button", "caption", "code", "dd", "del", "details", "div", "dl", "dt"} | {
    "fieldset", "legend",
    "circle", "datalist", "form",
    "h1", "h2", "head", "header", "html", "input", "ins", "label", "li", "link",
    "main", "meta", "nav", "noscript", "ol", "option", "p", "path", "progress", "rect", "script",
    "section", "select", "span", "strong", "summary", "svg", "table", "tbody", "td", "textarea",
    "th", "thead", "time", "title", "tr", "ul",
    "g", "text", "wbr",
}  # fmt: skip


def fill(stand: Stand, screen: str, cell: str) -> None:
    """Sets answers of the API in which every text is the cell."""
    changes: dict[str, object] = {
        "filename": cell,
        "uploader": cell,
        "profile": cell,
        "source": cell,
    }
    changes |= STATES.get(screen, {})
    if screen == REFUSAL:
        changes |= {"state": "refused", "refusal": {"message": cell, "hint": cell}}
    if screen == "cancelled":
        changes["cancelled_by"] = cell
    one = one_import(**changes, warnings=[{"code": "X", "message": cell}])
    waiting = one_import(**{**changes, "state": "awaiting_approval"})
    profile = samples.WITH_ROLE | {"title": cell, "name": cell}
    held = samples.assignee(cell, email=cell, mobile=cell)
    account = samples.account(
        cell, held, name=cell, opco=cell, customer_id=cell, portals=[cell], at=one["received_at"]
    )
    account["assigned"][cell] = [cell]
    past = samples.change([cell], [], actor=cell, import_id=cell)
    past["changes"].append({"role": cell, "before": [], "after": [cell]})
    hostile = line(3, cell, account=cell, column=cell, suggestion=cell, fields={cell: cell})
    updated = {
        **hostile,
        "outcome": "updated",
        "roles": {cell: hostile["roles"]["account_manager"]},
    }
    stand.canned |= {
        ("GET", "/imports"): (200, {"imports": [one, waiting], "cursor": None}),
        ("GET", "/profiles"): (200, [*samples.PROFILES, profile]),
        ("GET", HERE): (404, {"detail": cell}) if screen == "problem" else (200, one),
        ("GET", f"/imports/{OTHER_ID}"): (200, one_import(mode="dry_run", profile=cell)),
        ("GET", f"/imports/{OTHER_ID}/summary"): (200, samples.summary(cell)),
        ("GET", f"/imports/{OTHER_ID}/lines"): (200, lines(updated)),
        ("GET", samples.ME): (200, samples.user(cell, "Admin")),
        ("GET", "/accounts"): (200, {"accounts": [account], "cursor": cell}),
        ("GET", "/history"): (200, {"history": [past], "cursor": cell}),
        ("GET", f"{HERE}/preview"): (200, samples.preview(cell)),
        ("GET", f"{HERE}/lines"): (200, lines(hostile, *([updated] * (screen != "result")))),
        ("GET", f"{HERE}/summary"): (404, {"detail": cell})
        if screen == "counts"
        else (200, samples.summary(cell)),
    }
    fill_directory(stand, cell)


def fill_directory(stand: Stand, cell: str) -> None:
    """Sets users, requests, set-up and a user pool in which every text is the cell."""
    request, holding = samples.request(cell), {"role": cell, "account_id": cell}
    person = PERSON.replace("@", "%40")
    awaited = {"address": cell, **holding, "since": "2026-11-22T10:00:00.000Z", "import_id": cell}
    stand.canned |= {("GET", path): (200, found) for path, found in samples.set_up(cell).items()}
    stand.canned |= {
        ("GET", "/users"): (200, {"users": [samples.member(cell)], "cursor": None}),
        ("GET", f"/users/{person}"): (200, samples.member(cell)),
        ("GET", f"/portfolios/{person}"): (200, {"accounts": [holding], "cursor": None}),
        ("GET", "/imports/days"): (200, {"days": [{"day": "2026-11-30", "imports": 2}]}),
        ("GET", "/pending/addresses"): (200, {"awaited": [{"address": cell, "accounts": 2}]}),
        ("GET", "/profiles/own"): (200, samples.profile(cell)),
        ("GET", "/pending"): (200, {"pending": [awaited], "cursor": None}),
        ("GET", "/requests"): (200, {"requests": [request], "cursor": None}),
        ("GET", "/audit"): (200, {"entries": [samples.entry(cell)], "cursor": cell}),
        ("GET", f"/requests/{request['request_id']}"): (200, request),
    }
    stand.pool["GetUser"] = 400, {"__type": "InvalidParameterException", "message": cell}


@pytest.mark.parametrize("cell", HOSTILE)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_hostile_cell_stays_text(browser: Browser, stand: Stand, screen: str, cell: str) -> None:
    browser.sign_in(INSIDERS[0], groups=("Admin",))
    stand.claims["name"] = cell
    fill(stand, screen, cell)
    path, _, query = SCREENS[screen].partition("?")

    page = browser.get(path, **dict(parse_qsl(query)))

    assert cell.split("\u0000")[0] in page.read.text
    assert {tag for tag, _ in page.read.elements} <= PLAIN
    for tag, attributes in page.read.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("/console/", "#")), (tag, value)
        if tag == "script":
            assert (attributes.get("src") or "").startswith("/console/static/")
    assert "{{" not in page.body.replace(cell, "")


def test_the_name_of_the_signed_in_person_stays_text(browser: Browser, stand: Stand) -> None:
    stand.canned |= samples.EMPTY_HOME
    browser.sign_in(INSIDERS[0])
    browser.cookies["__Host-handover-id"] = stand.token(name=HOSTILE[0], email=HOSTILE[1])

    page = browser.get("/home")

    assert HOSTILE[0] in page.read.text
    assert HOSTILE[1] in page.read.values("title")
    assert page.body.count("<script") == 2
