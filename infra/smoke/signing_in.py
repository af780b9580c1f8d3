"""Signing in without a person: with a password, and with codes if the user pool asks for them."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from typing import TYPE_CHECKING, Any

from infra.cli.failures import CommandError, ExitCode

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

# https://www.rfc-editor.org/rfc/rfc6238: what authenticator apps do, and Cognito expects.
STEP_SECONDS = 30
DIGITS = 6


def token_of(pools: CognitoIdentityProviderClient, client: str, email: str, password: str) -> str:
    """The id token of a sign-in; registers an authenticator if everybody must have one.

    Raises CommandError when the user pool asks for anything else.
    """
    answer: Any = pools.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client,
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    if answer.get("ChallengeName") == "MFA_SETUP":
        # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
        asked = pools.associate_software_token(Session=answer["Session"])
        verified = pools.verify_software_token(
            Session=asked["Session"], UserCode=code_at(asked["SecretCode"], time.time())
        )
        answer = pools.respond_to_auth_challenge(
            ClientId=client,
            ChallengeName="MFA_SETUP",
            Session=verified["Session"],
            ChallengeResponses={"USERNAME": email},
        )
    if "AuthenticationResult" not in answer:
        raise CommandError(
            f"the user pool asks for {answer.get('ChallengeName')}, which is not answered here",
            ExitCode.REFUSED,
        )
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token


def code_at(secret: str, at: float) -> str:
    """The code that an authenticator shows at a time in seconds, for a secret in base 32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.digest(key, struct.pack(">Q", int(at) // STEP_SECONDS), "sha1")
    begin = digest[-1] & 0xF
    number = struct.unpack(">I", digest[begin : begin + 4])[0] & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
