"""The page where a person registers an authenticator app, which sign-in then asks for.

It needs an access token that may change how the person signs in. None is kept: the refresh token
gives one when it is needed, and only after the person has signed in for this purpose.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from handover_console import authenticator, oidc, session
from handover_console.authenticator import AuthenticatorError
from handover_console.oidc import SignInError
from handover_console.rendering import page
from handover_console.texts import text
from handover_console.visit import Visit
from handover_console.web import Answer, redirect

SECRET_PATTERN = re.compile(r"[A-Z2-7]{16,128}")
CODE_PATTERN = re.compile(r"\d{6}")


def show(visit: Visit) -> Answer:
    """Says what an app is for and whether one is registered; leads to the registration."""
    try:
        is_registered = authenticator.is_registered(visit.settings, _access_token(visit))
    except SignInError:
        return page(visit, "authenticator.html", stage="sign_in", why="")
    except AuthenticatorError as error:
        stage, why = ("sign_in", "") if error.is_token else ("refused", str(error))
        return page(visit, "authenticator.html", stage=stage, why=why)
    return page(visit, "authenticator.html", stage="done" if is_registered else "begin", why="")


def begin(visit: Visit) -> Answer:
    """The secret, as a picture and as text, and the form for the first code."""
    try:
        secret = authenticator.new_secret(visit.settings, _access_token(visit))
    except SignInError:
        return redirect(_sign_in(visit))
    except AuthenticatorError as error:
        if error.is_token:
            return redirect(_sign_in(visit))
        return _refused(visit, error)
    return _secret(visit, secret)


def verify(visit: Visit) -> Answer:
    """Registers the app whose code this is; shows the same secret again when the code is wrong."""
    secret = visit.request.form.get("secret", "")
    code = re.sub(r"\s", "", visit.request.form.get("code", ""))
    if not CODE_PATTERN.fullmatch(code):
        return _secret(visit, secret, why=text("authenticator.no_code"))
    try:
        authenticator.register(visit.settings, _access_token(visit), code)
    except SignInError:
        return redirect(_sign_in(visit))
    except AuthenticatorError as error:
        if error.is_wrong_code:
            return _secret(visit, secret, why=text("authenticator.wrong_code"))
        return _refused(visit, error)
    return redirect(visit.request.link("/authenticator"))


def _refused(visit: Visit, error: AuthenticatorError) -> Answer:
    why = str(error)
    return page(visit, "authenticator.html", status=HTTPStatus.CONFLICT, stage="refused", why=why)


def _secret(visit: Visit, secret: str, why: str = "") -> Answer:
    if not SECRET_PATTERN.fullmatch(secret):
        return redirect(visit.request.link("/authenticator"))
    email = visit.person.email if visit.person else ""
    uri = authenticator.key_uri(secret, email, text("product"))
    size, path = authenticator.picture(uri)
    return page(
        visit,
        "authenticator.html",
        status=HTTPStatus.BAD_REQUEST if why else HTTPStatus.OK,
        stage="secret",
        why=why,
        secret=secret,
        size=size,
        path=path,
    )


def _access_token(visit: Visit) -> str:
    """A new access token. Raises SignInError when the sign-in has ended."""
    refresh_token = visit.request.cookies.get(session.REFRESH, "")
    return oidc.refreshed(visit.settings, refresh_token).access_token


def _sign_in(visit: Visit) -> str:
    return visit.request.link("/sign-in", to="/authenticator", purpose="authenticator")
