"""Signing in by OpenID Connect: the code flow with PKCE, against Cognito's managed login.

https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from handover_console.settings import Settings
from handover_console.wire import send

SCOPES = "openid email profile"
# Needed as well to change how one signs in; requested only when somebody is about to do that.
OWN_SIGN_IN_SCOPE = "aws.cognito.signin.user.admin"
# A pool's keys change rarely. They are also read again for a token with an unknown key.
KEYS_SECONDS = 6 * 60 * 60
KEYS_AGAIN_SECONDS = 60


class SignInError(Exception):
    """The sign-in cannot be used; the person must sign in again."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in in progress; the answer must belong to it. `to` is the page where it began."""

    state: str
    nonce: str
    verifier: str
    to: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a sign-in. The access token is not kept: the API takes the id token."""

    id_token: str
    refresh_token: str = ""
    access_token: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as their id token says; `expires_at` in seconds since the epoch."""

    email: str
    name: str
    tenant: str
    roles: tuple[str, ...]
    expires_at: float

    @property
    def is_admin(self) -> bool:
        """True for somebody who may approve and set up; the API checks it again."""
        return "Admin" in self.roles


def new_flow(to: str) -> Flow:
    """A sign-in that leads back to `to`, with secrets that nobody can guess."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flow(state, nonce, verifier, to)


def authorize_url(
    settings: Settings, flow: Flow, redirect_uri: str, *, is_for_sign_in: bool = False
) -> str:
    """Where the person signs in. With `is_for_sign_in` they must sign in again, to change how."""
    digest = hashlib.sha256(flow.verifier.encode()).digest()
    query = {
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": SCOPES,
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if is_for_sign_in:
        query |= {"scope": f"{SCOPES} {OWN_SIGN_IN_SCOPE}", "prompt": "login"}
    return f"{settings.sign_in_url}/oauth2/authorize?{urlencode(query)}"


def logout_url(settings: Settings, to: str) -> str:
    """Where the sign-in pages forget the person and redirect to `to`."""
    query = urlencode({"client_id": settings.client_id, "logout_uri": to})
    return f"{settings.sign_in_url}/logout?{query}"


def redeem(settings: Settings, code: str, flow: Flow, redirect_uri: str) -> Tokens:
    """The tokens for a code. Raises SignInError for an invalid or expired code."""
    return _tokens(
        settings,
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": flow.verifier,
            "redirect_uri": redirect_uri,
        },
    )


def refreshed(settings: Settings, refresh_token: str) -> Tokens:
    """Tokens for another hour. Raises SignInError once the sign-in has ended."""
    return _tokens(settings, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def revoke(settings: Settings, refresh_token: str) -> None:
    """Ends a sign-in; one that has ended already stays ended.

    https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
    """
    _post(settings, "revoke", {"token": refresh_token})


def person_of(settings: Settings, id_token: str, *, nonce: str | None = None) -> Person:
    """Who an id token is about; it may have expired. Raises SignInError unless it is genuine."""
    claims = _claims(settings, id_token)
    expected = {"iss": settings.issuer, "aud": settings.client_id, "token_use": "id"}
    if nonce is not None:
        expected["nonce"] = nonce
    wrong = [name for name, value in expected.items() if claims.get(name) != value]
    if wrong:
        raise SignInError(f"the token's {', '.join(wrong)} is not what was expected")
    email = str(claims.get("email", ""))
    groups = claims.get("cognito:groups") or []
    return Person(
        email=email,
        name=str(claims.get("name") or email.partition("@")[0].replace(".", " ").title()),
        tenant=str(claims.get("custom:tenant", "")),
        roles=tuple(str(group).replace("_", " ") for group in groups),
        expires_at=float(claims.get("exp") or 0),
    )


def _claims(settings: Settings, id_token: str) -> Mapping[str, Any]:
    for attempt in range(2):
        keys = _keys_of(settings, is_stale=attempt > 0)
        try:
            return jwt.decode(id_token, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            if attempt:
                raise SignInError(f"the token is not genuine: {type(error).__name__}") from error
    raise AssertionError("unreachable")


_kept: dict[str, tuple[float, KeySet]] = {}


def _keys_of(settings: Settings, *, is_stale: bool) -> KeySet:
    """The pool's keys; read again after hours, or with `is_stale`, at most once a minute."""
    kept = _kept.get(settings.keys_url)
    longest = KEYS_AGAIN_SECONDS if is_stale else KEYS_SECONDS
    if kept is not None and time.monotonic() - kept[0] < longest:
        return kept[1]
    answer = send("GET", settings.keys_url)
    if answer.status != HTTPStatus.OK:
        raise SignInError(f"the keys of the user pool cannot be read: {answer.status}")
    keys = KeySet.import_key_set(json.loads(answer.data))
    _kept[settings.keys_url] = time.monotonic(), keys
    return keys


def _tokens(settings: Settings, form: Mapping[str, str]) -> Tokens:
    answer = _post(settings, "token", form)
    if answer.status != HTTPStatus.OK:
        raise SignInError(f"the token endpoint answered {answer.status}")
    given = json.loads(answer.data)
    return Tokens(
        str(given["id_token"]),
        str(given.get("refresh_token") or ""),
        str(given.get("access_token") or ""),
    )


def _post(settings: Settings, endpoint: str, form: Mapping[str, str]) -> Any:
    return send(
        "POST",
        f"{settings.sign_in_url}/oauth2/{endpoint}",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode({**form, "client_id": settings.client_id}).encode(),
    )
