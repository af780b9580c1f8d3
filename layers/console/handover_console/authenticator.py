"""Registering an authenticator app (TOTP) with the user pool, by the person's own access token.

These calls need no right of the function: the token is the right.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import segno

from handover_console.settings import Settings
from handover_console.wire import send

TARGET = "AWSCognitoIdentityProviderService"
APP = "SOFTWARE_TOKEN_MFA"
# What the pool answers when the code is not the app's, or has expired.
WRONG_CODE = frozenset(
    {"CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"}
)


class AuthenticatorError(Exception):
    """The user pool refused; `kind` is its name for the reason."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def is_wrong_code(self) -> bool:
        """True when the person can try again with the next code."""
        return self.kind in WRONG_CODE

    @property
    def is_token(self) -> bool:
        """True when the access token does not allow this: it lacks the scope, or has expired."""
        return self.kind == "NotAuthorizedException"


def is_registered(settings: Settings, access_token: str) -> bool:
    """True when sign-in asks this person for a code of an app. Raises AuthenticatorError."""
    user = _ask(settings, "GetUser", {"AccessToken": access_token})
    return APP in (user.get("UserMFASettingList") or [])


def new_secret(settings: Settings, access_token: str) -> str:
    """The secret that the app must keep; it takes effect once a code is verified."""
    return str(
        _ask(settings, "AssociateSoftwareToken", {"AccessToken": access_token})["SecretCode"]
    )


def register(settings: Settings, access_token: str, code: str) -> None:
    """Makes sign-in ask for codes of the app that has given this one. Raises AuthenticatorError."""
    asked = {"AccessToken": access_token, "UserCode": code, "FriendlyDeviceName": "Console"}
    answer = _ask(settings, "VerifySoftwareToken", asked)
    if answer.get("Status") != "SUCCESS":
        raise AuthenticatorError("CodeMismatchException", "the code is not the app's")
    preferences = {"Enabled": True, "PreferredMfa": True}
    _ask(
        settings,
        "SetUserMFAPreference",
        {"AccessToken": access_token, "SoftwareTokenMfaSettings": preferences},
    )


def key_uri(secret: str, email: str, issuer: str) -> str:
    """The address that the app reads from the QR code.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    label = quote(f"{issuer}:{email}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def picture(uri: str) -> tuple[int, str]:
    """A QR code for `uri`: how many units its side has, and the path of an SVG that draws it."""
    rows = segno.make(uri, error="m").matrix
    runs = [
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    ]
    return len(rows), "".join(runs)


def _ask(settings: Settings, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = send(
        "POST",
        f"{settings.pool_url}/",
        headers={
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"{TARGET}.{operation}",
        },
        body=json.dumps(body).encode(),
    )
    try:
        found: dict[str, Any] = json.loads(answer.data)
    except ValueError as broken:
        raise AuthenticatorError("Unreadable", f"{operation}: {answer.status}") from broken
    if answer.status != HTTPStatus.OK:
        kind = str(found.get("__type", "")).rpartition("#")[2]
        raise AuthenticatorError(kind, str(found.get("message") or found.get("Message") or kind))
    return found
