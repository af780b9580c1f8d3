"""What holds for every page: headers, origins of forms, assets, texts."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode
from http import HTTPStatus
from pathlib import Path

import handover_console
import pytest
from handover_console.rendering import STATIC, assets
from handover_console.site import PAGES, PUBLIC
from handover_console.texts import TEXTS, text

from tests.console.browser import ORIGIN, Browser
from tests.console.samples import EMPTY_HOME
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS

ADMIN = INSIDERS[0]
PACKAGE = Path(handover_console.__file__).parent
SOURCES = [*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.py")]


def policy(page_headers: str) -> dict[str, list[str]]:
    """A content security policy, by directive."""
    return {words[0]: words[1:] for part in page_headers.split("; ") if (words := part.split())}


@pytest.mark.parametrize("path", ["/home", "/nowhere", "/sign-in", "/signed-in", "/static/no.css"])
def test_every_answer_forbids_foreign_content_and_caching(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers
    directives = policy(headers["content-security-policy"])

    assert (
        directives["default-src"]
        == directives["base-uri"]
        == directives["frame-ancestors"]
        == ["'none'"]
    )
    assert (
        directives["script-src"] == directives["style-src"] == directives["img-src"] == ["'self'"]
    )
    assert "'self'" in directives["connect-src"]
    assert not re.search("unsafe|data:|blob:|\\*", headers["content-security-policy"])
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=")


def test_browsers_may_send_files_only_to_the_upload_bucket(browser: Browser) -> None:
    directives = policy(browser.get("/home").headers["content-security-policy"])

    assert directives["connect-src"] == ["'self'", "https://uploads.s3.eu-west-1.amazonaws.com"]
    assert directives["form-action"][:2] == directives["connect-src"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "https://evil.example", "sec_fetch_site": ""},
        {"origin": "null", "sec_fetch_site": ""},
        {"origin": "", "sec_fetch_site": "same-site"},
        {"origin": "", "sec_fetch_site": "none"},
        {"origin": f"{ORIGIN}.evil.example", "sec_fetch_site": "same-origin"},
        {"origin": "", "sec_fetch_site": ""},
    ],
)
@pytest.mark.parametrize("path", [path for method, path in [*PUBLIC, *PAGES] if method == "POST"])
def test_a_form_sent_by_another_site_is_refused(
    browser: Browser, stand: Stand, path: str, headers: dict[str, str]
) -> None:
    stand.canned |= EMPTY_HOME
    browser.sign_in(ADMIN)
    signed_in = dict(browser.cookies)

    page = browser.post(path.replace("{name}", "x"), {"mode": "run"}, **headers)

    assert page.status == HTTPStatus.FORBIDDEN
    assert "nothing was changed" in page.text
    assert (stand.requests, stand.revoked) == ([], [])
    assert browser.cookies == signed_in


def test_a_method_that_a_page_does_not_accept_is_refused(browser: Browser, stand: Stand) -> None:
    browser.sign_in(ADMIN)

    page = browser.post("/imports/x/progress")

    assert page.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert page.headers["allow"] == "GET"
    assert stand.requests == []


def test_an_unknown_address_is_not_found(browser: Browser) -> None:
    browser.sign_in(ADMIN)

    assert browser.get("/imports/x/y").status == HTTPStatus.NOT_FOUND
    assert browser.get("/static/../oidc.py").status == HTTPStatus.NOT_FOUND


def test_assets_are_cached_forever_under_a_name_made_from_their_content(browser: Browser) -> None:
    (sheet,) = [one for one in browser.get("/home").read.values("href") if one.endswith(".css")]
    path = sheet.removeprefix("/console")

    plain = browser.get(path)
    small = browser.request("GET", path, headers={"accept-encoding": "gzip"})

    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"] == "text/css"
    assert b64decode(plain.body) == (STATIC / "console.css").read_bytes()
    assert gzip.decompress(b64decode(small.body)) == b64decode(plain.body)
    assert browser.get("/static/console.css").status == HTTPStatus.NOT_FOUND


def test_a_page_and_everything_it_loads_are_small(browser: Browser) -> None:
    sizes = {one.name: len(gzip.compress(one.data)) for one in assets().values()}

    assert sum(sizes.values()) < 40_000, sizes
    assert sum(len(file.read_text().splitlines()) for file in STATIC.glob("*.js")) < 500


def test_an_outage_is_reported_and_the_typed_values_are_kept(
    browser: Browser, stand: Stand
) -> None:
    browser.sign_in(ADMIN)
    stand.is_down = True

    page = browser.get("/home")

    assert page.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Nothing is lost" in page.text
    assert "Try again" in page.text


def test_a_failure_of_the_api_is_shown_in_its_own_words(browser: Browser, stand: Stand) -> None:
    browser.sign_in(ADMIN)
    stand.canned["GET", "/imports"] = 500, {"detail": "something is wrong. Ask for request 17."}

    page = browser.get("/home")

    assert page.status == HTTPStatus.BAD_GATEWAY
    assert "Something is wrong. Ask for request 17. Nothing" in page.text
    assert "number" not in page.text


def test_an_unreadable_answer_is_shown_as_a_page_with_a_number_and_no_details(
    browser: Browser, stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    browser.sign_in(ADMIN)
    stand.canned["GET", "/imports"] = 200, {"secret-of-a-tenant": 1}

    page = browser.get("/home")

    assert page.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "on our side" in page.text
    (record,) = caplog.records
    assert vars(record)["error"] == "KeyError"
    assert "secret-of-a-tenant" not in page.body + str(vars(record))


def test_links_keep_the_path_prefix_of_the_request(browser: Browser, stand: Stand) -> None:
    stand.canned |= EMPTY_HOME
    browser.sign_in(ADMIN)

    page = browser.request("GET", "", raw_path="/v1/console/home")

    inner = [one for one in page.read.values("href") if not one.startswith("#")]
    assert inner
    assert all(one.startswith("/v1/console/") for one in inner)


def test_every_text_is_used_and_every_used_text_exists() -> None:
    sources = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    whole = set(re.findall(r"""\b(?:t|text)\(\s*['"]([\w.]+)['"]\s*[,)]""", sources))
    begun = (
        *re.findall(r"""\bt\(['"]([\w.]+\.)['"] ~""", sources),
        *(f"{kind}." for kind in re.findall(r"""\blabel\(['"](\w+)['"],""", sources)),
    )

    assert whole <= set(TEXTS)
    assert [key for key in TEXTS if key not in whole and not key.startswith(begun)] == []


def test_a_count_chooses_the_form_of_a_text() -> None:
    assert text("columns.read", n=1) == "1 line"
    assert text("columns.read", n=1200) == "1\u202f200 lines"


def test_only_the_settings_read_the_environment_and_nothing_imports_the_core() -> None:
    """The console is a client: it shares no code with what decides."""
    for file in PACKAGE.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        assert not re.search(
            r"^(from|import) (handover\.|handover |boto|pynamodb)", source, re.MULTILINE
        )
        assert "os.environ" not in source or file.name == "settings.py"
