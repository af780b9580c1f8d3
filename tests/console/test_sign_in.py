"""Signing in, staying signed in, and signing out."""

from __future__ import annotations

import time
from http import HTTPStatus

import pytest
from joserfc.jwk import RSAKey

from tests.console.browser import ORIGIN, Browser
from tests.console.samples import EMPTY_HOME
from tests.console.stand import CLIENT, Stand
from tests.kit.cast import INSIDERS, World

ADMIN = INSIDERS[0]
ID, REFRESH, FLOW = (f"__Host-handover-{name}" for name in ("id", "refresh", "flow"))


@pytest.fixture
def home(stand: Stand) -> None:
    """An API with no imports."""
    stand.canned |= EMPTY_HOME


def test_a_visitor_reads_what_this_is_and_where_to_sign_in(
    browser: Browser,
) -> None:
    page = browser.get("/home")

    assert page.status == HTTPStatus.OK
    assert "/console/sign-in" in page.read.values("href")


def test_the_root_address_of_the_api_leads_to_the_console(browser: Browser) -> None:
    page = browser.request("GET", "", raw_path="/")

    assert (page.status, page.headers["location"]) == (303, "/console/home")


def test_a_page_leads_to_signing_in_and_signing_in_leads_back(
    browser: Browser, stand: Stand
) -> None:
    to = browser.get("/imports", state="done")
    assert to.query == {"to": "/imports?state=done"}

    query = browser.get("/sign-in", **to.query).query
    stand.claims = dict(ADMIN.claims or {})
    stand.challenge, stand.nonce = query["code_challenge"], query["nonce"]
    back = browser.get("/signed-in", code="a-code", state=query["state"])

    assert query["redirect_uri"] == f"{ORIGIN}/console/signed-in"
    assert (query["client_id"], query["response_type"]) == (CLIENT, "code")
    assert query["code_challenge_method"] == "S256"
    assert back.headers["location"] == "/console/imports?state=done"


def test_neither_scripts_nor_other_sites_can_read_the_tokens(browser: Browser, home: None) -> None:
    browser.sign_in(ADMIN)

    assert set(browser.cookies) == {ID, REFRESH}
    assert browser.cookies[REFRESH] == "a-refresh-token"


@pytest.mark.parametrize("path", ["/sign-in", "/signed-in"])
def test_every_cookie_is_limited_to_this_host_tls_and_http(
    browser: Browser, stand: Stand, path: str
) -> None:
    query = browser.get("/sign-in")
    stand.claims = dict(ADMIN.claims or {})
    stand.challenge, stand.nonce = query.query["code_challenge"], query.query["nonce"]
    page = query
    if path == "/signed-in":
        page = browser.get(path, code="a-code", state=query.query["state"])

    assert page.cookies
    for cookie in page.cookies:
        assert cookie.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_cookies_fit_into_a_browser_for_a_person_with_fifty_groups(
    browser: Browser, home: None
) -> None:
    browser.sign_in(ADMIN, groups=tuple(f"Operating_Company_{n:02d}" for n in range(50)))

    assert len(browser.cookies[ID]) < 4000
    assert browser.get("/home").status == HTTPStatus.OK


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "evil.example", ""]
)
def test_signing_in_never_leads_to_another_site(browser: Browser, stand: Stand, to: str) -> None:
    query = browser.get("/sign-in", to=to).query
    stand.claims = dict(ADMIN.claims or {})
    stand.challenge, stand.nonce = query["code_challenge"], query["nonce"]

    back = browser.get("/signed-in", code="a-code", state=query["state"])

    assert back.headers["location"] == "/console/home"


def test_a_code_requested_by_another_browser_signs_nobody_in(
    browser: Browser, stand: Stand
) -> None:
    others = Browser(stand).get("/sign-in").query
    stand.claims = dict(ADMIN.claims or {})
    stand.challenge, stand.nonce = others["code_challenge"], others["nonce"]

    without = browser.get("/signed-in", code="a-code", state=others["state"])
    browser.get("/sign-in")
    mixed_up = browser.get("/signed-in", code="a-code", state=others["state"])

    for page in (without, mixed_up):
        assert page.status == HTTPStatus.BAD_REQUEST
        assert "Nothing was changed" in page.text
    assert ID not in browser.cookies


def test_a_token_for_another_nonce_signs_nobody_in(browser: Browser, stand: Stand) -> None:
    query = browser.get("/sign-in").query
    stand.claims = dict(ADMIN.claims or {})
    stand.challenge, stand.nonce = query["code_challenge"], "another"

    page = browser.get("/signed-in", code="a-code", state=query["state"])

    assert page.status == HTTPStatus.BAD_REQUEST
    assert ID not in browser.cookies


def test_a_sign_in_that_was_refused_is_explained(browser: Browser) -> None:
    query = browser.get("/sign-in").query

    page = browser.get("/signed-in", error="access_denied", state=query["state"])

    assert page.status == HTTPStatus.BAD_REQUEST
    assert "access_denied" in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-client"},
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_OTHER"},
        {"token_use": "access"},
    ],
)
def test_a_token_of_another_kind_signs_nobody_in(
    browser: Browser, stand: Stand, home: None, changes: dict[str, object]
) -> None:
    browser.sign_in(ADMIN)
    browser.cookies[ID] = stand.token(seconds=3600, **changes)

    page = browser.get("/imports")

    assert page.status == HTTPStatus.SEE_OTHER
    assert stand.requests == []


def test_a_forged_token_signs_nobody_in(browser: Browser, stand: Stand, home: None) -> None:
    browser.sign_in(ADMIN)
    own_key = RSAKey.generate_key(2048, {"kid": "one"})
    stranger = Stand(claims=stand.claims, key=own_key)
    browser.cookies[ID] = stranger.token()

    assert browser.get("/imports").status == HTTPStatus.SEE_OTHER
    assert stand.requests == []


def test_a_token_is_refreshed_before_it_expires(browser: Browser, stand: Stand, home: None) -> None:
    browser.sign_in(ADMIN)
    browser.cookies[ID] = old = stand.token(seconds=60)

    page = browser.get("/home")

    assert page.status == HTTPStatus.OK
    assert browser.cookies[ID] != old
    assert browser.cookies[REFRESH] == "a-refresh-token"


def test_a_person_whose_session_expired_signs_in_again_and_returns_to_the_page(
    browser: Browser, stand: Stand, home: None
) -> None:
    browser.sign_in(ADMIN)
    browser.cookies |= {ID: stand.token(seconds=-1), REFRESH: "revoked"}

    assert browser.get("/imports").status == HTTPStatus.SEE_OTHER
    sent = browser.post("/imports/x/cancel")
    assert sent.status == HTTPStatus.UNAUTHORIZED
    assert "nothing was lost" in sent.text
    assert stand.requests == []


def test_signing_out_revokes_the_sign_in_and_forgets_it(
    browser: Browser, stand: Stand, home: None
) -> None:
    browser.sign_in(ADMIN)

    page = browser.post("/sign-out")

    assert stand.revoked == ["a-refresh-token"]
    assert browser.cookies == {}
    assert page.query == {"client_id": CLIENT, "logout_uri": f"{ORIGIN}/"}


def test_the_api_receives_the_persons_own_token(
    browser: Browser, stand: Stand, worlds: World
) -> None:
    """With the real API: it refuses a person who is not in the directory, not the console."""
    stand.world = worlds
    browser.sign_in(ADMIN)
    assert browser.get("/imports").status == HTTPStatus.OK

    stand.claims["email"] = "nobody@lumina.example"
    browser.cookies[ID] = stand.token(exp=int(time.time()) + 3600)
    page = browser.get("/imports")

    assert page.status == HTTPStatus.FORBIDDEN
    assert "You may not do this" in page.text
