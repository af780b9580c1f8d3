"""Home and the history, with the real API: each person sees what the API allows."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.console.browser import Browser
from tests.console.samples import EMPTY_HOME, one_import
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OTHERS_WORDS, OUTSIDERS, OWN, Actor, World

PATHS = ["/home", "/imports", "/import", "/approvals", "/accounts", "/accounts/show?id=K001"]


@pytest.fixture
def at_work(browser: Browser, stand: Stand, worlds: World) -> Browser:
    """A browser, with the real API."""
    stand.world = worlds
    return browser


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "actor", [one for one in OUTSIDERS if one.name in ("inactive", "unknown")], ids=str
)
def test_a_person_who_is_not_a_user_gets_no_page(at_work: Browser, actor: Actor, path: str) -> None:
    at_work.sign_in(actor)

    path, _, query = path.partition("?")
    assert at_work.get(path, **dict(parse_qsl(query))).status == HTTPStatus.FORBIDDEN


def test_home_shows_what_waits_and_the_history_leads_to_each_import(
    at_work: Browser, worlds: World
) -> None:
    at_work.sign_in(INSIDERS[0])
    names = worlds.names[OWN]

    home, history = at_work.get("/home"), at_work.get("/imports")

    assert "office.csv" in home.text.split("Waiting for approval")[1].split("Your lines")[0]
    links = history.read.values("href")
    for name in ("ended", "waiting", "running"):
        assert f"/console/imports/{names[name]}" in links


@pytest.mark.parametrize("name", ["running", "ticket"])
def test_an_import_that_has_not_ended_shows_its_progress(
    at_work: Browser, worlds: World, name: str
) -> None:
    at_work.sign_in(INSIDERS[0])

    page = at_work.get(f"/imports/{worlds.names[OWN][name]}")

    assert page.status == HTTPStatus.OK
    assert "You can close this page" in page.text


@pytest.mark.parametrize("name", ["ended", "waiting", "ticket"])
def test_an_import_of_another_tenant_is_not_found(
    at_work: Browser, worlds: World, name: str
) -> None:
    at_work.sign_in(INSIDERS[0])

    page = at_work.get(f"/imports/{worlds.names['umbra'][name]}")

    assert page.status == HTTPStatus.NOT_FOUND
    assert [word for word in OTHERS_WORDS if word in page.body.lower()] == []


def test_a_report_is_downloaded_by_the_redirect_of_the_api(at_work: Browser, worlds: World) -> None:
    at_work.sign_in(INSIDERS[0])

    page = at_work.get(f"/imports/{worlds.names[OWN]['ended']}/report")

    assert page.status == HTTPStatus.SEE_OTHER
    assert page.headers["location"].startswith("https://")


def test_a_template_is_downloaded(at_work: Browser) -> None:
    at_work.sign_in(INSIDERS[0])

    page = at_work.get("/profiles/single-strict/template")

    assert page.headers["content-type"].startswith("text/csv")
    assert "single-strict.csv" in page.headers["content-disposition"]
    assert "account" in page.body.lower()


FILTERED = {"state": "done", "person": "JOYCE", "profile": "team", "since": "2026-11-02"}


def test_the_history_is_filtered_by_the_api_and_the_next_page_keeps_the_filters(
    browser: Browser, stand: Stand
) -> None:
    found = {"imports": [one_import(filename="a.csv")], "cursor": "further"}
    stand.canned["GET", "/imports"] = 200, found
    browser.sign_in(INSIDERS[0])

    page = browser.get("/imports", **FILTERED)

    sent = dict(parse_qsl(urlsplit(stand.requests[-1][1]).query))
    assert sent.items() >= {"state": "done", "uploader": "JOYCE", "since": "2026-11-02"}.items()
    assert "a.csv" in page.text
    (more,) = [one for one in page.read.values("href") if "cursor=further" in one]
    assert dict(parse_qsl(urlsplit(more).query)).items() >= FILTERED.items()


def test_a_search_that_finds_nothing_continues_a_little_and_then_offers_more(
    browser: Browser, stand: Stand
) -> None:
    stand.canned["GET", "/imports"] = 200, {"imports": [], "cursor": "further"}
    browser.sign_in(INSIDERS[0])

    page = browser.get("/imports", state="refused")

    assert len(stand.requests) == 3
    assert "No import matches" in page.text
    assert any("cursor=further" in one for one in page.read.values("href"))


def test_an_unknown_filter_is_explained_in_the_words_of_the_api(at_work: Browser) -> None:
    at_work.sign_in(INSIDERS[0])

    page = at_work.get("/imports", since="yesterday")

    assert page.status == HTTPStatus.BAD_REQUEST
    assert "since: " in page.text


def test_an_empty_history_says_what_to_do_first(browser: Browser, stand: Stand) -> None:
    stand.canned |= EMPTY_HOME
    browser.sign_in(INSIDERS[0])

    for path in ("/home", "/imports"):
        assert "Start with a spreadsheet" in browser.get(path).text
