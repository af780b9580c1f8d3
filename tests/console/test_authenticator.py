"""Registering an authenticator app needs one more sign-in and a valid code."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from handover_console import authenticator

from tests.console.browser import Browser
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
TOKEN = "a-fresh-access-token"
NO_SCOPE = (400, {"__type": "NotAuthorizedException", "message": "no such scope"})
WRONG = (400, {"__type": "EnableSoftwareTokenMFAException", "message": "Code mismatch"})


@pytest.fixture
def signed_in(browser: Browser, stand: Stand) -> Browser:
    """A browser whose sign-in may register an app; no app is registered yet."""
    stand.pool |= {
        "GetUser": (200, {"Username": "a"}),
        "AssociateSoftwareToken": (200, {"SecretCode": SECRET}),
        "VerifySoftwareToken": (200, {"Status": "SUCCESS"}),
        "SetUserMFAPreference": (200, {}),
    }
    browser.sign_in(INSIDERS[0])
    return browser


def test_a_usual_sign_in_must_be_repeated_first(signed_in: Browser, stand: Stand) -> None:
    stand.pool |= {"GetUser": NO_SCOPE, "AssociateSoftwareToken": NO_SCOPE}

    page, begun = signed_in.get("/authenticator"), signed_in.post("/authenticator")

    again = "/console/sign-in?to=%2Fauthenticator&purpose=authenticator"
    assert again in page.read.values("href")
    assert begun.headers["location"] == again


def test_the_sign_in_for_an_app_requests_the_password_and_one_more_scope(
    browser: Browser,
) -> None:
    usual = browser.get("/sign-in").query
    wider = browser.get("/sign-in", to="/authenticator", purpose="authenticator").query

    assert "aws.cognito.signin.user.admin" not in usual["scope"]
    assert "prompt" not in usual
    assert wider["scope"] == f"{usual['scope']} aws.cognito.signin.user.admin"
    assert wider["prompt"] == "login"


def test_an_app_is_registered_with_its_first_code(signed_in: Browser, stand: Stand) -> None:
    page = signed_in.post("/authenticator")
    done = signed_in.post("/authenticator/code", {"secret": SECRET, "code": "123 456"})

    assert SECRET in page.text
    assert "svg" in [tag for tag, _ in page.read.elements]
    assert done.headers["location"] == "/console/authenticator"
    assert stand.pool_calls[-2:] == [
        (
            "VerifySoftwareToken",
            {"AccessToken": TOKEN, "UserCode": "123456", "FriendlyDeviceName": "Console"},
        ),
        (
            "SetUserMFAPreference",
            {
                "AccessToken": TOKEN,
                "SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True},
            },
        ),
    ]


@pytest.mark.parametrize("code", ["123456", "12345", "abcdef", "١٢٣٤٥٦"])
def test_a_wrong_code_registers_nothing_and_keeps_the_secret(
    signed_in: Browser, stand: Stand, code: str
) -> None:
    stand.pool["VerifySoftwareToken"] = WRONG

    page = signed_in.post("/authenticator/code", {"secret": SECRET, "code": code})

    assert page.status == HTTPStatus.BAD_REQUEST
    assert SECRET in page.text
    assert "SetUserMFAPreference" not in [name for name, _ in stand.pool_calls]


def test_an_invalid_secret_is_not_drawn(signed_in: Browser) -> None:
    page = signed_in.post("/authenticator/code", {"secret": "<b>", "code": "1"})

    assert page.headers["location"] == "/console/authenticator"


def test_a_pool_without_apps_says_so(signed_in: Browser, stand: Stand) -> None:
    stand.pool["AssociateSoftwareToken"] = (
        400,
        {"__type": "x#InvalidParameterException", "message": "MFA is off"},
    )

    page = signed_in.post("/authenticator")

    assert page.status == HTTPStatus.CONFLICT
    assert "MFA is off" in page.text
    assert "How you sign in has not changed." in page.text


def test_a_registered_app_is_shown(signed_in: Browser, stand: Stand) -> None:
    stand.pool["GetUser"] = 200, {"UserMFASettingList": ["SOFTWARE_TOKEN_MFA"]}

    assert "An app is registered" in signed_in.get("/authenticator").text


def test_no_cookie_contains_the_access_token(signed_in: Browser) -> None:
    pages = [signed_in.get("/authenticator"), signed_in.post("/authenticator")]

    assert [cookie for page in pages for cookie in page.cookies if TOKEN in cookie] == []
    assert [page for page in pages if TOKEN in page.body] == []


def test_the_picture_gives_apps_the_person_and_the_secret() -> None:
    uri = authenticator.key_uri(SECRET, "ana+1@lumina.example", "Handover")
    size, path = authenticator.picture(uri)

    label = "Handover%3Aana%2B1%40lumina.example"
    assert uri == f"otpauth://totp/{label}?secret={SECRET}&issuer=Handover"
    assert size >= 33
    assert path.startswith("M0 0h1v1h-1z")
