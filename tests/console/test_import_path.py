"""The main path: a file, its columns, the preview, the apply, the progress, the lines to fix."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import pytest
from handover_console.pages.columns import mapping_of
from handover_console.pages.result import corrected

from tests.console import samples
from tests.console.browser import Browser
from tests.console.samples import IMPORT_ID, line, lines, one_import
from tests.console.stand import Stand
from tests.kit.cast import ADMIN, INSIDERS, OFFICE

HERE = f"/imports/{IMPORT_ID}"
NEXT_ID = "f" * 32


@pytest.fixture
def signed_in(browser: Browser, stand: Stand) -> Browser:
    """An Admin, with an API that has one import."""
    browser.sign_in(INSIDERS[0])
    stand.canned |= {
        ("GET", "/profiles"): (200, samples.PROFILES),
        ("GET", samples.ME): (200, samples.user("i", "Admin")),
        ("GET", f"{HERE}/preview"): (200, samples.preview()),
        ("GET", f"{HERE}/lines"): (200, lines(line(3), line(9))),
        ("GET", f"{HERE}/summary"): (200, samples.summary()),
        ("POST", f"{HERE}/apply"): (202, one_import(import_id=NEXT_ID)),
        ("POST", f"{HERE}/corrections"): (202, one_import(import_id=NEXT_ID)),
        ("POST", f"{HERE}/cancel"): (202, one_import(state="cancelled")),
    }
    return browser


def found(stand: Stand, **changes: Any) -> None:
    """Sets fields of the import."""
    stand.canned["GET", HERE] = 200, one_import(**changes)


def sent(stand: Stand) -> list[tuple[str, str, object]]:
    """The changing requests that the API received."""
    return [one for one in stand.requests if one[0] == "POST"]


def test_a_file_is_announced_for_a_preview_and_sent_by_the_browser_itself(
    signed_in: Browser, stand: Stand
) -> None:
    upload = {"url": "https://uploads.s3.amazonaws.com/", "fields": {"key": "in/lumina/t.csv"}}
    stand.canned["POST", "/imports"] = 201, {"import_ticket": "t-1", "upload": upload}

    by_script = json.loads(signed_in.post("/import/ticket", {"filename": "a b.csv"}).body)
    by_form = signed_in.post("/import", {"filename": "a b.csv"}).read

    assert by_script == {"upload": upload, "next": "/console/imports/t-1?straight=yes"}
    announced = {"profile": "", "filename": "a b.csv", "mode": "preview"}
    assert [body for _, _, body in sent(stand)] == [announced, announced]
    assert upload["url"] in by_form.values("action")
    assert "/console/imports/t-1" in by_form.values("href")
    assert ("input", {"type": "hidden", "name": "key", "value": "in/lumina/t.csv"}) in (
        by_form.elements
    )


def test_the_import_page_offers_the_templates_of_profiles_that_are_on(
    signed_in: Browser, stand: Stand
) -> None:
    off = {**samples.PROFILES[0], "name": "role-team", "is_on": False}
    stand.canned["GET", "/profiles"] = 200, [*samples.PROFILES, off]

    links = signed_in.get("/import").read.values("href")

    assert "/console/profiles/single-strict/template" in links
    assert not [one for one in links if "role-team" in one]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "preview", "state": "validating", "import_id": ""}, "Read"),
        ({"mode": "preview", "state": "done"}, "In your file"),
        ({"mode": "dry_run", "state": "processing"}, "Lines a second"),
        ({"mode": "dry_run", "state": "error"}, "Apply these 34 changes"),
        ({"mode": "run", "state": "awaiting_upload", "import_id": ""}, "has not arrived yet"),
        (
            {"state": "awaiting_approval", "progress": {"stage": "waiting", "seconds_left": None}},
            "an Admin must approve",
        ),
        ({"mode": "run", "state": "error"}, "34 accounts changed. 15 lines have problems"),
        ({"mode": "run", "state": "cancelled"}, "Cancelled by"),
        (
            {"mode": "preview", "state": "refused", "refusal": {"message": "No header in line 1"}},
            "No header in line 1",
        ),
    ],
)
def test_one_address_shows_the_screen_for_the_state_of_an_import(
    signed_in: Browser, stand: Stand, changes: dict[str, Any], words: str
) -> None:
    found(stand, **changes)

    page = signed_in.get(HERE)

    assert page.status == HTTPStatus.OK
    assert words in page.text


def test_a_ticket_leads_to_its_import(signed_in: Browser, stand: Stand) -> None:
    stand.canned["GET", "/imports/ticket-1"] = 200, one_import()

    page = signed_in.get("/imports/ticket-1")

    assert page.headers["location"] == f"/console{HERE}"


@pytest.mark.parametrize("status", [403, 404])
def test_an_import_whose_lines_cannot_be_shown_still_shows_its_counts(
    signed_in: Browser, stand: Stand, status: int
) -> None:
    found(stand)
    stand.canned["GET", f"{HERE}/summary"] = status, {"detail": "Only for who uploaded it."}

    page = signed_in.get(HERE)

    assert page.status == HTTPStatus.OK
    assert "15 with a problem" in page.text
    assert "Only for who uploaded it." in page.text


def test_lines_are_searched_until_some_are_found(signed_in: Browser, stand: Stand) -> None:
    found(stand)
    stand.canned["GET", f"{HERE}/lines"] = 200, lines(cursor="on")

    page = signed_in.get(HERE, q="KE")

    assert len([target for _, target, _ in stand.requests if "/lines" in target]) == 5
    assert any("cursor=on" in one for one in page.read.values("href"))


def test_an_address_without_a_user_is_marked_so(signed_in: Browser, stand: Stand) -> None:
    found(stand, mode="dry_run")
    waits = {"user": "new@lumina.example", "name": "", "is_pending": True}
    roles = {"owner": {"before": [], "after": [waits]}}
    stand.canned["GET", f"{HERE}/lines"] = 200, lines(line(3, outcome="pending", roles=roles))

    assert "new@lumina.example (no user yet)" in signed_in.get(HERE).text


def test_certain_columns_are_chosen_and_others_must_be_confirmed(
    signed_in: Browser, stand: Stand
) -> None:
    found(stand, mode="preview", state="done")

    page = signed_in.get(HERE)

    assert "1 column needs a look." in page.text
    assert page.body.count('class="ask"') == 1
    chosen = [a["value"] for tag, a in page.read.elements if tag == "option" and "selected" in a]
    assert chosen == ["account ID", "account Manager"]


@pytest.mark.parametrize(
    ("hows", "others", "query", "is_straight"),
    [
        (("exact", "none"), [], {"straight": "yes"}, True),
        (("exact", "none"), [], {}, False),
        (("exact", "near"), [], {"straight": "yes"}, False),
        (("exact", "none"), [{"fits": False}], {"straight": "yes"}, True),
        (("exact", "none"), [{"fits": True}], {"straight": "yes"}, False),
        (("exact", "none"), [{"fits": True, "profile": "off"}], {"straight": "yes"}, True),
    ],
)
def test_a_file_in_which_every_column_is_certain_leads_straight_to_its_preview(
    signed_in: Browser,
    stand: Stand,
    hows: tuple[str, ...],
    others: list[dict[str, Any]],
    query: dict[str, str],
    is_straight: bool,
) -> None:
    found(stand, mode="preview", state="done")
    preview = samples.preview()
    first = preview["profiles"][0]
    first["columns"] = [{**c, "how": how} for c, how in zip(first["columns"], hows, strict=False)]
    preview["profiles"] = [first, *({**first, "profile": "other", **one} for one in others)]
    stand.canned["GET", f"{HERE}/preview"] = 200, preview
    other = {**samples.PROFILES[0], "name": "other"}
    off = {**other, "name": "off", "is_on": False}
    stand.canned["GET", "/profiles"] = 200, [*samples.PROFILES, other, off]

    page = signed_in.get(HERE, **query)

    scripts = [one for one in page.read.values("src") if "straight" in one]
    assert bool(scripts) is is_straight


def test_a_preview_says_which_columns_are_not_used(signed_in: Browser, stand: Stand) -> None:
    ignored = {"code": "COLUMN_IGNORED", "message": "1 column was ignored: Notes"}
    found(stand, mode="dry_run", state="done", warnings=[ignored])

    assert ignored["message"] in signed_in.get(HERE).text


def test_another_profile_can_be_chosen(signed_in: Browser, stand: Stand) -> None:
    found(stand, mode="preview", state="done")

    page = signed_in.get(HERE, profile="other")

    assert ("input", {"type": "hidden", "name": "profile", "value": "other"}) in page.read.elements


def test_the_columns_as_chosen_are_previewed(signed_in: Browser, stand: Stand) -> None:
    form = {
        "profile": "single-strict",
        "mode": "dry_run",
        "header.1": "Account",
        "column.1": "account ID",
        "header.2": "E-mail",
        "column.2": "account Manager",
        "header.3": "Notes",
        "column.3": "",
    }

    page = signed_in.post(f"{HERE}/apply", form)

    assert page.headers["location"] == f"/console/imports/{NEXT_ID}"
    assert sent(stand) == [
        (
            "POST",
            f"{HERE}/apply",
            {
                "mode": "dry_run",
                "profile": "single-strict",
                "mapping": {"Account": "account ID", "E-mail": "account Manager"},
            },
        )
    ]


def test_exactly_the_previewed_import_is_applied(signed_in: Browser, stand: Stand) -> None:
    signed_in.post(f"{HERE}/apply", {"mode": "run"})

    assert sent(stand) == [("POST", f"{HERE}/apply", {"mode": "run"})]


def test_a_preview_without_changes_has_nothing_to_apply(signed_in: Browser, stand: Stand) -> None:
    counts = dict.fromkeys(samples.COUNTS, 0) | {"lines": 1, "unchanged": 1}
    found(stand, mode="dry_run", state="done", counts=counts)

    page = signed_in.get(HERE)

    assert "There is nothing to apply" in page.text
    assert "<button" not in page.body.split('class="apply"')[1].split("</form>")[0]


def test_a_deleted_file_can_no_longer_be_applied(signed_in: Browser, stand: Stand) -> None:
    problem = {"detail": "The file was kept for 24 hours.", "status": 409}
    stand.canned["POST", f"{HERE}/apply"] = 409, problem

    page = signed_in.post(f"{HERE}/apply", {"mode": "run"})

    assert page.status == HTTPStatus.CONFLICT
    assert "The file was kept for 24 hours." in page.text


def test_progress_shows_lines_and_time_and_says_when_it_is_done(
    signed_in: Browser, stand: Stand
) -> None:
    progress = {
        "stage": "working",
        "lines_settled": 1200,
        "lines_total": 9000,
        "lines_a_second": 410.5,
        "seconds_left": 19,
    }
    found(stand, state="processing", progress=progress)
    part = signed_in.get(f"{HERE}/progress")
    found(stand, state="done")
    end = signed_in.get(f"{HERE}/progress")

    assert "1 200 of 9 000" in part.text  # with spaces that keep it together
    assert "19 seconds" in part.text
    assert part.read.values("data-done") == [""]
    assert end.read.values("data-done") == ["yes"]


@pytest.mark.parametrize(
    ("state", "query", "done"),
    [
        ("awaiting_approval", {"waits": "yes"}, ""),
        ("processing", {"waits": "yes"}, "yes"),
        ("cancelled", {"waits": "yes"}, "yes"),
        ("awaiting_approval", {}, "yes"),
    ],
)
def test_a_page_moves_on_once_its_import_has_another_screen(
    signed_in: Browser, stand: Stand, state: str, query: dict[str, str], done: str
) -> None:
    found(stand, state=state)

    part = signed_in.get(f"{HERE}/progress", **query)

    assert part.read.values("data-done") == [done]


def test_an_import_is_cancelled(signed_in: Browser, stand: Stand) -> None:
    page = signed_in.post(f"{HERE}/cancel")

    assert [path for _, path, _ in sent(stand)] == [f"{HERE}/cancel"]
    assert page.headers["location"] == f"/console{HERE}"


@pytest.mark.parametrize(
    ("uploader", "must_say_why"), [(ADMIN.email, False), (OFFICE.email, True)], ids=["own", "other"]
)
def test_cancelling_an_upload_of_somebody_else_needs_a_reason(
    signed_in: Browser, stand: Stand, uploader: str, must_say_why: bool
) -> None:
    found(stand, state="processing", uploader=uploader)

    page = signed_in.get(HERE)

    (field,) = [one for _, one in page.read.elements if one.get("name") == "reason"]
    assert ("required" in field) is must_say_why


def test_an_import_that_is_being_cancelled_is_not_cancelled_again(
    signed_in: Browser, stand: Stand
) -> None:
    found(stand, state="processing", cancelled_by="joyce@lumina.example")

    page = signed_in.get(HERE)

    assert "The import is being cancelled" in page.text
    assert f"/console{HERE}/cancel" not in page.read.values("action")


def test_a_result_begins_with_the_lines_to_fix(signed_in: Browser, stand: Stand) -> None:
    found(stand)

    page = signed_in.get(HERE)

    targets = [target for _, target, _ in stand.requests if "/lines" in target]
    assert targets == [f"{HERE}/lines?outcome=rejected&limit=50"]
    wrong = [a for tag, a in page.read.elements if tag == "input" and "aria-invalid" in a]
    assert [one["name"] for one in wrong] == [
        "field.3.1",
        "field.9.1",
    ]  # the columns to fix come first
    assert "Use it in all 2 like it" in page.text


def test_lines_have_the_filters_of_the_api(signed_in: Browser, stand: Stand) -> None:
    found(stand)

    filters = {
        "outcome": "updated",
        "code": "X",
        "manager": "Ana",
        "opco": "Lumina Togo",
        "q": "K 1",
    }
    page = signed_in.get(HERE, **filters, cursor="abc")

    (target,) = [target for _, target, _ in stand.requests if "/lines" in target]
    path, _, query = target.partition("?")
    assert path == f"{HERE}/lines"
    assert dict(parse_qsl(query)) == filters | {"cursor": "abc", "limit": "50"}
    assert [a["value"] for tag, a in page.read.elements if a.get("name") == "manager"] == ["Ana"]


def test_the_name_of_a_gaining_or_losing_user_links_to_their_lines(
    signed_in: Browser, stand: Stand
) -> None:
    found(stand, mode="dry_run")

    links = signed_in.get(HERE).read.values("href")

    assert f"/console{HERE}?manager=w%40lumina.example&outcome=all#lines" in links


@pytest.mark.parametrize("opcos", [0, 1])
def test_opcos_are_offered_as_a_filter_if_there_are_several(
    signed_in: Browser, stand: Stand, opcos: int
) -> None:
    found(stand, mode="dry_run")
    several = samples.summary()
    assert 'name="opco"' in signed_in.get(HERE).body
    stand.canned["GET", f"{HERE}/summary"] = 200, {**several, "opcos": several["opcos"][:opcos]}

    assert 'name="opco"' not in signed_in.get(HERE).body


def test_only_the_lines_that_were_corrected_are_sent(signed_in: Browser, stand: Stand) -> None:
    form = {
        "header.1": "Account",
        "header.2": "Manager",
        "was.3.1": "KE3",
        "field.3.1": "KE3",
        "was.3.2": "wrong",
        "field.3.2": "right@lumina.example",
        "was.9.2": "wrong",
        "field.9.2": "wrong",
    }

    page = signed_in.post(f"{HERE}/corrections", form)

    assert page.headers["location"] == f"/console/imports/{NEXT_ID}"
    body = {"lines": {"3": {"Manager": "right@lumina.example"}}, "mode": "run"}
    assert sent(stand) == [("POST", f"{HERE}/corrections", body)]


def test_a_form_without_corrections_sends_nothing(signed_in: Browser, stand: Stand) -> None:
    found(stand)

    page = signed_in.post(
        f"{HERE}/corrections", {"header.1": "A", "was.3.1": "x", "field.3.1": "x"}
    )

    assert sent(stand) == []
    assert "No cell was changed" in signed_in.get(HERE, **page.query).text


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"was.3.1": "a", "field.3.1": "a", "take.3.1": "b"}, {"3": {"H": "b"}}),
        ({"was.3.1": "a", "field.3.1": "c", "take.3.1": "b"}, {"3": {"H": "c"}}),
        ({"was.3.1": "a", "field.3.1": ""}, {"3": {"H": ""}}),
        ({"was.3.1": "a", "field.3.1": "a", "keep.3": "1"}, {"3": {"H": "a"}}),
        ({"was.3.1": "a", "field.3.1": "a", "whole.3": "1"}, {}),
        (
            {"header.2": "I", "field.3.2": "b", "field.3.1": "", "whole.3": "1"},
            {"3": {"H": "", "I": "b"}},
        ),
        ({"field.3.9": "without a header"}, {}),
    ],
)
def test_a_typed_value_goes_before_the_suggestion(
    form: dict[str, str], expected: dict[str, dict[str, str]]
) -> None:
    assert corrected({"header.1": "H", **form}) == expected


def test_a_mapping_names_the_columns_that_are_used() -> None:
    form = {"header.1": "A.b", "column.1": "x", "header.2": "C", "column.2": "", "column.7": "y"}

    assert mapping_of(form) == {"A.b": "x"}


@pytest.mark.parametrize("name", ["report", "results"])
def test_a_report_is_downloaded_from_the_link_of_the_api(
    signed_in: Browser, stand: Stand, name: str
) -> None:
    stand.canned["GET", f"{HERE}/{name}"] = 403, {"detail": "Only for who uploaded it."}

    page = signed_in.get(f"{HERE}/{name}")

    assert page.status == HTTPStatus.FORBIDDEN
    assert "Only for who uploaded it." in page.text
